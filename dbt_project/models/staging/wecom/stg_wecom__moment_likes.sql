with

-- rows of one list are one document: it wins or loses whole
versions as (

    select
        *,
        rank() over (
            partition by account_id, moment_id, userid
            order by _observed_at desc, _group_hash desc, _load_id asc
        ) as version_rank
    from {{ source('raw', 'wecom__moment_likes') }}

),

newest as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'moment_id') }} as moment_key,
        moment_id,
        {{ account_key('channel_code', 'account_id', 'userid') }} as guide_key,
        userid,
        brand_code,
        channel_code,
        account_id,
        _line_number as line_number,
        {{ customer_key('channel_code', 'external_userid_token') }} as customer_key,
        external_userid_token,
        {{ account_key('channel_code', 'account_id', 'reacting_userid') }} as reacting_guide_key,

        -- timestamps (UTC)
        reacted_at,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
