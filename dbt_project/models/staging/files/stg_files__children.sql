with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, customer_token, child_id
            order by
                updated_at desc nulls last,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__children') }}

),

newest as (

    select
        -- ids
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        brand_code,
        channel_code,
        child_id,

        -- the child; its birthday is nobody's business
        {{ month_of('birth_month') }} as birth_month,
        formula_brand,

        -- timestamps (UTC)
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
