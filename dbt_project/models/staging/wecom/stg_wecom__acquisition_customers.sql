with

versions as (

    select
        *,
        row_number() over (
            partition by account_id, link_id, userid, external_userid_token
            order by
                _observed_at desc,
                -- read in one go: who has spoken was silent before
                chat_status desc nulls last,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'wecom__acquisition_customers') }}

),

newest as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'link_id') }} as link_key,
        link_id,
        {{ account_key('channel_code', 'account_id', 'userid') }} as guide_key,
        userid,
        brand_code,
        channel_code,
        account_id,
        {{ customer_key('channel_code', 'external_userid_token') }} as customer_key,
        external_userid_token,

        -- how they came
        state,
        chat_status,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
