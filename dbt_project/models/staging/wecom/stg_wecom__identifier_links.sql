{% set contact = ['customer', 'channel_code', 'external_userid_token'] %}
{% set group_member = ['customer', 'channel_code', 'member_token'] %}
{% set unionid = ['unionid', "'global'", 'unionid_token'] %}

with

links as (

    {{ identifier_links(
        source('raw', 'wecom__contacts'), contact, unionid,
        link_source='wechat', seen_at='coalesce(added_at, _observed_at)'
    ) }}

    union all

    {{ identifier_links(
        source('raw', 'wecom__unionid_links'), contact, unionid,
        link_source='wechat', seen_at='_observed_at'
    ) }}

    union all

    -- member type 1 is an employee
    {{ identifier_links(
        source('raw', 'wecom__group_members'), group_member, unionid,
        link_source='wechat', seen_at='coalesce(joined_at, _observed_at)', where='member_type = 2'
    ) }}

    union all

    -- a number that a guide noted
    {{ identifier_links(
        source('raw', 'wecom__contact_phones'), contact, ['phone', "'global'", 'phone_token'],
        link_source='remark', seen_at='_observed_at'
    ) }}

    union all

    {{ identifier_links(
        source('raw', 'wecom__bills'), contact, ['phone', "'global'", 'payer_phone_token'],
        link_source='payment', seen_at='paid_at'
    ) }}

)

select * from links
