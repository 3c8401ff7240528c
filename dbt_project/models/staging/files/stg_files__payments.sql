with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, payment_id
            order by
                updated_at desc nulls last,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__payments') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || payment_id as payment_key,
        payment_id,
        {{ order_key('channel_code', 'order_id') }} as order_key,
        order_id,
        brand_code,
        channel_code,

        -- what was paid, in the currency of the row
        tender,
        currency_code,
        coalesce(payment_amount, 0) as payment_amount, -- one that is excluded may lack it

        -- timestamps (UTC)
        paid_at,
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
