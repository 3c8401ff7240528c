{% set has_wecom = 'wecom' in var('channels') %}

with
{% if has_wecom %}

    -- refund_status 2 is done; when it was is not told, when it was asked for is
    wecom_refunds as (

        select
            payment_key,
            refund_amount,
            refund_status = 2 and {{ business_date('requested_at') }} <= {{ as_of_date() }}
                as is_paid_back
        from {{ ref('stg_wecom__bill_refunds') }}

    ),

    wecom_refunds_per_receipt as (

        select
            payment_key,
            count(*) as refund_count,
            sum(refund_amount) filter (where is_paid_back) as refunded_amount
        from wecom_refunds
        group by payment_key

    ),

    -- every receipt in the list is paid; a refund with a bill of its own is in its receipt too
    wecom_receipts as (

        select * from {{ ref('stg_wecom__bills') }}
        where bill_type = 0

    ),
{% endif %}

conformed as (

    {% if has_wecom %}
        select
            receipts.payment_key,
            receipts.brand_code,
            receipts.channel_code,
            receipts.account_id,
            receipts.customer_key,
            receipts.guide_key,
            receipts.transaction_id,
            receipts.out_trade_no,
            receipts.payment_type,
            receipts.currency_code,
            receipts.paid_amount,
            case
                when refunds.refund_count > 0 then coalesce(refunds.refunded_amount, 0)
                else coalesce(receipts.refunded_amount, 0)
            end as refunded_amount,
            receipts.paid_at
        from wecom_receipts as receipts
        left join wecom_refunds_per_receipt as refunds
            on receipts.payment_key = refunds.payment_key
    {% else %}
        {{ no_rows({
            'payment_key': 'varchar', 'brand_code': 'varchar', 'channel_code': 'varchar',
            'account_id': 'varchar', 'customer_key': 'varchar', 'guide_key': 'varchar',
            'transaction_id': 'varchar', 'out_trade_no': 'varchar', 'payment_type': 'bigint',
            'currency_code': 'varchar', 'paid_amount': 'decimal(18, 2)',
            'refunded_amount': 'decimal(18, 2)', 'paid_at': 'timestamp',
        }) }}
    {% endif %}

)

select * from conformed
