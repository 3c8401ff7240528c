with

referred as (

    select * from {{ ref('int_referrals_conformed') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

referred_dated as (

    select
        referred.*,
        coalesce(orders.member_id, 'unknown') as member_id,
        coalesce(referred.recorded_at, orders.ordered_at) as referred_at,
        {{ business_date('coalesce(referred.recorded_at, orders.ordered_at)') }} as referred_date,
        {{ business_date('referred.settled_at') }} as settled_date
    from referred
    left join orders
        on referred.order_key = orders.order_key

),

referrals as (

    select
        -- ids
        referral_key,
        salesman_key,
        order_key,
        member_id,
        brand_code,
        channel_code,

        -- amounts, in the currency of the shop
        currency_code,
        order_amount,
        commission_amount,
        upper_commission_amount,

        -- timestamps (UTC) and business dates
        referred_at,
        referred_date,
        case when settled_date <= {{ as_of_date() }} then settled_at end as settled_at,
        case when settled_date <= {{ as_of_date() }} then settled_date end as settled_date,

        -- state as known at as_of_date
        coalesce(settled_date <= {{ as_of_date() }}, false) as is_settled
    from referred_dated
    where
        not is_excluded
        and referred_date <= {{ as_of_date() }}

)

select * from referrals
