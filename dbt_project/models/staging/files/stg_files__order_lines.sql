{{ config(materialized='table') }}

with

lines as (

    select * from {{ source('raw', 'files__order_lines') }}

),

-- a document is what one load says about one order in one version: it wins or loses whole
documents as (

    select
        channel_code,
        order_id,
        _load_id,
        _group_hash,
        max(updated_at) as updated_at,
        bool_or(paid_at is not null) as is_paid
    from lines
    group by channel_code, order_id, _load_id, _group_hash

),

documents_ranked as (

    select
        *,
        row_number() over (
            partition by channel_code, order_id
            order by
                updated_at desc nulls last,
                -- without a change time: what is paid was unpaid before
                is_paid desc,
                -- the hash starts with the number of lines: the fuller document first
                _group_hash desc,
                _load_id asc
        ) as version_rank
    from documents

),

newest as (

    select
        -- ids
        {{ order_key('lines.channel_code', 'lines.order_id') }} as order_key,
        lines.order_id,
        lines._line_number as line_number,
        lines.line_id,
        lines.brand_code,
        lines.channel_code,
        {{ customer_key('lines.channel_code', 'lines.customer_token') }} as customer_key,
        lines.store_id,
        lines.guide_id,

        -- what was sold; shops write one code in several letter cases
        {{ product_key('lines.channel_code', 'lines.product_id') }} as product_key,
        lines.product_id,
        lines.product_name,
        lines.category,
        lines.sku_id,
        lines.size,
        lines.quantity,

        -- amounts, in the currency of the line
        lines.currency_code,
        lines.unit_price,
        coalesce(lines.line_amount, 0) as line_amount, -- one that is excluded may lack it
        lines.unit_cost,

        -- timestamps (UTC)
        lines.ordered_at,
        lines.paid_at,
        lines.updated_at,

        -- does it count
        lines.is_excluded,
        lines.exclusion_reason,

        -- the pipeline's own
        lines._load_id,
        lines._source_row
    from lines
    inner join documents_ranked
        on
            lines.channel_code = documents_ranked.channel_code
            and lines.order_id = documents_ranked.order_id
            and lines._load_id = documents_ranked._load_id
            and lines._group_hash = documents_ranked._group_hash
    where documents_ranked.version_rank = 1

)

select * from newest
