with

order_versions as (

    select
        *,
        row_number() over (
            partition by channel_code, order_id
            order by updated_at desc, _group_hash desc, _load_id, _source_row
        ) as version_rank
    from {{ source('raw', 'files__orders') }}

),

line_versions as (

    select
        *,
        rank() over (partition by channel_code, order_id order by updated_at desc, _load_id) as version_rank
    from {{ source('raw', 'files__order_lines') }}

),

units as (

    select
        channel_code,
        order_id,
        cast(sum(quantity) as bigint) as unit_count
    from line_versions
    where version_rank = 1
    group by channel_code, order_id

),

refund_versions as (

    select
        *,
        row_number() over (
            partition by channel_code, refund_id
            order by updated_at desc, _group_hash desc, _load_id, _source_row
        ) as version_rank
    from {{ source('raw', 'files__refunds') }}

),

refunded as (

    select
        channel_code,
        order_id,
        cast(sum(refund_amount) as decimal(18, 2)) as refunded_amount
    from refund_versions
    where version_rank = 1
    group by channel_code, order_id

),

newest as (

    select
        orders.channel_code || '|' || orders.order_id as order_key,
        cast(
            orders.ordered_at at time zone 'UTC' at time zone '{{ var("business_timezone") }}' as date
        ) as business_date,
        coalesce(units.unit_count, 0) as unit_count,
        orders.paid_amount,
        coalesce(refunded.refunded_amount, 0) as refunded_amount,
        cast(orders.paid_amount - coalesce(refunded.refunded_amount, 0) as decimal(18, 2)) as net_amount
    from order_versions as orders

    left join units
        on
            orders.channel_code = units.channel_code
            and orders.order_id = units.order_id

    left join refunded
        on
            orders.channel_code = refunded.channel_code
            and orders.order_id = refunded.order_id

    where orders.version_rank = 1

)

select * from newest
where business_date <= cast('{{ var("as_of_date") }}' as date)
