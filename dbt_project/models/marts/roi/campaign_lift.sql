with

touches as (

    select * from {{ ref('fct_touches') }}

),

outcomes as (

    select * from {{ ref('int_campaign_outcomes') }}

),

arms as (

    select
        campaign_code,
        arm,
        min(brand_code) as brand_code,
        bool_or(is_holdout) as is_holdout,
        -- a plan that was changed on the way is no plan to check against
        case when min(planned_share) = max(planned_share) then min(planned_share) end
            as planned_share
    from touches
    group by campaign_code, arm

),

arm_outcomes as (

    select
        campaign_code,
        arm,
        count(*) as assigned_count,
        count(*) filter (where is_outcome_complete) as person_count,
        count(*) filter (where is_outcome_complete and order_count > 0) as buyer_count,
        coalesce(sum(net_amount) filter (where is_outcome_complete), 0) as net_amount,
        coalesce(sum(net_amount * net_amount) filter (where is_outcome_complete), 0)
            as net_amount_squares
    from outcomes
    where not is_in_two_arms
    group by campaign_code, arm

),

persons_in_two_arms as (

    select
        campaign_code,
        count(*) filter (where is_in_two_arms) as persons_in_two_arms_count
    from outcomes
    group by campaign_code

),

arms_with_outcomes as (

    select
        arms.campaign_code,
        arms.arm,
        arms.brand_code,
        arms.is_holdout,
        arms.planned_share,
        coalesce(arm_outcomes.assigned_count, 0) as assigned_count,
        coalesce(arm_outcomes.person_count, 0) as person_count,
        coalesce(arm_outcomes.buyer_count, 0) as buyer_count,
        coalesce(arm_outcomes.net_amount, 0) as net_amount,
        coalesce(arm_outcomes.net_amount_squares, 0) as net_amount_squares
    from arms
    left join arm_outcomes
        on
            arms.campaign_code = arm_outcomes.campaign_code
            and arms.arm = arm_outcomes.arm

),

holdouts as (

    select
        campaign_code,
        case when bool_and(planned_share is not null) then sum(planned_share) end as planned_share,
        sum(assigned_count) as assigned_count,
        sum(person_count) as person_count,
        sum(buyer_count) as buyer_count,
        sum(net_amount) as net_amount,
        sum(net_amount_squares) as net_amount_squares
    from arms_with_outcomes
    where is_holdout
    group by campaign_code

),

-- from here on statistics, in doubles computed from exact sums
compared as (

    select
        treated.*,
        persons_in_two_arms.persons_in_two_arms_count,
        holdouts.campaign_code is not null as has_holdout,
        holdouts.planned_share as holdout_planned_share,
        coalesce(holdouts.assigned_count, 0) as holdout_assigned_count,
        coalesce(holdouts.person_count, 0) as holdout_person_count,
        coalesce(holdouts.buyer_count, 0) as holdout_buyer_count,
        coalesce(holdouts.net_amount, 0) as holdout_net_amount,
        treated.assigned_count + holdouts.assigned_count as both_assigned_count,
        cast(treated.planned_share as double)
        / nullif(treated.planned_share + holdouts.planned_share, 0) as expected_share,
        {{ mean('treated.buyer_count', 'treated.person_count') }} as buyer_rate,
        {{ mean('holdouts.buyer_count', 'holdouts.person_count') }} as holdout_buyer_rate,
        {{ mean(
            '(treated.buyer_count + holdouts.buyer_count)',
            '(treated.person_count + holdouts.person_count)'
        ) }} as pooled_buyer_rate,
        {{ mean('treated.net_amount', 'treated.person_count') }} as value_per_head,
        {{ mean('holdouts.net_amount', 'holdouts.person_count') }} as holdout_value_per_head,
        {{ sample_variance(
            'treated.net_amount', 'treated.net_amount_squares', 'treated.person_count'
        ) }} as value_variance,
        {{ sample_variance(
            'holdouts.net_amount', 'holdouts.net_amount_squares', 'holdouts.person_count'
        ) }} as holdout_value_variance
    from arms_with_outcomes as treated
    left join holdouts
        on treated.campaign_code = holdouts.campaign_code
    left join persons_in_two_arms
        on treated.campaign_code = persons_in_two_arms.campaign_code
    where not treated.is_holdout

),

differences as (

    select
        *,
        buyer_rate - holdout_buyer_rate as rate_lift,
        value_per_head - holdout_value_per_head as value_lift,

        -- the interval of the rate stands on both arms' own rates, its p-value on the pooled one
        nullif(sqrt(
            buyer_rate * (1 - buyer_rate) / person_count
            + holdout_buyer_rate * (1 - holdout_buyer_rate) / holdout_person_count
        ), 0) as rate_lift_error,
        nullif(sqrt(
            pooled_buyer_rate * (1 - pooled_buyer_rate)
            * (1.0 / nullif(person_count, 0) + 1.0 / nullif(holdout_person_count, 0))
        ), 0) as rate_test_error,
        nullif(sqrt(
            value_variance / person_count + holdout_value_variance / holdout_person_count
        ), 0) as value_lift_error,
        nullif(sqrt(both_assigned_count * expected_share * (1 - expected_share)), 0)
            as assigned_count_error,
        {{ normal_quantile('(1 + ' ~ var('campaign_confidence') ~ ') / 2') }} as critical_value
    from compared

),

tested as (

    select
        *,
        rate_lift - critical_value * rate_lift_error as rate_lift_low,
        rate_lift + critical_value * rate_lift_error as rate_lift_high,
        {{ two_sided_p_value('(rate_lift / rate_test_error)') }} as rate_p_value,
        value_lift - critical_value * value_lift_error as value_lift_low,
        value_lift + critical_value * value_lift_error as value_lift_high,
        {{ two_sided_p_value('(value_lift / value_lift_error)') }} as value_p_value,
        {{ two_sided_p_value(
            '((assigned_count - both_assigned_count * expected_share) / assigned_count_error)'
        ) }} as srm_p_value
    from differences

),

with_verdicts as (

    select
        -- ids
        campaign_code,
        arm,
        brand_code,
        {{ as_of_date() }} as as_of_date,
        cast({{ var('campaign_outcome_days') }} as integer) as outcome_days,
        cast({{ var('campaign_confidence') }} as numeric(18, 6)) as confidence_level,

        -- who is compared
        has_holdout,
        assigned_count,
        cast(holdout_assigned_count as bigint) as holdout_assigned_count,
        persons_in_two_arms_count,
        person_count,
        cast(holdout_person_count as bigint) as holdout_person_count,

        -- is the split what was planned
        cast(planned_share as numeric(18, 6)) as planned_share,
        cast(holdout_planned_share as numeric(18, 6)) as holdout_planned_share,
        cast(srm_p_value as numeric(18, 10)) as srm_p_value,
        srm_p_value >= {{ var('campaign_srm_limit') }} as is_sample_ratio_ok,

        -- share of persons who bought
        buyer_count,
        cast(holdout_buyer_count as bigint) as holdout_buyer_count,
        cast(buyer_rate as numeric(18, 6)) as buyer_rate,
        cast(holdout_buyer_rate as numeric(18, 6)) as holdout_buyer_rate,
        cast(rate_lift as numeric(18, 6)) as rate_lift,
        cast(rate_lift_low as numeric(18, 6)) as rate_lift_low,
        cast(rate_lift_high as numeric(18, 6)) as rate_lift_high,
        {{ ratio('rate_lift', 'holdout_buyer_rate') }} as rate_relative_lift,
        cast(rate_p_value as numeric(18, 10)) as rate_p_value,
        {{ lift_verdict('rate_lift_low', 'rate_lift_high') }} as rate_verdict,

        -- net revenue per person
        '{{ var("reporting_currency") }}' as currency_code,
        cast(net_amount as numeric(18, 2)) as net_amount,
        cast(holdout_net_amount as numeric(18, 2)) as holdout_net_amount,
        cast(value_per_head as numeric(18, 4)) as value_per_head,
        cast(holdout_value_per_head as numeric(18, 4)) as holdout_value_per_head,
        cast(value_lift as numeric(18, 4)) as value_lift,
        cast(value_lift_low as numeric(18, 4)) as value_lift_low,
        cast(value_lift_high as numeric(18, 4)) as value_lift_high,
        {{ ratio('value_lift', 'holdout_value_per_head') }} as value_relative_lift,
        cast(value_p_value as numeric(18, 10)) as value_p_value,
        {{ lift_verdict('value_lift_low', 'value_lift_high') }} as value_verdict
    from tested

)

select * from with_verdicts
