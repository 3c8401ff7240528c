with

versions as (

    select
        *,
        row_number() over (
            partition by account_id, moment_id, userid
            order by
                _observed_at desc,
                -- read in one go: what is published was not before
                publish_status desc,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'wecom__moment_tasks') }}

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

        -- state
        publish_status,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
