with

tags as (

    select * from {{ ref('member_tag') }}

),

outcomes as (

    select * from {{ ref('int_campaign_outcomes') }}

),

touches as (

    select * from {{ ref('fct_touches') }}

),

treated_arms as (

    select distinct
        brand_code,
        campaign_code,
        arm
    from touches
    where not is_holdout

),

-- a person and a campaign of which all is known
exposures as (

    select
        treated_arms.brand_code,
        outcomes.campaign_code,
        outcomes.member_id,
        {{ business_date('outcomes.assigned_at') }} as assigned_date,
        outcomes.order_count > 0 as has_converted
    from outcomes
    inner join treated_arms
        on
            outcomes.campaign_code = treated_arms.campaign_code
            and outcomes.arm = treated_arms.arm
    where
        outcomes.is_outcome_complete
        and not outcomes.is_in_two_arms

),

exposures_per_brand as (

    select
        brand_code,
        count(*) as exposed_count,
        count(*) filter (where has_converted) as converted_count
    from exposures
    group by brand_code

),

-- who had the tag on the day
exposures_of_holders as (

    select
        tags.brand_code,
        tags.tag_name,
        tags.tag_value,
        count(*) as holder_exposed_count,
        count(*) filter (where exposures.has_converted) as holder_converted_count
    from exposures
    inner join tags
        on
            exposures.brand_code = tags.brand_code
            and exposures.member_id = tags.member_id
            and exposures.assigned_date >= tags.valid_from
            and (tags.valid_to is null or exposures.assigned_date < tags.valid_to)
    group by tags.brand_code, tags.tag_name, tags.tag_value

),

uses as (

    select
        tags.brand_code,
        tags.tag_name,
        tags.tag_value,
        max(touches.touched_date) as last_used_date
    from touches
    inner join tags
        on
            touches.brand_code = tags.brand_code
            and touches.member_id = tags.member_id
            and touches.touched_date >= tags.valid_from
            and (tags.valid_to is null or touches.touched_date < tags.valid_to)
    where not touches.is_holdout
    group by tags.brand_code, tags.tag_name, tags.tag_value

),

tags_in_use as (

    select
        brand_code,
        tag_name,
        tag_value,
        min(tag_group) as tag_group,
        min(tag_label_en) as tag_label_en,
        min(tag_label_zh) as tag_label_zh,
        count(distinct member_id) filter (where is_current) as member_count
    from tags
    group by brand_code, tag_name, tag_value

),

compared as (

    select
        tags_in_use.*,
        uses.last_used_date,
        coalesce(exposures_of_holders.holder_exposed_count, 0) as holder_exposed_count,
        coalesce(exposures_of_holders.holder_converted_count, 0) as holder_converted_count,
        coalesce(exposures_per_brand.exposed_count, 0)
        - coalesce(exposures_of_holders.holder_exposed_count, 0) as other_exposed_count,
        coalesce(exposures_per_brand.converted_count, 0)
        - coalesce(exposures_of_holders.holder_converted_count, 0) as other_converted_count
    from tags_in_use
    left join uses
        on
            tags_in_use.brand_code = uses.brand_code
            and tags_in_use.tag_name = uses.tag_name
            and tags_in_use.tag_value = uses.tag_value
    left join exposures_of_holders
        on
            tags_in_use.brand_code = exposures_of_holders.brand_code
            and tags_in_use.tag_name = exposures_of_holders.tag_name
            and tags_in_use.tag_value = exposures_of_holders.tag_value
    left join exposures_per_brand
        on tags_in_use.brand_code = exposures_per_brand.brand_code

),

-- a ratio of two rates, and the standard error of its logarithm
lifts as (

    select
        *,
        case
            when holder_exposed_count >= {{ var('tag_quality_minimum_holders') }}
                then
                    cast(holder_converted_count as double) / holder_exposed_count
                    / nullif(
                        cast(other_converted_count as double) / nullif(other_exposed_count, 0), 0
                    )
        end as lift,
        sqrt(
            1.0 / nullif(cast(holder_converted_count as double), 0)
            - 1.0 / nullif(cast(holder_exposed_count as double), 0)
            + 1.0 / nullif(cast(other_converted_count as double), 0)
            - 1.0 / nullif(cast(other_exposed_count as double), 0)
        ) * {{ normal_quantile('(1 + ' ~ var('campaign_confidence') ~ ') / 2') }} as half_width
    from compared

),

quality as (

    select
        brand_code,
        tag_name,
        tag_value,
        {{ as_of_date() }} as as_of_date,
        tag_group,
        tag_label_en,
        tag_label_zh,
        member_count,

        -- do who has it buy more when they are sent the same
        holder_exposed_count,
        holder_converted_count,
        other_exposed_count,
        other_converted_count,
        cast(lift as numeric(18, 6)) as lift,
        cast(lift * exp(-half_width) as numeric(18, 6)) as lift_low,
        cast(lift * exp(half_width) as numeric(18, 6)) as lift_high,

        -- is it used
        last_used_date,
        coalesce(
            {{ days_between('last_used_date', as_of_date()) }} > {{ var('tag_unused_days') }}, true
        ) as is_unused
    from lifts

)

select * from quality
