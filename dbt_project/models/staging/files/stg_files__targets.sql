with

versions as (

    select
        *,
        row_number() over (
            partition by
                channel_code, target_of, owner_id, measure, {{ month_of('target_month') }}
            order by
                updated_at desc nulls last,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__targets') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || target_of || '|' || owner_id || '|' || measure
        || '|' || {{ month_code('target_month') }} as target_key,
        target_of,
        owner_id,
        brand_code,
        channel_code,

        -- what is to be reached
        measure,
        currency_code,
        target_value,

        -- dates
        {{ month_of('target_month') }} as target_month,
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
