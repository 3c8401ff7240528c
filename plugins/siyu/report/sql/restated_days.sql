-- Up to ten days per brand that the last publication showed with another net revenue, largest change first.
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

changed as (

    select
        coalesce(now.brand_code, before.brand_code) as brand_code,
        coalesce(now.business_date, before.business_date) as business_date,
        coalesce(before.net_revenue_amount, 0) as amount_before,
        coalesce(now.net_revenue_amount, 0) as amount,
        coalesce(now.net_revenue_amount, 0) - coalesce(before.net_revenue_amount, 0) as restated_amount
    from now
    full join before
        on
            now.brand_code = before.brand_code
            and now.business_date = before.business_date

)

select
    *,
    row_number() over (
        partition by brand_code
        order by abs(restated_amount) desc, business_date desc
    ) as place
from changed
where
    restated_amount <> 0
    and business_date <= (select max(as_of_date) from before)
qualify place <= 10
order by brand_code, place
