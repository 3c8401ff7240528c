{% set has_wecom = 'wecom' in var('channels') %}

with
{% if has_wecom %}

    wecom_reactions as (

        select
            'moment_comment' as interaction_type,
            *
        from {{ ref('stg_wecom__moment_comments') }}

        union all

        select
            'moment_like' as interaction_type,
            *
        from {{ ref('stg_wecom__moment_likes') }}

    ),
{% endif %}

conformed as (

    {% if has_wecom %}
        select
            interaction_type,
            max(brand_code) as brand_code,
            max(channel_code) as channel_code,
            max(account_id) as account_id,
            customer_key,
            guide_key,
            moment_key as message_key,
            reacted_at as interacted_at
        from wecom_reactions
        -- employees react too
        where customer_key is not null
        -- comments of one second are one interaction
        group by interaction_type, customer_key, guide_key, moment_key, reacted_at
    {% else %}
        {{ no_rows({
            'interaction_type': 'varchar', 'brand_code': 'varchar', 'channel_code': 'varchar',
            'account_id': 'varchar', 'customer_key': 'varchar', 'guide_key': 'varchar',
            'message_key': 'varchar', 'interacted_at': 'timestamp',
        }) }}
    {% endif %}

)

select * from conformed
