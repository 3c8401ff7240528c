{% set has_wecom = 'wecom' in var('channels') %}

with

chats as (

    {% if has_wecom %}
        select
            *,
            {{ business_date('created_at') }} as created_date
        from {{ ref('int_wecom_groups_current') }}
    {% else %}
        {{ no_rows({
            'group_key': 'varchar', 'chat_id': 'varchar', 'brand_code': 'varchar',
            'channel_code': 'varchar', 'account_id': 'varchar', 'owner_guide_key': 'varchar',
            'group_name': 'varchar', 'group_status': 'bigint', 'created_at': 'timestamp',
            'created_date': 'date', 'first_seen_at': 'timestamp', 'last_seen_at': 'timestamp',
            'ended_before': 'timestamp',
        }) }}
    {% endif %}

),

chats_that_existed as (

    select
        -- ids
        group_key,
        chat_id,
        brand_code,
        channel_code,
        account_id,
        owner_guide_key,

        -- what it is
        group_name,
        group_status,

        -- timestamps (UTC) and business dates
        created_at,
        created_date,
        first_seen_at,
        last_seen_at,
        ended_before
    from chats
    where created_date <= {{ as_of_date() }}

)

select * from chats_that_existed
