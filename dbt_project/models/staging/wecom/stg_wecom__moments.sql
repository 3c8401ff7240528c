with

observations as (

    select
        *,
        row_number() over (
            partition by account_id, moment_id
            order by _observed_at asc, _row_hash desc, _load_id asc, _source_row asc
        ) as observation_rank
    from {{ source('raw', 'wecom__moments') }}

),

one_each as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'moment_id') }} as moment_key,
        moment_id,
        {{ account_key('channel_code', 'account_id', 'creator_userid') }} as creator_guide_key,
        brand_code,
        channel_code,
        account_id,

        -- what it is
        create_type,
        visible_type,

        -- timestamps (UTC)
        created_at,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where observation_rank = 1

)

select * from one_each
