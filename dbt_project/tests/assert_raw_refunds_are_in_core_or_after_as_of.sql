-- Every refund number that landed is in core, unless it was paid back after as_of_date. That of a
-- platform is paid back when nothing that landed of it is newer than a version that says so; from
-- the first such version on.
{% set platforms = ['taobao', 'youzan'] | select('in', var('channels')) | list %}

with

paid_back as (

    select
        channel_code,
        refund_id,
        refunded_at
    from {{ source('raw', 'files__refunds') }}
    {% for platform in platforms %}

        union all

        select
            channel_code,
            refund_id,
            min(updated_at) filter (where refund_status = 'SUCCESS') as refunded_at
        from {{ source('raw', platform ~ '__refunds') }}
        group by channel_code, refund_id
        having max(updated_at) filter (where refund_status = 'SUCCESS') = max(updated_at)
    {% endfor %}

),

raw_refunds as (

    select
        channel_code,
        refund_id,
        max({{ business_date('refunded_at') }}) as last_refunded_date
    from paid_back
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
