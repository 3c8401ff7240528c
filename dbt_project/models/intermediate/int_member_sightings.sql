{{ config(materialized='table') }}

{#- what names a person beside customer records, in the order in which its word is taken -#}
{%- set sources = [
    ('orders', 'int_orders_joined_to_lines'),
    ('refunds', 'fct_refunds'),
    ('touches', 'fct_touches'),
    ('points_changes', 'fct_points'),
    ('feedback', 'fct_feedback'),
    ('relations', 'fct_relations'),
    ('consents', 'fct_consents'),
    ('tags', 'int_tags_imported'),
    ('memberships', 'fct_memberships'),
    ('children', 'int_member_children'),
    ('listed_contacts', 'fct_listed_contacts'),
    ('scans', 'fct_scans'),
] -%}

with

customers as (

    select * from {{ ref('int_customers_conformed') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

{% for name, model in sources -%}
    {{ name }} as (

        select * from {{ ref(model) }}

    ),

{% endfor -%}

customers_dated as (

    select
        customers.brand_code,
        customers.channel_code,
        coalesce(members_of_customers.member_id, customers.customer_key) as member_id,
        coalesce(
            {{ business_date(
                'least(customers.registered_at, customers.enrolled_at, customers.added_at)'
            ) }},
            {{ as_of_date() }}
        ) as known_date
    from customers
    left join members_of_customers
        on customers.customer_key = members_of_customers.customer_key
    where not customers.is_excluded

),

sightings as (

    select
        member_id,
        channel_code,
        brand_code,
        known_date,
        1 as source_rank
    from customers_dated
    where known_date <= {{ as_of_date() }}

    {% for name, _ in sources %}
        union all

        select
            member_id,
            channel_code,
            min(brand_code) as brand_code,
            cast(null as date) as known_date,
            {{ loop.index + 1 }} as source_rank
        from {{ name }}
        where member_id <> 'unknown'
        group by member_id, channel_code

    {% endfor -%}

)

select * from sightings
