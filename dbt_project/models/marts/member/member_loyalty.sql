{%- set window_days = var('loyalty_window_days') -%}

with

brands as (

    select * from {{ ref('dim_brands') }}

),

members as (

    select * from {{ ref('member_360') }}

),

levels as (

    select * from {{ ref('member_level_hist') }}

),

memberships as (

    select * from {{ ref('fct_memberships') }}

),

points_changes as (

    select * from {{ ref('fct_points') }}

),

coupons as (

    select * from {{ ref('fct_coupons') }}

),

categories as (

    select * from {{ ref('int_member_categories') }}

),

points_per_brand as (

    select
        brand_code,
        sum(points) filter (where points_kind = 'earned') as points_issued,
        -sum(points) filter (where points_kind = 'redeemed') as points_redeemed,
        -sum(points) filter (where points_kind = 'expired') as points_expired
    from points_changes
    where {{ days_between('changed_date', as_of_date()) }} < {{ window_days }}
    group by brand_code

),

benefits_per_brand as (

    select
        brand_code,
        count(*) as benefit_issued_count,
        count(*) filter (where is_used) as benefit_used_count
    from coupons
    where {{ days_between('taken_date', as_of_date()) }} < {{ window_days }}
    group by brand_code

),

-- a paid membership that came to its planned end in the window, and whether another began in time
due_memberships as (

    select
        memberships.brand_code,
        memberships.membership_key,
        count(renewals.membership_key) > 0 as is_renewed
    from memberships
    left join memberships as renewals
        on
            memberships.brand_code = renewals.brand_code
            and memberships.member_id = renewals.member_id
            and memberships.program = renewals.program
            and renewals.is_paid
            and memberships.started_at < renewals.started_at
            and {{ days_between('memberships.ends_date', 'renewals.started_date') }}
            <= {{ var('renewal_grace_days') }}
    where
        memberships.is_paid
        and memberships.ends_date <= {{ as_of_date() }}
        and {{ days_between('memberships.ends_date', as_of_date()) }} < {{ window_days }}
    group by memberships.brand_code, memberships.membership_key

),

renewals_per_brand as (

    select
        brand_code,
        count(*) as due_count,
        count(*) filter (where is_renewed) as renewed_count
    from due_memberships
    group by brand_code

),

paid_members_per_brand as (

    select
        brand_code,
        count(distinct member_id) as paid_member_count
    from levels
    where
        is_current
        and is_paid
    group by brand_code

),

buyers_of_types as (

    select distinct member_id
    from categories
    where
        product_type is not null
        and {{ days_between('last_bought_date', as_of_date()) }} < {{ var('cross_buy_days') }}

),

cross_buyers_per_brand as (

    select
        members.brand_code,
        count(*) as typed_buyer_count,
        count(*) filter (where members.is_cross_buyer) as cross_buyer_count
    from members
    inner join buyers_of_types
        on members.member_id = buyers_of_types.member_id
    group by members.brand_code

),

loyalty as (

    select
        brands.brand_code,
        {{ as_of_date() }} as as_of_date,
        {{ window_days }} as window_days,

        -- points
        cast(coalesce(points_per_brand.points_issued, 0) as bigint) as points_issued,
        cast(coalesce(points_per_brand.points_redeemed, 0) as bigint) as points_redeemed,
        cast(coalesce(points_per_brand.points_expired, 0) as bigint) as points_expired,
        {{ ratio(
            'coalesce(points_per_brand.points_redeemed, 0)', 'points_per_brand.points_issued'
        ) }} as points_redeem_rate,

        -- benefits
        coalesce(benefits_per_brand.benefit_issued_count, 0) as benefit_issued_count,
        coalesce(benefits_per_brand.benefit_used_count, 0) as benefit_used_count,
        {{ ratio(
            'benefits_per_brand.benefit_used_count', 'benefits_per_brand.benefit_issued_count'
        ) }} as benefit_use_rate,

        -- paid membership
        coalesce(paid_members_per_brand.paid_member_count, 0) as paid_member_count,
        coalesce(renewals_per_brand.due_count, 0) as due_count,
        coalesce(renewals_per_brand.renewed_count, 0) as renewed_count,
        {{ ratio('renewals_per_brand.renewed_count', 'renewals_per_brand.due_count') }}
            as renewal_rate,

        -- goods and services
        coalesce(cross_buyers_per_brand.typed_buyer_count, 0) as typed_buyer_count,
        coalesce(cross_buyers_per_brand.cross_buyer_count, 0) as cross_buyer_count,
        {{ ratio(
            'cross_buyers_per_brand.cross_buyer_count', 'cross_buyers_per_brand.typed_buyer_count'
        ) }} as cross_buy_rate
    from brands
    left join points_per_brand
        on brands.brand_code = points_per_brand.brand_code
    left join benefits_per_brand
        on brands.brand_code = benefits_per_brand.brand_code
    left join paid_members_per_brand
        on brands.brand_code = paid_members_per_brand.brand_code
    left join renewals_per_brand
        on brands.brand_code = renewals_per_brand.brand_code
    left join cross_buyers_per_brand
        on brands.brand_code = cross_buyers_per_brand.brand_code

)

select * from loyalty
