with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, store_id, sku_id, stock_date
            order by
                updated_at desc nulls last,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__inventory') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || store_id || '|' || sku_id || '|' || stock_date as inventory_key,
        store_id,
        sku_id,
        brand_code,
        channel_code,

        -- what it is
        product_id,
        size,

        -- how much there is of it, and what a piece cost, in the currency of the row
        on_hand_quantity,
        currency_code,
        unit_cost,

        -- dates
        stock_date,
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
