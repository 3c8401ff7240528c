with

cost_types as (

    select
        *,
        case when is_acquisition_default then 'acquisition' else 'retention' end as default_purpose
    from {{ ref('cost_types') }}

),

files as (

    select
        cost_key,
        cost_id,
        brand_code,
        channel_code,
        campaign_code,
        store_id,
        cost_type,
        cost_purpose,
        acquisition_method,
        currency_code,
        cost_amount,
        cost_date,
        updated_at,
        is_excluded,
        exclusion_reason,
        _load_id,
        _source_row
    from {{ ref('stg_files__costs') }}

),
{% if 'ocean_engine' in var('channels') %}

    campaign_days as (

        select
            *,
            'media' as cost_type
        from {{ ref('stg_ocean_engine__campaign_daily') }}

    ),

    ocean_engine as (

        select
            campaign_days.campaign_day_key as cost_key,
            campaign_days.account_id || '|' || campaign_days.project_id
            || '|' || cast(campaign_days.stat_date as varchar) as cost_id,
            campaign_days.brand_code,
            campaign_days.channel_code,
            campaign_days.project_id as campaign_code,
            cast(null as varchar) as store_id,
            campaign_days.cost_type,
            cost_types.default_purpose as cost_purpose,
            'ads' as acquisition_method,
            campaign_days.currency_code,
            campaign_days.cost_amount,
            campaign_days.stat_date as cost_date,
            campaign_days._observed_at as updated_at,
            campaign_days.is_excluded,
            campaign_days.exclusion_reason,
            campaign_days._load_id,
            campaign_days._source_row
        from campaign_days
        left join cost_types
            on campaign_days.cost_type = cost_types.cost_type

    ),
{% endif %}

referrals as (

    select
        *,
        'commission' as cost_type
    from {{ ref('int_referrals_conformed') }}
    where settled_at is not null

),

-- what is paid for an order: to the salesman who brought it, and to the one who brought in that one
commissions as (

    select
        referrals.channel_code || '|commission|' || referrals.salesman_id
        || '|' || referrals.order_id as cost_key,
        'commission|' || referrals.salesman_id || '|' || referrals.order_id as cost_id,
        referrals.brand_code,
        referrals.channel_code,
        cast(null as varchar) as campaign_code,
        cast(null as varchar) as store_id,
        referrals.cost_type,
        cost_types.default_purpose as cost_purpose,
        'salesman' as acquisition_method,
        referrals.currency_code,
        referrals.commission_amount + referrals.upper_commission_amount as cost_amount,
        {{ business_date('referrals.settled_at') }} as cost_date,
        referrals.settled_at as updated_at,
        referrals.is_excluded,
        referrals.exclusion_reason,
        referrals._load_id,
        referrals._source_row
    from referrals
    left join cost_types
        on referrals.cost_type = cost_types.cost_type

),

conformed as (

    select * from files

    union all

    select * from commissions
    {% if 'ocean_engine' in var('channels') %}

        union all

        select * from ocean_engine
    {% endif %}

)

select * from conformed
