-- Every landed line is in core, or in a document that another one of its order supersedes, or in an
-- order placed after as_of_date; lines without a date may wait for their order. Superseding is
-- worked out here a second time, by comparing documents in pairs; a platform's supersede those of
-- files.
{% set platforms = ['taobao', 'youzan'] | select('in', var('channels')) | list %}
{% set channels = ['files'] + platforms %}

with

lines as (

    {% for channel in channels %}
        select
            channel_code,
            order_id,
            quantity,
            ordered_at,
            paid_at,
            updated_at,
            {{ 'true' if channel != 'files' else 'false' }} as is_of_platform,
            _load_id,
            _group_hash
        from {{ source('raw', channel ~ '__order_lines') }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

orders as (

    {% for channel in channels %}
        select
            channel_code,
            order_id,
            ordered_at
        from {{ source('raw', channel ~ '__orders') }}
        {% if not loop.last %}

            union all

        {% endif %}
    {% endfor %}

),

documents as (

    select
        {{ order_key('channel_code', 'order_id') }} as order_key,
        _load_id,
        _group_hash,
        is_of_platform,
        coalesce(max(updated_at), cast('0001-01-01' as timestamp)) as updated_at,
        bool_or(paid_at is not null) as is_paid,
        min(coalesce(ordered_at, paid_at)) as happened_at,
        count(*) as line_count,
        sum(quantity) as quantity
    from lines
    group by channel_code, order_id, is_of_platform, _load_id, _group_hash

),

superseded as (

    select
        documents.order_key,
        documents._load_id,
        documents._group_hash
    from documents
    inner join documents as rivals
        on
            documents.order_key = rivals.order_key
            and (
                (documents.is_of_platform, documents.updated_at, documents.is_paid)
                < (rivals.is_of_platform, rivals.updated_at, rivals.is_paid)
                or (
                    documents.is_of_platform = rivals.is_of_platform
                    and documents.updated_at = rivals.updated_at
                    and documents.is_paid = rivals.is_paid
                    and (
                        documents._group_hash < rivals._group_hash
                        or (
                            documents._group_hash = rivals._group_hash
                            and documents._load_id > rivals._load_id
                        )
                    )
                )
            )
    group by documents.order_key, documents._load_id, documents._group_hash

),

orders_after_as_of as (

    select {{ order_key('channel_code', 'order_id') }} as order_key
    from orders
    where {{ business_date('ordered_at') }} > {{ as_of_date() }}
    group by channel_code, order_id

),

expected as (

    select
        documents.order_key,
        documents.line_count,
        documents.quantity
    from documents
    left join superseded
        on
            documents.order_key = superseded.order_key
            and documents._load_id = superseded._load_id
            and documents._group_hash = superseded._group_hash
    left join orders_after_as_of
        on documents.order_key = orders_after_as_of.order_key
    where
        superseded.order_key is null
        and orders_after_as_of.order_key is null
        and (
            -- without a date they wait for their order
            coalesce(
                {{ business_date('documents.happened_at') }} <= {{ as_of_date() }},
                documents.order_key in (
                    select {{ order_key('orders.channel_code', 'orders.order_id') }} from orders
                )
            )
        )

),

core as (

    select
        order_key,
        count(*) as line_count,
        sum(quantity) as quantity
    from {{ ref('fct_order_lines') }}
    group by order_key

),

compared as (

    select
        expected.order_key,
        expected.line_count as expected_line_count,
        core.line_count as core_line_count,
        expected.quantity as expected_quantity,
        core.quantity as core_quantity
    from expected
    left join core
        on expected.order_key = core.order_key

)

select *
from compared
where
    core_line_count is null
    or core_line_count <> expected_line_count
    or core_quantity <> expected_quantity
