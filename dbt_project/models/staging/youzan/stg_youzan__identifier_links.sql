{% set customer = ['customer', 'channel_code', 'customer_token'] %}
{% set phone = ['phone', "'global'", 'phone_token'] %}
{% set fan = ['fans', 'channel_code', 'fans_token'] %}
{% set orders = source('raw', 'youzan__orders') %}

with

links as (

    {{ identifier_links(
        source('raw', 'youzan__customers'), customer, phone,
        link_source='profile', seen_at='coalesce(registered_at, _observed_at)'
    ) }}

    union all

    {{ identifier_links(
        orders, customer, ['phone', "'global'", 'buyer_phone_token'],
        link_source='order', seen_at='ordered_at'
    ) }}

    union all

    {{ identifier_links(
        orders, customer, ['phone', "'global'", 'receiver_phone_token'],
        link_source='receiver', seen_at='ordered_at'
    ) }}

    union all

    {{ identifier_links(
        orders, customer, ['openid', 'account_id', 'openid_token'],
        link_source='wechat', seen_at='ordered_at'
    ) }}

    union all

    {{ identifier_links(
        source('raw', 'youzan__coupons'), fan, phone,
        link_source='profile', seen_at='taken_at'
    ) }}

    union all

    {{ identifier_links(
        source('raw', 'youzan__salesmen'), fan, phone,
        link_source='profile', seen_at='coalesce(registered_at, _observed_at)'
    ) }}

)

select * from links
