with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, holder_id, customer_token
            order by
                updated_at desc nulls last,
                listed_at desc,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__contact_lists') }}

),

newest as (

    select
        -- ids
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        brand_code,
        channel_code,
        holder_id,

        -- where it is from
        list_source,

        -- timestamps (UTC)
        listed_at,
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
