-- One row per brand: the rolling window nearest to 30 days that ends on as_of_date, and the window before it.
with

windows as (

    select
        *,
        row_number() over (
            partition by brand_code
            order by abs(window_days - 30), window_days
        ) as choice
    from kpi_daily
    where
        channel_code = 'all'
        and window_days > 1
        and business_date = as_of_date

),

chosen as (

    select * from windows where choice = 1

),

before as (

    select
        chosen.brand_code,
        sum(daily.net_revenue_amount) as net_revenue_amount,
        sum(daily.valid_order_count) as valid_order_count,
        -- amounts of a window that began before the first day would be compared with too few days
        min(first_days.first_day) <= any_value(chosen.business_date - 2 * chosen.window_days + 1) as is_whole
    from chosen
    inner join kpi_daily as daily
        on
            chosen.brand_code = daily.brand_code
            and daily.channel_code = 'all'
            and daily.window_days = 1
            and daily.business_date <= chosen.business_date - chosen.window_days
            and daily.business_date > chosen.business_date - 2 * chosen.window_days
    inner join (
        select
            brand_code,
            min(business_date) as first_day
        from kpi_daily
        where
            channel_code = 'all'
            and window_days = 1
        group by brand_code
    ) as first_days
        on chosen.brand_code = first_days.brand_code
    group by chosen.brand_code

)

select
    chosen.brand_code,
    chosen.window_days,
    chosen.business_date - chosen.window_days + 1 as first_date,
    chosen.business_date as last_date,
    chosen.net_revenue_amount,
    chosen.gmv_amount,
    chosen.refund_amount + chosen.unlinked_refund_amount as refund_amount,
    chosen.valid_order_count,
    chosen.buyer_count,
    chosen.new_buyer_count,
    chosen.aov,
    chosen.repurchase_rate,
    chosen.returning_buyer_rate,
    chosen.order_identified_rate,
    chosen.is_complete,
    case when before.is_whole then before.net_revenue_amount end as previous_net_revenue_amount,
    case when before.is_whole then before.valid_order_count end as previous_valid_order_count,
    case when before.is_whole then chosen.previous_buyer_count end as previous_buyer_count
from chosen
left join before
    on chosen.brand_code = before.brand_code
order by chosen.brand_code
