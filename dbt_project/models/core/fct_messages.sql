with

messages as (

    select
        *,
        {{ business_date('touched_at') }} as sent_date
    from {{ ref('int_touches_conformed') }}
    where touch_type in ('mass_message', 'moment')

),

messages_that_were_sent as (

    select
        -- ids
        touch_key,
        touch_type,
        brand_code,
        channel_code,
        account_id,
        member_id,
        guide_key,
        message_key,

        -- timestamps (UTC) and business dates
        touched_at as sent_at,
        sent_date,
        is_time_known
    from messages
    where
        not is_excluded
        and sent_date <= {{ as_of_date() }}

)

select * from messages_that_were_sent
