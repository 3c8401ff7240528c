{% set has_wecom = 'wecom' in var('channels') %}

with
{% if has_wecom %}

    wecom_friends as (

        select
            'friend' as relation_type,
            'friend|' || guide_key || '|' || customer_key as pair_key,
            brand_code,
            channel_code,
            account_id,
            customer_key,
            guide_key,
            cast(null as varchar) as group_key,
            episode_number,
            add_way,
            state as entry_parameter,
            started_at,
            is_start_known,
            first_seen_at,
            last_seen_at,
            ended_before,
            is_gap
        from {{ ref('int_wecom_contact_episodes') }}

    ),

    wecom_group_members as (

        select
            'group_member' as relation_type,
            'group_member|' || group_key || '|' || customer_key as pair_key,
            brand_code,
            channel_code,
            account_id,
            customer_key,
            cast(null as varchar) as guide_key,
            group_key,
            episode_number,
            join_scene as add_way,
            state as entry_parameter,
            started_at,
            is_start_known,
            first_seen_at,
            last_seen_at,
            ended_before,
            is_gap
        from {{ ref('int_wecom_group_member_episodes') }}

    ),

    wecom_relations as (

        select * from wecom_friends

        union all

        select * from wecom_group_members

    ),

    wecom_add_ways as (

        select * from {{ ref('wecom_add_ways') }}

    ),
{% endif %}

conformed as (

    {% if has_wecom %}
        select
            relations.pair_key || '|' || cast(relations.episode_number as varchar) as relation_key,
            relations.relation_type,
            relations.brand_code,
            relations.channel_code,
            relations.account_id,
            relations.customer_key,
            relations.guide_key,
            relations.group_key,
            relations.episode_number,
            relations.add_way,
            coalesce(ways.acquisition_kind, 'unknown') as acquisition_kind,
            relations.entry_parameter,
            relations.started_at,
            relations.is_start_known,
            relations.first_seen_at,
            relations.last_seen_at,
            relations.ended_before,
            relations.is_gap
        from wecom_relations as relations
        left join wecom_add_ways as ways
            on
                relations.relation_type = ways.relation_type
                and relations.add_way = ways.add_way
    {% else %}
        {{ no_rows({
            'relation_key': 'varchar', 'relation_type': 'varchar', 'brand_code': 'varchar',
            'channel_code': 'varchar', 'account_id': 'varchar', 'customer_key': 'varchar',
            'guide_key': 'varchar', 'group_key': 'varchar', 'episode_number': 'integer',
            'add_way': 'bigint', 'acquisition_kind': 'varchar', 'entry_parameter': 'varchar',
            'started_at': 'timestamp', 'is_start_known': 'boolean',
            'first_seen_at': 'timestamp', 'last_seen_at': 'timestamp',
            'ended_before': 'timestamp', 'is_gap': 'boolean',
        }) }}
    {% endif %}

)

select * from conformed
