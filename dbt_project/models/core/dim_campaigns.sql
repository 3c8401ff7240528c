with

touches as (

    select * from {{ ref('fct_touches') }}

),

costs as (

    select * from {{ ref('fct_costs') }}

),

names as (

    select
        campaign_code,
        max(campaign_name) as campaign_name
    from {{ ref('int_touches_conformed') }}
    where touch_type = 'campaign_arm'
    group by campaign_code

),

touches_per_campaign as (

    select
        campaign_code,
        min(touched_at) as first_touched_at,
        max(touched_at) as last_touched_at,
        min(touched_date) as first_touched_date,
        bool_or(is_holdout) as has_holdout
    from touches
    group by campaign_code

),

known_campaigns as (

    select campaign_code
    from touches

    union

    select campaign_code
    from costs
    where campaign_code is not null

),

campaigns as (

    select
        known_campaigns.campaign_code,
        names.campaign_name,
        touches_per_campaign.first_touched_at,
        touches_per_campaign.last_touched_at,
        touches_per_campaign.first_touched_date,
        coalesce(touches_per_campaign.has_holdout, false) as has_holdout
    from known_campaigns
    left join names
        on known_campaigns.campaign_code = names.campaign_code
    left join touches_per_campaign
        on known_campaigns.campaign_code = touches_per_campaign.campaign_code

)

select * from campaigns
