with

lines as (

    select * from {{ source('raw', 'youzan__salesman_order_lines') }}

),

-- a document is what one load says about one order of a salesman: it wins or loses whole
documents as (

    select
        channel_code,
        salesman_id,
        order_id,
        _load_id,
        _group_hash,
        max(_observed_at) as _observed_at
    from lines
    group by channel_code, salesman_id, order_id, _load_id, _group_hash

),

documents_ranked as (

    select
        *,
        row_number() over (
            partition by channel_code, salesman_id, order_id
            order by
                -- it does not say when it changed
                _observed_at desc,
                -- the hash starts with the number of lines: the fuller document first
                _group_hash desc,
                _load_id asc
        ) as version_rank
    from documents

),

newest as (

    select
        -- ids
        lines.channel_code || '|' || lines.salesman_id || '|' || lines.order_id
            as salesman_order_key,
        lines._line_number as line_number,
        lines.salesman_id,
        lines.order_id,
        lines.brand_code,
        lines.channel_code,
        lines.account_id,

        -- what was sold
        lines.item_id,
        lines.quantity,

        -- amounts; the platform knows yuan alone
        'CNY' as currency_code,
        lines.unit_price,
        lines.commission_amount,
        lines.upper_amount as upper_commission_amount,

        -- the platform's per cent as shares
        cast(lines.commission_rate / 100 as numeric(18, 6)) as commission_rate,
        cast(lines.upper_rate / 100 as numeric(18, 6)) as upper_commission_rate,

        -- does it count
        lines.is_excluded,
        lines.exclusion_reason,

        -- the pipeline's own
        lines._observed_at,
        lines._load_id,
        lines._source_row
    from lines
    inner join documents_ranked
        on
            lines.channel_code = documents_ranked.channel_code
            and lines.salesman_id = documents_ranked.salesman_id
            and lines.order_id = documents_ranked.order_id
            and lines._load_id = documents_ranked._load_id
            and lines._group_hash = documents_ranked._group_hash
    where documents_ranked.version_rank = 1

)

select * from newest
