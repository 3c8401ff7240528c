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

buyers as (

    select
        channel_code || '|' || order_id as order_key,
        'm' || left(sha256('customer|' || channel_code || '|' || customer_token), 20) as member_id
    from order_versions
    where version_rank = 1

)

select
    orders.order_key,
    coalesce(buyers.member_id, 'unknown') as member_id,
    orders.net_amount
from {{ ref('fct_orders') }} as orders

left join buyers
    on orders.order_key = buyers.order_key
