{{ config(materialized='table') }}

with

lines as (

    select * from {{ source('raw', 'files__refunds') }}

),

-- a document is what one load says about one refund in one version: it wins or loses whole
documents as (

    select
        channel_code,
        refund_id,
        _load_id,
        _group_hash,
        max(updated_at) as updated_at,
        sum(refund_amount) as refund_amount
    from lines
    group by channel_code, refund_id, _load_id, _group_hash

),

documents_ranked as (

    select
        *,
        row_number() over (
            partition by channel_code, refund_id
            order by
                updated_at desc nulls last,
                -- without a change time: a cumulative sum only grows
                refund_amount desc,
                -- the hash starts with the number of lines: the fuller document first
                _group_hash desc,
                _load_id asc
        ) as version_rank
    from documents

),

newest as (

    select
        -- ids
        lines.channel_code || '|' || lines.refund_id || '|' || lines._line_number as refund_key,
        lines.refund_id,
        lines._line_number as line_number,
        {{ order_key('lines.channel_code', 'lines.order_id') }} as order_key,
        lines.brand_code,
        lines.channel_code,
        {{ customer_key('lines.channel_code', 'lines.customer_token') }} as customer_key,

        -- what came back
        {{ product_key('lines.channel_code', 'lines.product_id') }} as product_key,
        lines.sku_id,
        lines.size,
        lines.quantity as refund_quantity,
        lines.refund_reason,

        -- amounts, in the currency of the refund
        lines.currency_code,
        lines.unit_price,
        coalesce(lines.refund_amount, 0) as refund_amount, -- one that is excluded may lack it

        -- timestamps (UTC)
        lines.refunded_at,
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
            and lines.refund_id = documents_ranked.refund_id
            and lines._load_id = documents_ranked._load_id
            and lines._group_hash = documents_ranked._group_hash
    where documents_ranked.version_rank = 1

)

select * from newest
