-- Every person touched by a campaign is in one arm, in the holdout, or named as in two arms.
with

persons as (

    select
        campaign_code,
        count(distinct member_id) as person_count
    from {{ ref('fct_touches') }}
    group by campaign_code

),

lifts as (

    select
        campaign_code,
        sum(assigned_count)
        + any_value(holdout_assigned_count)
        + any_value(persons_in_two_arms_count) as person_count
    from {{ ref('campaign_lift') }}
    group by campaign_code

)

select
    lifts.*,
    persons.person_count as expected_person_count
from lifts
left join persons
    on lifts.campaign_code = persons.campaign_code
where lifts.person_count is distinct from persons.person_count
