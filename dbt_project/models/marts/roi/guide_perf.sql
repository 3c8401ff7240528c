{%- set window_days = var('guide_window_days') -%}

with

guides as (

    select * from {{ ref('int_pos_guides') }}

),

stores as (

    select * from {{ ref('dim_stores') }}

),

consents as (

    select * from {{ ref('member_consent') }}

),

valid_orders as (

    select * from {{ ref('fct_orders') }}
    where member_order_number is not null

),

guide_orders as (

    select * from valid_orders
    where guide_code is not null

),

sales_per_guide as (

    select
        brand_code,
        guide_code,
        count(*) as order_count,
        count(distinct member_id) as buyer_count,
        sum(net_amount) as net_amount
    from guide_orders
    where {{ days_between('paid_date', as_of_date()) }} < {{ window_days }}
    group by brand_code, guide_code

),

-- guides who left a store that has closed
gone as (

    select
        guides.brand_code,
        guides.guide_code,
        guides.left_on
    from guides
    inner join stores
        on
            guides.brand_code = stores.brand_code
            and guides.store_code = stores.store_code
    where
        guides.left_on is not null
        and stores.closed_on <= {{ as_of_date() }}

),

served_by_gone as (

    select distinct
        gone.brand_code,
        gone.guide_code,
        gone.left_on,
        guide_orders.member_id
    from gone
    inner join guide_orders
        on
            gone.brand_code = guide_orders.brand_code
            and gone.guide_code = guide_orders.guide_code

),

-- whoever sold them something last before that guide left was theirs
owners_ranked as (

    select
        served_by_gone.brand_code,
        served_by_gone.guide_code,
        served_by_gone.left_on,
        served_by_gone.member_id,
        guide_orders.guide_code as owner_code,
        row_number() over (
            partition by
                served_by_gone.brand_code, served_by_gone.guide_code, served_by_gone.member_id
            order by guide_orders.paid_at desc, guide_orders.order_key desc
        ) as owner_rank
    from served_by_gone
    inner join guide_orders
        on
            served_by_gone.brand_code = guide_orders.brand_code
            and served_by_gone.member_id = guide_orders.member_id
            and served_by_gone.left_on >= guide_orders.paid_date

),

orphans as (

    select
        brand_code,
        guide_code,
        left_on,
        member_id
    from owners_ranked
    where
        owner_rank = 1
        and owner_code = guide_code

),

-- whom the brand may still write to or call
consented_members as (

    select distinct
        brand_code,
        member_id
    from consents
    where
        purpose = 'marketing'
        and is_consented

),

last_orders as (

    select
        brand_code,
        member_id,
        max(paid_date) as last_paid_date
    from valid_orders
    group by brand_code, member_id

),

orphans_per_guide as (

    select
        orphans.brand_code,
        orphans.guide_code,
        count(*) as orphan_count,
        count(consented_members.member_id) as orphan_consented_count,
        count(consented_members.member_id) filter (
            where last_orders.last_paid_date > orphans.left_on
        ) as orphan_reactivated_count
    from orphans
    inner join last_orders
        on
            orphans.brand_code = last_orders.brand_code
            and orphans.member_id = last_orders.member_id
    left join consented_members
        on
            orphans.brand_code = consented_members.brand_code
            and orphans.member_id = consented_members.member_id
    group by orphans.brand_code, orphans.guide_code

),

per_guide as (

    select
        -- ids
        guides.brand_code,
        guides.guide_code,
        {{ as_of_date() }} as as_of_date,

        -- where and when they work
        guides.store_code,
        guides.employment_kind,
        guides.joined_on,
        guides.left_on,

        -- what they sold lately
        {{ window_days }} as window_days,
        '{{ var("reporting_currency") }}' as currency_code,
        coalesce(sales_per_guide.order_count, 0) as order_count,
        coalesce(sales_per_guide.buyer_count, 0) as buyer_count,
        cast(coalesce(sales_per_guide.net_amount, 0) as numeric(18, 2)) as net_amount,

        -- whom they left behind when their store closed
        coalesce(orphans_per_guide.orphan_count, 0) as orphan_count,
        coalesce(orphans_per_guide.orphan_consented_count, 0) as orphan_consented_count,
        coalesce(orphans_per_guide.orphan_reactivated_count, 0) as orphan_reactivated_count,
        {{ ratio(
            'orphans_per_guide.orphan_reactivated_count', 'orphans_per_guide.orphan_consented_count'
        ) }} as orphan_reactivated_rate
    from guides
    left join sales_per_guide
        on
            guides.brand_code = sales_per_guide.brand_code
            and guides.guide_code = sales_per_guide.guide_code
    left join orphans_per_guide
        on
            guides.brand_code = orphans_per_guide.brand_code
            and guides.guide_code = orphans_per_guide.guide_code

)

select * from per_guide
