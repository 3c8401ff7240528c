-- One row per brand: how the net revenue of the last publication came to be what it is now.
with

now as (

    select * from kpi_daily
    where
        channel_code = 'all'
        and window_days = 1

),

before as (

    select * from previous_kpi_daily
    where
        channel_code = 'all'
        and window_days = 1

),

days as (

    select
        coalesce(now.brand_code, before.brand_code) as brand_code,
        coalesce(now.net_revenue_amount, 0) as amount,
        coalesce(before.net_revenue_amount, 0) as amount_before,
        -- the days that the last publication could not know; all of them where it knew none
        coalesce(
            coalesce(now.business_date, before.business_date) > (select max(as_of_date) from before),
            true
        ) as is_new
    from now
    full join before
        on
            now.brand_code = before.brand_code
            and now.business_date = before.business_date

)

select
    brand_code,
    sum(amount_before) as amount_before,
    count(*) filter (where not is_new and amount <> amount_before) as restated_day_count,
    coalesce(sum(amount - amount_before) filter (where not is_new), 0) as restated_amount,
    count(*) filter (where is_new) as new_day_count,
    coalesce(sum(amount - amount_before) filter (where is_new), 0) as new_amount,
    sum(amount) as amount
from days
group by brand_code
order by brand_code
