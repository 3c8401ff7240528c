{% set customers = source('raw', 'files__customers') %}
{% set customer = ['customer', 'channel_code', 'customer_token'] %}

with

links as (

    -- a file states no moment at which it was told the number
    {{ identifier_links(
        customers, customer, ['phone', "'global'", 'phone_token'],
        link_source='profile', seen_at='coalesce(enrolled_at, added_at, updated_at)'
    ) }}

    union all

    {{ identifier_links(
        customers, customer, ['email', "'global'", 'email_token'],
        link_source='profile', seen_at='coalesce(enrolled_at, added_at, updated_at)'
    ) }}

    union all

    -- who keeps the list wrote it down
    {{ identifier_links(
        source('raw', 'files__contact_lists'), customer, ['phone', "'global'", 'phone_token'],
        link_source='remark', seen_at='listed_at'
    ) }}

)

select * from links
