with

versions as (

    select
        *,
        row_number() over (
            partition by account_id, message_id, userid, external_userid_token
            order by
                _observed_at desc,
                -- read in one go: what is sent was unsent before
                (sent_at is not null) desc,
                send_status desc,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'wecom__mass_message_results') }}

),

newest as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'message_id') }} as message_key,
        message_id,
        {{ account_key('channel_code', 'account_id', 'userid') }} as guide_key,
        userid,
        brand_code,
        channel_code,
        account_id,
        {{ customer_key('channel_code', 'external_userid_token') }} as customer_key,
        external_userid_token,

        -- state
        send_status,

        -- timestamps (UTC)
        sent_at,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
