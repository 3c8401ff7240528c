{{ config(materialized='table') }}

{#- what names a person beside customer records, in the order in which its word is taken, and the
    day on which it was done, where it is something that the person does -#}
{%- set sources = [
    ('orders', 'int_orders_joined_to_lines', 'ordered_date'),
    ('refunds', 'fct_refunds', 'refunded_date'),
    ('touches', 'fct_touches', none),
    ('points_changes', 'fct_points', none),
    ('feedback', 'fct_feedback', 'feedback_date'),
    ('relations', 'fct_relations',
        'case when is_start_known then ' ~ business_date('started_at') ~ ' end'),
    ('consents', 'fct_consents', 'decided_date'),
    ('tags', 'int_tags_imported', none),
    ('memberships', 'fct_memberships', none),
    ('children', 'int_member_children', none),
    ('listed_contacts', 'fct_listed_contacts', none),
    ('scans', 'fct_scans', 'scanned_date'),
    ('consults', 'fct_consults', 'asked_date'),
] -%}

with

customers as (

    select * from {{ ref('int_customers_conformed') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

{% for name, model, _ in sources -%}
    {{ name }} as (

        select * from {{ ref(model) }}

    ),

{% endfor -%}

customers_dated as (

    select
        customers.brand_code,
        customers.channel_code,
        coalesce(members_of_customers.member_id, customers.customer_key) as member_id,
        {{ business_date('customers.registered_at') }} as registered_date,
        {{ business_date('customers.enrolled_at') }} as enrolled_date,
        {{ business_date('customers.added_at') }} as added_date
    from customers
    left join members_of_customers
        on customers.customer_key = members_of_customers.customer_key
    where not customers.is_excluded

),

-- what happened after as_of_date has not happened
customers_known as (

    select
        *,
        least(registered_date, enrolled_date, added_date) as first_done_date,
        greatest(
            case when registered_date <= {{ as_of_date() }} then registered_date end,
            case when enrolled_date <= {{ as_of_date() }} then enrolled_date end,
            case when added_date <= {{ as_of_date() }} then added_date end
        ) as last_done_date
    from customers_dated

),

sightings as (

    select
        member_id,
        channel_code,
        brand_code,
        coalesce(first_done_date, {{ as_of_date() }}) as known_date,
        first_done_date,
        last_done_date,
        1 as source_rank
    from customers_known
    where coalesce(first_done_date, {{ as_of_date() }}) <= {{ as_of_date() }}

    {% for name, _, done_date in sources %}
        union all

        select
            member_id,
            channel_code,
            min(brand_code) as brand_code,
            cast(null as date) as known_date,
            {% if done_date -%}
                min({{ done_date }}) as first_done_date,
                max({{ done_date }}) as last_done_date,
            {%- else -%}
                cast(null as date) as first_done_date,
                cast(null as date) as last_done_date,
            {%- endif %}
            {{ loop.index + 1 }} as source_rank
        from {{ name }}
        where member_id <> 'unknown'
        group by member_id, channel_code

    {% endfor -%}

)

select * from sightings
