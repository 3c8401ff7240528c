with

-- all observations stay: episodes and the current list are made of them
observations as (

    select
        *,
        row_number() over (
            partition by account_id, tag_group_id, _observed_at
            order by _row_hash desc, _load_id asc, _source_row asc
        ) as landing_rank
    from {{ source('raw', 'wecom__tag_groups') }}

),

one_each as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'tag_group_id') }} as tag_group_key,
        tag_group_id,
        brand_code,
        channel_code,
        account_id,

        -- what it is
        tag_group_name,
        position,
        is_deleted,

        -- timestamps (UTC)
        created_at,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where landing_rank = 1

)

select * from one_each
