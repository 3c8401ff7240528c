with

messages as (

    select
        *,
        {{ business_date('touched_at') }} as sent_date
    from {{ ref('int_touches_conformed') }}
    where touch_type in ('mass_message', 'moment')

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

messages_that_were_sent as (

    select
        -- ids
        messages.touch_key,
        messages.touch_type,
        messages.brand_code,
        messages.channel_code,
        messages.account_id,
        coalesce(members_of_customers.member_id, messages.customer_key) as member_id,
        messages.guide_key,
        messages.message_key,

        -- timestamps (UTC) and business dates
        messages.touched_at as sent_at,
        messages.sent_date,
        messages.is_time_known
    from messages
    left join members_of_customers
        on messages.customer_key = members_of_customers.customer_key
    where
        not messages.is_excluded
        and messages.sent_date <= {{ as_of_date() }}

)

select * from messages_that_were_sent
