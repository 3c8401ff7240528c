with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, customer_token, tag_name, tag_value, tagged_at
            order by
                updated_at desc nulls last,
                -- without a change time: what was taken off had been on
                (removed_at is not null) desc,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__member_tags') }}

),

newest as (

    select
        -- ids
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        brand_code,
        channel_code,

        -- the tag
        tag_name,
        tag_value,
        tag_source,
        message_id,

        -- timestamps (UTC)
        tagged_at,
        removed_at,
        updated_at,

        -- does it count
        is_excluded,
        exclusion_reason,

        -- the pipeline's own
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
