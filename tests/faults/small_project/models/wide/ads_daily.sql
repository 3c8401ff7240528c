with

observations as (

    select
        stat_date,
        cost_amount,
        row_number() over (
            partition by account_id, stat_date, project_id
            order by _observed_at desc, _row_hash desc, _load_id, _source_row
        ) as observation_rank
    from {{ source('raw', 'ocean_engine__campaign_daily') }}

)

select
    stat_date as business_date,
    cast(sum(cost_amount) as decimal(18, 2)) as cost_amount
from observations
where observation_rank = 1
group by stat_date
