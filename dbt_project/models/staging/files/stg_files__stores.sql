with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, store_id, valid_from
            order by
                updated_at desc nulls last,
                -- without a change time: what is closed was open before
                (closed_on is not null) desc,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__stores') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || store_id || '|' || valid_from as store_term_key,
        store_id,
        brand_code,
        channel_code,

        -- what it is
        store_name,
        region,
        province,
        city,

        -- what it has and costs from that day on, in the currency of the row
        area_m2,
        currency_code,
        monthly_rent_amount,

        -- dates
        valid_from,
        opened_on,
        closed_on,
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
