{% set has_wecom = 'wecom' in var('channels') %}

with

files as (

    select
        'campaign_arm' as touch_type,
        touch_key,
        brand_code,
        channel_code,
        cast(null as varchar) as account_id,
        customer_key,
        cast(null as varchar) as guide_key,
        cast(null as varchar) as message_key,
        campaign_code,
        campaign_name,
        arm,
        is_holdout,
        planned_share,
        touch_purpose,
        product_stage,
        touched_at,
        true as is_time_known,
        is_excluded,
        exclusion_reason
    from {{ ref('stg_files__touches') }}

),
{% if has_wecom %}

    -- send_status 1 is sent; 0 may still be, 2 and 3 never reached anybody
    wecom_mass_messages as (

        select
            'mass_message' as touch_type,
            'mass_message|' || message_key || '|' || userid || '|' || customer_key as touch_key,
            brand_code,
            channel_code,
            account_id,
            customer_key,
            guide_key,
            message_key,
            sent_at as touched_at,
            true as is_time_known
        from {{ ref('stg_wecom__mass_message_results') }}
        where
            send_status = 1
            and sent_at is not null

    ),

    -- personal posts (create_type 1) are published when they are made, corporate ones when the
    -- employee gets to it, which nobody tells
    wecom_moments as (

        select
            'moment' as touch_type,
            'moment|' || reach.moment_key || '|' || reach.userid || '|' || reach.customer_key
                as touch_key,
            reach.brand_code,
            reach.channel_code,
            reach.account_id,
            reach.customer_key,
            reach.guide_key,
            reach.moment_key as message_key,
            coalesce(moments.created_at, reach._observed_at) as touched_at,
            coalesce(moments.create_type = 1, false) as is_time_known
        from {{ ref('stg_wecom__moment_reach') }} as reach
        left join {{ ref('stg_wecom__moments') }} as moments
            on reach.moment_key = moments.moment_key

    ),

    wecom as (

        select * from wecom_mass_messages

        union all

        select * from wecom_moments

    ),
{% endif %}

conformed as (

    select * from files
    {% if has_wecom %}

        union all

        select
            touch_type,
            touch_key,
            brand_code,
            channel_code,
            account_id,
            customer_key,
            guide_key,
            message_key,
            null as campaign_code,
            null as campaign_name,
            null as arm,
            null as is_holdout,
            null as planned_share,
            null as touch_purpose,
            null as product_stage,
            touched_at,
            is_time_known,
            false as is_excluded,
            null as exclusion_reason
        from wecom
    {% endif %}

)

select * from conformed
