with

touches as (

    select
        *,
        {{ business_date('touched_at') }} as touched_date
    from {{ ref('int_touches_conformed') }}
    where touch_type = 'campaign_arm'

),

touches_that_happened as (

    select
        -- ids
        touch_key,
        brand_code,
        channel_code,
        member_id,
        campaign_code,

        -- the experiment
        arm,
        is_holdout,
        planned_share,

        -- timestamps (UTC) and business dates
        touched_at,
        touched_date
    from touches
    where
        not is_excluded
        and touched_date <= {{ as_of_date() }}

)

select * from touches_that_happened
