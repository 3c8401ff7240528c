with

versions as (

    select
        *,
        row_number() over (
            partition by account_id, stat_date, userid
            order by _observed_at desc, _row_hash desc, _load_id asc, _source_row asc
        ) as version_rank
    from {{ source('raw', 'wecom__staff_daily') }}

),

newest as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'userid') }} as guide_key,
        userid,
        brand_code,
        channel_code,
        account_id,
        stat_date,

        -- with customers
        chat_count,
        message_count,
        reply_pct,
        avg_reply_minutes,

        -- friends
        new_apply_count,
        new_contact_count,
        negative_feedback_count,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
