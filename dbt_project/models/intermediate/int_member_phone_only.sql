with

members as (

    select
        *,
        {{ business_date('enrolled_at') }} as enrolled_date
    from {{ ref('dim_members') }}

),

identifiers as (

    select * from {{ ref('dim_member_identifiers') }}

),

tags as (

    select * from {{ ref('int_member_tags') }}
    where
        is_current
        -- what is derived from orders is nothing that the person told
        and tag_method <> 'derived'

),

children as (

    select * from {{ ref('int_member_children') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

interactions as (

    select * from {{ ref('fct_interactions') }}

),

scans as (

    select * from {{ ref('fct_scans') }}

),

consults as (

    select * from {{ ref('fct_consults') }}

),

-- long enough ago to tell what became of them
joined as (

    select
        member_id,
        enrolled_date,
        province
    from members
    where
        is_known
        and unenrolled_at is null
        and {{ days_between('enrolled_date', as_of_date()) }} >= {{ var('phone_only_days') }}

),

with_phone as (

    select distinct member_id
    from identifiers
    where
        identifier_type = 'phone'
        and valid_to is null

),

with_more_than_a_phone as (

    select member_id from identifiers
    where identifier_type = 'email'

    union distinct

    select member_id from tags

    union distinct

    select member_id from children

),

-- a reply, a visit, a question, an order
actions as (

    select
        member_id,
        interacted_date as action_date
    from interactions

    union all

    select
        member_id,
        scanned_date as action_date
    from scans

    union all

    select
        member_id,
        asked_date as action_date
    from consults

    union all

    select
        member_id,
        paid_date as action_date
    from orders
    where is_paid

),

active as (

    select distinct joined.member_id
    from joined
    inner join actions
        on joined.member_id = actions.member_id
    where
        {{ days_between('joined.enrolled_date', 'actions.action_date') }}
        between 0 and {{ var('phone_only_days') }}

),

judged as (

    select
        joined.member_id,
        with_phone.member_id is not null
        and joined.province is null
        and with_more_than_a_phone.member_id is null
        and active.member_id is null as is_phone_only
    from joined
    left join with_phone
        on joined.member_id = with_phone.member_id
    left join with_more_than_a_phone
        on joined.member_id = with_more_than_a_phone.member_id
    left join active
        on joined.member_id = active.member_id

)

select * from judged
