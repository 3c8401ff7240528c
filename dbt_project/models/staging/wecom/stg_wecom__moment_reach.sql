with

observations as (

    select
        *,
        row_number() over (
            partition by account_id, moment_id, userid, external_userid_token
            order by _observed_at asc, _row_hash desc, _load_id asc, _source_row asc
        ) as observation_rank
    from {{ source('raw', 'wecom__moment_reach') }}

),

one_each as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'moment_id') }} as moment_key,
        moment_id,
        {{ account_key('channel_code', 'account_id', 'userid') }} as guide_key,
        userid,
        brand_code,
        channel_code,
        account_id,
        {{ customer_key('channel_code', 'external_userid_token') }} as customer_key,
        external_userid_token,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where observation_rank = 1

)

select * from one_each
