-- Every refund number that landed is in core, unless it was paid back after as_of_date.
with

raw_refunds as (

    select
        channel_code,
        refund_id,
        max({{ business_date('refunded_at') }}) as last_refunded_date
    from {{ source('raw', 'files__refunds') }}
    group by channel_code, refund_id

),

refunds as (

    select
        channel_code,
        refund_id
    from {{ ref('fct_refunds') }}
    group by channel_code, refund_id

)

select raw_refunds.*
from raw_refunds
left join refunds
    on
        raw_refunds.channel_code = refunds.channel_code
        and raw_refunds.refund_id = refunds.refund_id
where
    refunds.refund_id is null
    and raw_refunds.last_refunded_date <= {{ as_of_date() }}
