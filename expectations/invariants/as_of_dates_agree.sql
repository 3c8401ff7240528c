-- Every mart was computed for the business day of the manifest.
with

days as (

    select 'kpi_daily' as model, marts.as_of_date
    from candidate.kpi_daily as marts

    union

    select 'member_rfm' as model, marts.as_of_date
    from candidate.member_rfm as marts

    union

    select 'member_cohort' as model, marts.as_of_date
    from candidate.member_cohort as marts

    union

    select 'ltv_cac' as model, marts.as_of_date
    from candidate.ltv_cac as marts

    union

    select 'channel_roi' as model, marts.as_of_date
    from candidate.channel_roi as marts

    union

    select 'campaign_lift' as model, marts.as_of_date
    from candidate.campaign_lift as marts

)

select days.model, days.as_of_date
from days
cross join audit.night
where days.as_of_date is distinct from night.as_of_date
