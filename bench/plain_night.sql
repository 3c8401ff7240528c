-- The night as one file of SQL: what `siyu bench night` holds siyu against.
--
-- Run by DuckDB alone, in a database file whose schema `raw` shows the registered files (`raw.files__orders` …), with
-- siyu's memory limit and number of threads, in the folder that gets the output. It fills schema `marts` with the
-- published tables, one statement each, and writes each as Parquet, sorted by its key. No dbt, no contracts, no tests,
-- no audit: the tables must hash-equal those that siyu publishes, or the bench fails.
--
-- Given by the caller with `set variable`: as_of_date (the last business day that counts), business_timezone,
-- reporting_currency, seeds (the folder of the seeds). Everything else that a home may set has its default here.
--
--   1. words       macros that say one rule once
--   2. input       seeds; the current version of each landed row; orders and refunds, which several tables need
--   3. facts       fct_order_lines, fct_refunds, fct_orders, fct_touches, fct_costs
--   4. dimensions  dim_members, dim_products, dim_campaigns, dim_channels, dim_brands, dim_dates, what became of members
--   5. marts       member_rfm, member_360, member_cohort, kpi_daily, channel_roi, ltv_cac, campaign_lift
--   6. output      Parquet

-- 1. words -----------------------------------------------------------------------------------------------------------

create temp macro as_of() as cast(getvariable('as_of_date') as date);
create temp macro reporting() as getvariable('reporting_currency');
create temp macro business_date(at_utc) as
    cast(timezone(getvariable('business_timezone'), timezone('UTC', at_utc)) as date);
create temp macro month_of(day) as cast(date_trunc('month', day) as date);
-- a customer is a person of their own: the files that are measured hold no second identifier
create temp macro member_of(channel, token) as 'm' || left(sha256('customer|' || channel || '|' || token), 20);
create temp macro ratio(part, whole) as
    cast(cast(part as double) / nullif(cast(whole as double), 0) as numeric(18, 6));
-- ten places first: 2.01 / 2 is 1.00499... as a double and 1.01 as money
create temp macro to_fen(amount) as cast(cast(amount as numeric(38, 10)) as numeric(18, 2));
create temp macro per_head(amount, heads) as to_fen(cast(amount as double) / nullif(heads, 0));
create temp macro money(amount, rate) as
    case
        when rate = 1 then cast(amount as numeric(18, 2))
        else cast(cast(amount as numeric(28, 6)) * rate as numeric(18, 2))
    end;
create temp macro price(amount, rate) as
    case
        when rate = 1 then cast(amount as numeric(18, 6))
        else cast(cast(amount as numeric(28, 6)) * rate as numeric(18, 6))
    end;
-- what the goods cost that an order still has after that much was paid back
create temp macro cost_kept(cost, paid, refunded) as
    case
        when paid > 0 then to_fen(cost * cast(paid - refunded as double) / paid)
        else cast(cost as numeric(18, 2))
    end;
-- both tails of the normal distribution beyond z: Hart's algorithm 5666 as West (2005) gives it
create temp macro two_sided_p(z) as (
    select 2 * case
        when x > 37 then 0.0
        when x < 7.07106781186547 then
            exp(-x * x / 2)
            * ((((((3.52624965998911e-02 * x + 0.700383064443688) * x + 6.37396220353165) * x
                + 33.912866078383) * x + 112.079291497871) * x + 221.213596169931) * x + 220.206867912376)
            / (((((((8.83883476483184e-02 * x + 1.75566716318264) * x + 16.064177579207) * x
                + 86.7807322029461) * x + 296.564248779674) * x + 637.333633378831) * x + 793.826512519948) * x
                + 440.413735824752)
        else exp(-x * x / 2) / 2.506628274631 / (x + 1.0 / (x + 2.0 / (x + 3.0 / (x + 4.0 / (x + 0.65)))))
    end
    from (select abs(cast(z as double)) as x)
);

-- 2. input -----------------------------------------------------------------------------------------------------------

create temp table brands as
select * from read_csv(getvariable('seeds') || '/brands.csv', header = true, delim = ',', all_varchar = true);

create temp table channels as
select * from read_csv(getvariable('seeds') || '/channels.csv', header = true, delim = ',', types = {
    'channel_code': 'varchar', 'platform': 'varchar', 'surface': 'varchar', 'name_en': 'varchar', 'name_zh': 'varchar',
    'is_owned': 'boolean', 'is_reusable': 'boolean', 'is_free': 'boolean', 'public_board': 'varchar'});

create temp table channel_overrides as
select * from read_csv(getvariable('seeds') || '/channel_overrides.csv', header = true, delim = ',', types = {
    'brand_code': 'varchar', 'channel_code': 'varchar', 'is_owned': 'boolean', 'is_reusable': 'boolean',
    'is_free': 'boolean', 'public_board': 'varchar'});

create temp table cost_types as
select * from read_csv(getvariable('seeds') || '/cost_types.csv', header = true, delim = ',', types = {
    'cost_type': 'varchar', 'name_en': 'varchar', 'name_zh': 'varchar', 'is_acquisition_default': 'boolean',
    'is_in_cm2': 'boolean', 'is_in_cm3': 'boolean'});

create temp table acquisition_methods as
select * from read_csv(getvariable('seeds') || '/acquisition_methods.csv', header = true, delim = ',', types = {
    'acquisition_method': 'varchar', 'acquisition_scheme': 'varchar', 'name_en': 'varchar', 'name_zh': 'varchar',
    'is_after_payment': 'boolean'});

create temp table rfm_segments as
select * from read_csv(getvariable('seeds') || '/rfm_segments.csv', header = true, delim = ',', types = {
    'segment_code': 'integer', 'is_recent': 'boolean', 'is_frequent': 'boolean', 'is_high_value': 'boolean',
    'label_en': 'varchar', 'label_zh': 'varchar'});

create temp table brushing as
select distinct channel_code || '|' || order_id as order_key
from read_csv(getvariable('seeds') || '/brushing_orders.csv', header = true, delim = ',', all_varchar = true);

-- from when to when a rate holds; the reporting currency is worth itself
create temp table rates as
select
    currency_code,
    valid_from,
    coalesce(lead(valid_from) over (partition by currency_code order by valid_from), date '9999-12-31') as valid_before,
    rate
from read_csv(getvariable('seeds') || '/fx_rates.csv', header = true, delim = ',', types = {
    'currency_code': 'varchar', 'valid_from': 'date', 'rate': 'numeric(18, 8)'})
where currency_code <> reporting()
union all
select reporting(), date '0001-01-01', date '9999-12-31', cast(1 as numeric(18, 8));

-- the newest version of an order's lines: all lines of one load and version win or lose together
create temp table order_lines as
with newest_document as (
    select channel_code, order_id, _load_id, _group_hash
    from raw.files__order_lines
    group by channel_code, order_id, _load_id, _group_hash
    qualify row_number() over (
        partition by channel_code, order_id
        order by max(updated_at) desc nulls last, bool_or(paid_at is not null) desc, _group_hash desc, _load_id
    ) = 1
)
select
    channel_code || '|' || order_id as order_key,
    member_of(channel_code, customer_token) as member_id,
    channel_code || '|' || upper(product_id) as product_key,
    lines.*
from raw.files__order_lines as lines
semi join newest_document using (channel_code, order_id, _load_id, _group_hash);

create temp table customers as
select member_of(channel_code, customer_token) as member_id, *
from raw.files__customers
qualify row_number() over (
    partition by channel_code, customer_token
    order by
        updated_at desc nulls last, (unenrolled_at is not null) desc, (enrolled_at is not null) desc,
        (added_at is not null) desc, _group_hash desc, _load_id, _source_row
) = 1;

create temp table orders as
select
    channel_code || '|' || order_id as order_key,
    member_of(channel_code, customer_token) as member_id,
    *
from raw.files__orders
qualify row_number() over (
    partition by channel_code, order_id
    order by
        updated_at desc nulls last, (paid_at is not null) desc, (cancelled_at is not null) desc,
        _group_hash desc, _load_id, _source_row
) = 1;

-- orders as known on the last business day, in the reporting currency; what has no row of its own is what its lines say
create temp table orders_known as
with of_lines as (
    select
        order_key,
        min(order_id) as order_id,
        min(brand_code) as brand_code,
        min(channel_code) as channel_code,
        min(member_id) as member_id,
        min(currency_code) as currency_code,
        min(coalesce(ordered_at, paid_at)) as ordered_at,
        min(paid_at) as paid_at,
        bool_and(is_excluded) as is_excluded,
        case
            when bool_and(is_excluded)
                then coalesce(
                    min(exclusion_reason) filter (where exclusion_reason = 'brushing'), min(exclusion_reason)
                )
        end as exclusion_reason,
        case
            when bool_and(is_excluded)
                then coalesce(sum(line_amount) filter (where exclusion_reason = 'brushing'), 0)
            else coalesce(sum(line_amount) filter (where not is_excluded), 0)
        end as line_amount,
        coalesce(sum(quantity) filter (where not is_excluded), 0) as unit_count,
        case
            when coalesce(bool_and(unit_cost is not null) filter (where not is_excluded), true)
                then coalesce(sum(quantity * unit_cost) filter (where not is_excluded), 0)
        end as cost_amount
    from order_lines
    group by order_key
),

joined as (
    select
        coalesce(orders.order_key, of_lines.order_key) as order_key,
        coalesce(orders.order_id, of_lines.order_id) as order_id,
        coalesce(orders.brand_code, of_lines.brand_code) as brand_code,
        coalesce(orders.channel_code, of_lines.channel_code) as channel_code,
        coalesce(orders.member_id, of_lines.member_id, 'unknown') as member_id,
        orders.order_status,
        orders.province,
        orders.store_id as store_code,
        orders.guide_id as guide_code,
        coalesce(orders.currency_code, of_lines.currency_code) as currency_code,
        coalesce(orders.paid_amount, of_lines.line_amount) as paid_amount,
        of_lines.unit_count,
        of_lines.cost_amount,
        coalesce(orders.ordered_at, of_lines.ordered_at) as ordered_at,
        if(orders.order_key is null, of_lines.paid_at, orders.paid_at) as paid_at,
        orders.cancelled_at,
        coalesce(orders.is_excluded, of_lines.is_excluded) as is_excluded,
        if(orders.order_key is null, of_lines.exclusion_reason, orders.exclusion_reason) as exclusion_reason,
        business_date(coalesce(orders.ordered_at, of_lines.ordered_at)) as ordered_date,
        business_date(if(orders.order_key is null, of_lines.paid_at, orders.paid_at)) as paid_date
    from orders
    full join of_lines on orders.order_key = of_lines.order_key
),

known as (
    select * replace (
        if(paid_date <= as_of(), paid_at, null) as paid_at,
        if(paid_date <= as_of(), paid_date, null) as paid_date,
        if(business_date(cancelled_at) <= as_of(), cancelled_at, null) as cancelled_at
    )
    from joined
    where ordered_date is null or ordered_date <= as_of()
)

select
    known.* replace (
        money(known.paid_amount, rates.rate) as paid_amount,
        money(known.cost_amount, rates.rate) as cost_amount
    ),
    rates.rate,
    known.paid_at is not null as is_paid,
    coalesce(known.exclusion_reason = 'brushing', false) or brushing.order_key is not null as is_brushing
from known
left join rates
    on
        known.currency_code = rates.currency_code
        and coalesce(known.paid_date, known.ordered_date) >= rates.valid_from
        and coalesce(known.paid_date, known.ordered_date) < rates.valid_before
left join brushing on known.order_key = brushing.order_key;

create schema marts;

-- 3. facts -----------------------------------------------------------------------------------------------------------

create table marts.fct_order_lines as
select
    lines.order_key || '|' || lines._line_number as order_line_key,
    lines.order_key,
    lines._line_number as line_number,
    orders.brand_code,
    orders.channel_code,
    orders.member_id,
    lines.product_key,
    lines.quantity,
    reporting() as currency_code,
    price(lines.unit_price, orders.rate) as unit_price,
    money(lines.line_amount, orders.rate) as line_amount,
    price(lines.unit_cost, orders.rate) as unit_cost,
    money(lines.quantity * lines.unit_cost, orders.rate) as cost_amount,
    orders.paid_date,
    lines.is_excluded or orders.is_excluded as is_excluded,
    if(lines.is_excluded, lines.exclusion_reason, orders.exclusion_reason) as exclusion_reason
from order_lines as lines
join orders_known as orders on lines.order_key = orders.order_key;

-- a refund that names no order belongs to the latest earlier sale of the same thing at the same price to the same person,
-- as long as that line has something left to come back; it is applied up to what the order was paid
create table marts.fct_refunds as
with newest_document as (
    select channel_code, refund_id, _load_id, _group_hash
    from raw.files__refunds
    group by channel_code, refund_id, _load_id, _group_hash
    qualify row_number() over (
        partition by channel_code, refund_id
        order by max(updated_at) desc nulls last, sum(refund_amount) desc, _group_hash desc, _load_id
    ) = 1
),

refunds as (
    select
        channel_code || '|' || refund_id || '|' || _line_number as refund_key,
        channel_code || '|' || order_id as order_key,
        member_of(channel_code, customer_token) as member_id,
        channel_code || '|' || upper(product_id) as product_key,
        business_date(refunded_at) as refunded_date,
        lines.*
    from raw.files__refunds as lines
    semi join newest_document using (channel_code, refund_id, _load_id, _group_hash)
    where business_date(refunded_at) <= as_of()
),

sales as (
    select refunds.refund_key, refunds.refunded_at, refunds.quantity, lines.order_line_key, lines.order_key,
        lines.quantity as sold_quantity
    from refunds
    join marts.fct_order_lines as lines
        on
            refunds.member_id = lines.member_id
            and refunds.product_key = lines.product_key
            and refunds.quantity <= lines.quantity
    join orders_known as orders
        on
            lines.order_key = orders.order_key
            and refunds.currency_code = orders.currency_code
            and refunds.refunded_at >= orders.paid_at
            and price(refunds.unit_price, orders.rate) = lines.unit_price
    where
        refunds.order_key is null
        and refunds.quantity > 0
        and not refunds.is_excluded
        and not lines.is_excluded
        and not orders.is_excluded
        and orders.is_paid
        and orders.member_id <> 'unknown'
    qualify row_number() over (
        partition by refunds.refund_key order by orders.paid_at desc, lines.order_key desc, lines.line_number
    ) = 1
),

matched as (
    select refund_key, order_key
    from sales
    qualify sum(quantity) over (
        partition by order_line_key order by refunded_at, refund_key rows unbounded preceding
    ) <= sold_quantity
),

linked as (
    select
        refunds.refund_key,
        refunds.refund_id,
        orders.order_key,
        case
            when matched.order_key is not null then 'matched'
            when orders.order_key is not null then 'source'
            else 'none'
        end as link_basis,
        coalesce(orders.brand_code, refunds.brand_code) as brand_code,
        refunds.channel_code,
        if(orders.member_id <> 'unknown', orders.member_id, coalesce(refunds.member_id, 'unknown')) as member_id,
        refunds.product_key,
        refunds.refund_reason,
        refunds.quantity as refund_quantity,
        money(refunds.refund_amount, rates.rate) as refund_amount,
        if(orders.is_paid, orders.paid_amount, 0) as refundable_amount,
        refunds.refunded_at,
        refunds.refunded_date,
        refunds.is_excluded,
        refunds.exclusion_reason
    from refunds
    left join matched on refunds.refund_key = matched.refund_key
    left join orders_known as orders on coalesce(matched.order_key, refunds.order_key) = orders.order_key
    left join rates
        on
            refunds.currency_code = rates.currency_code
            and coalesce(orders.paid_date, refunds.refunded_date) >= rates.valid_from
            and coalesce(orders.paid_date, refunds.refunded_date) < rates.valid_before
)

select
    refund_key,
    refund_id,
    order_key,
    link_basis,
    brand_code,
    channel_code,
    member_id,
    product_key,
    refund_reason,
    refund_quantity,
    reporting() as currency_code,
    refund_amount,
    cast(
        case
            when is_excluded then 0
            when order_key is null then refund_amount
            else greatest(least(refund_amount, refundable_amount - coalesce(
                sum(if(is_excluded, 0, refund_amount)) over (
                    partition by order_key order by refunded_at, refund_key
                    rows between unbounded preceding and 1 preceding
                ), 0
            )), 0)
        end as numeric(18, 2)
    ) as applied_amount,
    refunded_at,
    refunded_date,
    is_excluded,
    exclusion_reason
from linked;

create table marts.fct_orders as
with refunded as (
    select
        order_key,
        sum(applied_amount) as amount,
        sum(refund_amount - applied_amount) filter (where not is_excluded) as excess_amount
    from marts.fct_refunds
    where order_key is not null
    group by order_key
),

-- a channel that never states an enrolment says nothing about who is enrolled
enrolling as (select distinct channel_code from customers where enrolled_at is not null),

judged as (
    select
        orders.*,
        cast(coalesce(refunded.amount, 0) as numeric(18, 2)) as refunded_amount,
        cast(coalesce(refunded.excess_amount, 0) as numeric(18, 2)) as refund_excess_amount,
        orders.is_paid and not orders.is_brushing and not orders.is_excluded as is_counted,
        orders.is_paid and orders.paid_amount > 0 and coalesce(refunded.amount, 0) >= orders.paid_amount
            as is_fully_refunded,
        case
            when enrolling.channel_code is not null
                then
                    coalesce(customers.enrolled_at <= orders.ordered_at, false)
                    and coalesce(customers.unenrolled_at > orders.ordered_at, true)
        end as is_enrolled
    from orders_known as orders
    left join refunded on orders.order_key = refunded.order_key
    left join enrolling on orders.channel_code = enrolling.channel_code
    left join customers on orders.member_id = customers.member_id and not customers.is_excluded
)

select
    order_key,
    order_id,
    brand_code,
    channel_code,
    member_id,
    order_status,
    province,
    store_code,
    guide_code,
    reporting() as currency_code,
    paid_amount,
    refunded_amount,
    refund_excess_amount,
    cast(if(is_paid, paid_amount - refunded_amount, 0) as numeric(18, 2)) as net_amount,
    cost_kept(cost_amount, paid_amount, refunded_amount) as cost_of_goods_amount,
    cast(unit_count as bigint) as unit_count,
    case
        when is_counted and not is_fully_refunded and member_id <> 'unknown'
            then row_number() over (
                partition by member_id, is_counted and not is_fully_refunded order by paid_at, order_key
            )
    end as member_order_number,
    ordered_at,
    ordered_date,
    paid_at,
    paid_date,
    cancelled_at,
    is_paid,
    is_fully_refunded,
    is_brushing,
    is_excluded,
    exclusion_reason,
    is_counted,
    is_counted and not is_fully_refunded as is_valid,
    is_enrolled
from judged;

create temp table touches as
select
    channel_code || '|' || touch_id as touch_key,
    member_of(channel_code, customer_token) as member_id,
    *
from raw.files__touches
qualify row_number() over (
    partition by channel_code, touch_id order by _group_hash desc, _load_id, _source_row
) = 1;

create table marts.fct_touches as
select
    touch_key,
    brand_code,
    channel_code,
    member_id,
    campaign_code,
    arm,
    is_holdout,
    cast(planned_share as numeric(18, 6)) as planned_share,
    touch_purpose,
    product_stage,
    touched_at,
    business_date(touched_at) as touched_date
from touches
where not is_excluded and business_date(touched_at) <= as_of();

create table marts.fct_costs as
with costs as (
    select *
    from raw.files__costs
    qualify row_number() over (
        partition by channel_code, cost_id
        order by updated_at desc nulls last, cost_amount desc, _group_hash desc, _load_id, _source_row
    ) = 1
)

select
    costs.channel_code || '|' || costs.cost_id as cost_key,
    costs.brand_code,
    costs.channel_code,
    costs.campaign_code,
    costs.cost_type,
    costs.cost_purpose,
    costs.acquisition_method,
    reporting() as currency_code,
    money(costs.cost_amount, rates.rate) as cost_amount,
    costs.cost_date
from costs
left join rates
    on
        costs.currency_code = rates.currency_code
        and costs.cost_date >= rates.valid_from
        and costs.cost_date < rates.valid_before
where not costs.is_excluded and costs.cost_date <= as_of();

create temp table consults as
select member_of(channel_code, customer_token) as member_id, business_date(asked_at) as asked_date, *
from (
    from raw.files__consults
    qualify row_number() over (
        partition by channel_code, consult_id
        order by
            updated_at desc nulls last, (answered_at is not null) desc, _group_hash desc, _load_id, _source_row
    ) = 1
)
where not is_excluded and asked_date <= as_of();

-- 4. dimensions ------------------------------------------------------------------------------------------------------

-- whoever a customer record, an order, a refund or a touch names, in this order of trust
create table marts.dim_members as
with known_customers as (
    select
        member_id,
        brand_code,
        channel_code,
        province,
        if(business_date(enrolled_at) <= as_of(), enrolled_at, null) as enrolled_at,
        if(business_date(unenrolled_at) <= as_of(), unenrolled_at, null) as unenrolled_at,
        if(business_date(added_at) <= as_of(), added_at, null) as added_at,
        least(business_date(enrolled_at), business_date(added_at)) as known_date
    from customers
    where not is_excluded
),

seen as (
    select
        member_id, brand_code, channel_code, 1 as trust, known_date as first_date,
        greatest(business_date(enrolled_at), business_date(added_at)) as last_date
    from known_customers
    where coalesce(known_date, as_of()) <= as_of()
    union all
    select member_id, min(brand_code), min(channel_code), 2, min(ordered_date), max(ordered_date)
    from marts.fct_orders
    where member_id <> 'unknown'
    group by member_id
    union all
    select member_id, min(brand_code), min(channel_code), 3, min(refunded_date), max(refunded_date)
    from marts.fct_refunds
    where member_id <> 'unknown'
    group by member_id
    union all
    select member_id, min(brand_code), min(channel_code), 4, null, null
    from marts.fct_touches
    group by member_id
    union all
    select
        member_of(channel_code, customer_token), min(brand_code), min(channel_code), 8,
        min(business_date(decided_at)), max(business_date(decided_at))
    from raw.files__consents
    where not is_excluded and business_date(decided_at) <= as_of()
    group by 1
    union all
    select
        member_of(channel_code, customer_token), min(brand_code), min(channel_code), 13,
        min(business_date(scanned_at)), max(business_date(scanned_at))
    from raw.files__scans
    where not is_excluded and business_date(scanned_at) <= as_of()
    group by 1
    union all
    select member_id, min(brand_code), min(channel_code), 14, min(asked_date), max(asked_date)
    from consults
    group by member_id
),

members as (
    select
        member_id,
        arg_min(brand_code, trust) as brand_code,
        arg_min(channel_code, trust) as channel_code,
        min(first_date) as first_seen_date,
        max(last_date) as last_seen_date
    from seen
    group by member_id
),

bought as (
    select
        member_id,
        min(paid_at) as first_order_at,
        max(paid_at) as last_order_at,
        min(paid_date) as first_order_date,
        max(paid_date) as last_order_date,
        min(channel_code) filter (where member_order_number = 1) as first_channel_code,
        count(*) as order_count
    from marts.fct_orders
    where member_order_number is not null
    group by member_id
),

last_province as (
    select member_id, province
    from marts.fct_orders
    where province is not null
    qualify row_number() over (partition by member_id order by ordered_at desc, order_key desc) = 1
),

home_store as (
    select member_id, store_code
    from marts.fct_orders
    where member_order_number is not null and store_code is not null
    group by member_id, store_code
    qualify row_number() over (
        partition by member_id
        order by
            count(*) filter (where date_diff('day', paid_date, as_of()) < 365) desc, max(paid_at) desc, store_code
    ) = 1
)

select
    members.member_id,
    members.brand_code,
    members.channel_code,
    true as is_known,
    coalesce(known_customers.province, last_province.province) as province,
    case
        when known_customers.province is not null then 'customer'
        when last_province.province is not null then 'order'
    end as province_source,
    home_store.store_code as home_store_code,
    cast(null as varchar) as owner_guide_key,
    members.first_seen_date,
    members.last_seen_date,
    known_customers.enrolled_at,
    known_customers.unenrolled_at,
    known_customers.added_at,
    bought.first_order_at,
    bought.last_order_at,
    bought.first_channel_code,
    bought.first_order_date,
    coalesce(bought.order_count, 0) as lifetime_order_count,
    date_diff('day', bought.last_order_date, as_of()) as days_since_last_order,
    coalesce(date_diff('day', bought.last_order_date, as_of()) >= 180, false) as is_churned
from members
left join known_customers on members.member_id = known_customers.member_id
left join bought on members.member_id = bought.member_id
left join last_province on members.member_id = last_province.member_id
left join home_store on members.member_id = home_store.member_id
union all
select
    'unknown', null, null, false, null, null, null, null, null, null, null, null, null, null, null, null, null, 0, null,
    false;

create table marts.fct_identity_events as
select
    cast(null as bigint) as event_number,
    cast(null as date) as as_of_date,
    cast(null as varchar) as event,
    cast(null as varchar) as from_member_id,
    cast(null as varchar) as to_member_id,
    cast(null as bigint) as identifier_count,
    cast(null as varchar[]) as reasons
where false;

create table marts.member_id_redirects as
select cast(null as varchar) as old_member_id, cast(null as varchar) as member_id
where false;

create table marts.rpt_identity_conflicts as
select
    cast(null as varchar) as conflict_key,
    cast(null as varchar) as reason,
    cast(null as varchar) as member_id,
    cast(null as varchar) as other_member_id,
    cast(null as varchar) as identifier_type,
    cast(null as bigint) as found_count,
    cast(null as bigint) as allowed_count
where false;

-- the files that are measured list no guides
create table marts.guide_perf as
select
    cast(null as varchar) as brand_code,
    cast(null as varchar) as guide_code,
    cast(null as date) as as_of_date,
    cast(null as varchar) as store_code,
    cast(null as varchar) as employment_kind,
    cast(null as date) as joined_on,
    cast(null as date) as left_on,
    cast(null as integer) as window_days,
    cast(null as varchar) as currency_code,
    cast(null as bigint) as order_count,
    cast(null as bigint) as buyer_count,
    cast(null as numeric(18, 2)) as net_amount,
    cast(null as bigint) as orphan_count,
    cast(null as bigint) as orphan_consented_count,
    cast(null as bigint) as orphan_reactivated_count,
    cast(null as numeric(18, 6)) as orphan_reactivated_rate
where false;

create table marts.member_consent as
with decisions as (
    select
        brand_code,
        member_of(channel_code, customer_token) as member_id,
        purpose,
        contact_channel,
        is_granted,
        decided_at,
        business_date(expires_at) as expires_date,
        consent_source
    from raw.files__consents
    where not is_excluded and business_date(decided_at) <= as_of()
    qualify row_number() over (
        partition by channel_code, customer_token, purpose, contact_channel, decided_at
        order by updated_at desc nulls last, is_granted, _group_hash desc, _load_id, _source_row
    ) = 1
),

ways as (
    select contact_channel
    from read_csv(getvariable('seeds') || '/contact_channels.csv', header = true, delim = ',', all_varchar = true)
    union
    select contact_channel from decisions where contact_channel <> 'any'
),

-- a customer of the files has one account
newest as (
    select decisions.* replace (ways.contact_channel as contact_channel)
    from decisions
    join ways on decisions.contact_channel in (ways.contact_channel, 'any')
    qualify row_number() over (
        partition by decisions.brand_code, member_id, purpose, ways.contact_channel
        order by decided_at desc, is_granted, expires_date nulls last, consent_source
    ) = 1
)

select
    brand_code,
    member_id,
    purpose,
    contact_channel,
    as_of() as as_of_date,
    is_granted and expires_date > as_of() is not false as is_consented,
    case
        when not is_granted then 'withdrawn'
        when expires_date <= as_of() then 'expired'
        else 'granted'
    end as consent_status,
    decided_at,
    expires_date,
    consent_source,
    1 as account_count
from newest;

create table marts.dim_products as
with names as (
    select product_key, product_name, category
    from order_lines
    group by product_key, product_name, category
    qualify row_number() over (
        partition by product_key
        order by
            product_name is null, max(coalesce(paid_at, ordered_at)) desc nulls last, product_name, category
    ) = 1
),

products as (
    select product_key from marts.fct_order_lines
    union
    select product_key from marts.fct_refunds where product_key is not null
)

select
    products.product_key,
    split_part(products.product_key, '|', 1) as channel_code,
    substr(products.product_key, strpos(products.product_key, '|') + 1) as product_code,
    names.product_name,
    names.category
from products
left join names on products.product_key = names.product_key;

create table marts.dim_campaigns as
with campaigns as (
    select campaign_code from marts.fct_touches
    union
    select campaign_code from marts.fct_costs where campaign_code is not null
),

names as (select campaign_code, max(campaign_name) as campaign_name from touches group by campaign_code),

touched as (
    select
        campaign_code,
        min(touched_at) as first_touched_at,
        max(touched_at) as last_touched_at,
        min(touched_date) as first_touched_date,
        bool_or(is_holdout) as has_holdout
    from marts.fct_touches
    group by campaign_code
)

select
    campaigns.campaign_code,
    names.campaign_name,
    touched.first_touched_at,
    touched.last_touched_at,
    touched.first_touched_date,
    coalesce(touched.has_holdout, false) as has_holdout
from campaigns
left join names on campaigns.campaign_code = names.campaign_code
left join touched on campaigns.campaign_code = touched.campaign_code;

create table marts.dim_channels as
with of_brands as (
    select
        brands.brand_code,
        channels.* replace (
            coalesce(channel_overrides.is_owned, channels.is_owned) as is_owned,
            coalesce(channel_overrides.is_reusable, channels.is_reusable) as is_reusable,
            coalesce(channel_overrides.is_free, channels.is_free) as is_free,
            coalesce(channel_overrides.public_board, channels.public_board, 'other') as public_board
        )
    from brands
    cross join channels
    left join channel_overrides
        on
            brands.brand_code = channel_overrides.brand_code
            and channels.channel_code = channel_overrides.channel_code
)

select
    brand_code,
    channel_code,
    platform,
    surface,
    name_en,
    name_zh,
    is_owned,
    is_reusable,
    is_free,
    if(is_owned and is_reusable and is_free, 'private', 'public') as domain_type,
    if(is_owned and is_reusable and is_free, null, public_board) as public_board
from of_brands;

create table marts.dim_brands as
select brand_code, name_en, name_zh from brands;

create table marts.dim_dates as
with first_day as (
    select coalesce(
        least(
            (select min(least(ordered_date, paid_date)) from marts.fct_orders),
            (select min(refunded_date) from marts.fct_refunds),
            (select min(touched_date) from marts.fct_touches),
            (select min(cost_date) from marts.fct_costs)
        ),
        as_of()
    ) as day
),

days as (
    select cast(unnest(generate_series(day, as_of(), interval 1 day)) as date) as date_day
    from first_day
)

select
    date_day,
    month_of(date_day) as month_start_date,
    strftime(date_day, '%Y-%m') as month_code,
    date_day = last_day(date_day) as is_month_end,
    cast(isodow(date_day) as integer) as iso_weekday,
    cast(week(date_day) as integer) as iso_week,
    isodow(date_day) >= 6 as is_weekend
from days;

-- 5. marts -----------------------------------------------------------------------------------------------------------

create table marts.member_tag as
with declared as (
    select * from read_csv(getvariable('seeds') || '/tags.csv', header = true, delim = ',', types = {
        'tag_name': 'varchar', 'tag_group': 'varchar', 'is_single_valued': 'boolean', 'is_sensitive': 'boolean',
        'label_en': 'varchar', 'label_zh': 'varchar'})
    where not is_sensitive
),

imported as (
    select
        brand_code,
        member_of(channel_code, customer_token) as member_id,
        tag_name,
        tag_value,
        'imported' as tag_method,
        tag_source,
        message_id,
        business_date(tagged_at) as valid_from,
        business_date(removed_at) as valid_to
    from raw.files__member_tags
    where not is_excluded and business_date(tagged_at) <= as_of()
    qualify row_number() over (
        partition by channel_code, customer_token, tag_name, tag_value, tagged_at
        order by updated_at desc nulls last, removed_at is not null desc, _group_hash desc, _load_id, _source_row
    ) = 1
),

bought as (
    select
        members.brand_code,
        orders.member_id,
        'bought_category' as tag_name,
        products.category as tag_value,
        'derived' as tag_method,
        'orders' as tag_source,
        cast(null as varchar) as message_id,
        min(orders.paid_date) as valid_from,
        cast(null as date) as valid_to
    from marts.fct_order_lines as lines
    join marts.fct_orders as orders on lines.order_key = orders.order_key
    join marts.dim_products as products on lines.product_key = products.product_key
    join marts.dim_members as members on orders.member_id = members.member_id
    where orders.member_order_number is not null and not lines.is_excluded and products.category is not null
    group by all
),

tags as (
    select
        found.* replace (if(valid_to <= as_of(), valid_to, date '9999-12-31') as valid_to),
        declared.* exclude (tag_name),
        if(declared.is_single_valued, '', found.tag_value) as own_value
    from (
        from imported
        where
            tag_source <> 'chat'
            or message_id is not null and (brand_code, member_id) in (
                select (brand_code, member_id)
                from marts.member_consent
                where purpose = 'chat_archive' and contact_channel = 'wecom' and is_consented
            )
        union all
        from bought
    ) as found
    join declared on found.tag_name = declared.tag_name
    where valid_from < valid_to is not false
),

-- a new value of a single-valued tag ends the old one; of the others, what overlaps is one
stays as (
    select
        * replace (if(is_single_valued, least(valid_to, coalesce(lead(valid_from) over turns, valid_to)), valid_to) as valid_to),
        if(
            not is_single_valued
            and max(valid_to) over (turns rows between unbounded preceding and 1 preceding) >= valid_from,
            0,
            1
        ) as begins
    from tags
    window turns as (
        partition by brand_code, member_id, tag_name, own_value
        order by valid_from, valid_to, tag_value, tag_method, message_id
    )
),

numbered as (
    select *, sum(begins) over (
        partition by brand_code, member_id, tag_name, own_value
        order by valid_from, tags_end, tag_value, tag_method, message_id
        rows unbounded preceding
    ) as stay
    from (select *, valid_to as tags_end from stays)
)

select
    brand_code,
    member_id,
    tag_name,
    tag_value,
    tag_group,
    label_en as tag_label_en,
    label_zh as tag_label_zh,
    tag_method,
    tag_source,
    message_id,
    valid_from,
    nullif(max(valid_to) over whole, date '9999-12-31') as valid_to,
    max(valid_to) over whole = date '9999-12-31' as is_current
from numbered
where valid_from < valid_to
window whole as (partition by brand_code, member_id, tag_name, own_value, stay)
qualify row_number() over (
    partition by brand_code, member_id, tag_name, own_value, stay
    order by valid_from, valid_to, tag_value, tag_method, message_id
) = 1;

-- who is no end consumer: on the dealer list, tagged, or with orders to three homes in a year
create temp table account_roles as
select
    brand_code,
    member_id,
    if(bool_or(role = 'reseller'), 'reseller', 'trade') as account_role
from (
    select brand_code, member_id, tag_value as role
    from marts.member_tag
    where is_current and tag_name = 'account_role' and tag_value in ('reseller', 'trade')
    union all
    select fct_orders.brand_code, fct_orders.member_id, 'trade'
    from marts.fct_orders
    join orders as files on fct_orders.order_key = files.order_key
    where
        fct_orders.is_valid
        and fct_orders.member_id <> 'unknown'
        and date_diff('day', fct_orders.paid_date, as_of()) < 365
    group by fct_orders.brand_code, fct_orders.member_id
    having count(distinct files.delivery_address_token) >= 3
)
group by brand_code, member_id;

create table marts.member_rfm as
with windows as (
    from (values ('30d', 30), ('90d', 90), ('365d', 365), ('lifetime', null)) as w (rfm_window, window_days)
),

-- each order once, under the narrowest window that holds it
orders as (
    select
        member_id,
        case
            when date_diff('day', paid_date, as_of()) < 30 then 30
            when date_diff('day', paid_date, as_of()) < 90 then 90
            when date_diff('day', paid_date, as_of()) < 365 then 365
        end as narrowest_days,
        max(paid_at) as last_paid_at,
        max(paid_date) as last_paid_date,
        count(*) as order_count,
        sum(net_amount) as net_amount,
        count(*) filter (where member_order_number >= 2) as repeat_order_count
    from marts.fct_orders
    where member_order_number is not null
    group by all
),

spend as (
    select
        members.brand_code,
        members.member_id,
        coalesce(roles.account_role, 'end_consumer') as account_role,
        windows.rfm_window,
        windows.window_days,
        max(orders.last_paid_at) as last_paid_at,
        date_diff('day', max(orders.last_paid_date), as_of()) as recency_days,
        cast(sum(orders.order_count) as bigint) as order_count,
        sum(orders.net_amount) as net_amount,
        cast(sum(orders.repeat_order_count) as bigint) as repeat_order_count
    from orders
    join windows on windows.window_days is null or orders.narrowest_days <= windows.window_days
    join marts.dim_members as members on orders.member_id = members.member_id
    left join account_roles as roles on members.brand_code = roles.brand_code and members.member_id = roles.member_id
    group by all
),

limits as (
    select
        brand_code,
        account_role,
        rfm_window,
        count(*) as buyer_count,
        cast(avg(recency_days) as numeric(18, 6)) as recency_threshold,
        cast(avg(order_count) as numeric(18, 6)) as order_count_threshold,
        cast(avg(net_amount) as numeric(18, 6)) as net_amount_threshold,
        cast(ceil(0.1 * count(*)) as bigint) as super_user_limit,
        cast(ceil(0.3 * count(*) filter (where repeat_order_count > 0)) as bigint) as priority_care_limit
    from spend
    group by all
),

judged as (
    select
        spend.*,
        limits.* exclude (brand_code, account_role, rfm_window),
        spend.recency_days < limits.recency_threshold as is_recent,
        spend.order_count > limits.order_count_threshold as is_frequent,
        spend.net_amount > limits.net_amount_threshold as is_high_value,
        row_number() over (
            partition by spend.brand_code, spend.account_role, spend.rfm_window
            order by spend.net_amount desc, spend.last_paid_at desc, spend.member_id
        ) as spend_rank,
        case
            when spend.repeat_order_count > 0
                then row_number() over (
                    partition by spend.brand_code, spend.account_role, spend.rfm_window
                    order by spend.repeat_order_count desc, spend.last_paid_at desc, spend.member_id
                )
        end as repeat_rank
    from spend
    join limits
        on
            spend.brand_code = limits.brand_code
            and spend.account_role = limits.account_role
            and spend.rfm_window = limits.rfm_window
)

select
    judged.member_id,
    judged.rfm_window,
    judged.brand_code,
    judged.account_role,
    as_of() as as_of_date,
    judged.window_days,
    cast(judged.recency_days as integer) as recency_days,
    judged.order_count,
    reporting() as currency_code,
    cast(judged.net_amount as numeric(18, 2)) as net_amount,
    judged.last_paid_at,
    'mean' as threshold_method,
    judged.recency_threshold,
    judged.order_count_threshold,
    judged.net_amount_threshold,
    judged.is_recent,
    judged.is_frequent,
    judged.is_high_value,
    segments.segment_code,
    segments.label_en as segment_label_en,
    segments.label_zh as segment_label_zh,
    judged.buyer_count,
    judged.spend_rank,
    judged.super_user_limit,
    judged.spend_rank <= judged.super_user_limit as is_super_user,
    judged.repeat_order_count,
    'repeat_buyers' as priority_care_population,
    judged.repeat_rank,
    judged.priority_care_limit,
    coalesce(judged.repeat_rank <= judged.priority_care_limit, false) as is_priority_care,
    judged.spend_rank <= judged.super_user_limit
    and coalesce(judged.repeat_rank <= judged.priority_care_limit, false) as is_super_user_and_priority_care
from judged
left join rfm_segments as segments
    on
        judged.is_recent = segments.is_recent
        and judged.is_frequent = segments.is_frequent
        and judged.is_high_value = segments.is_high_value;

create temp table memberships as
select
    brand_code,
    member_of(channel_code, customer_token) as member_id,
    program,
    level,
    is_paid,
    started_at,
    business_date(started_at) as started_date,
    business_date(ends_at) as ends_date
from raw.files__memberships
where not is_excluded and business_date(started_at) <= as_of()
qualify row_number() over (
    partition by channel_code, customer_token, program, started_at
    order by updated_at desc nulls last, _group_hash desc, _load_id, _source_row
) = 1;

create table marts.member_level_hist as
select
    brand_code,
    member_id,
    program,
    level,
    is_paid,
    started_date as valid_from,
    ends_date as planned_end_date,
    if(left_date <= as_of(), left_date, null) as valid_to,
    left_date <= as_of() is not true as is_current
from (
    select *, least(lead(started_date) over turns, ends_date) as left_date
    from memberships
    window turns as (partition by brand_code, member_id, program order by started_at, level)
)
where started_date < left_date is not false;

create table marts.contact_migration as
select
    brand_code,
    coalesce(holder_id, 'all') as holder_id,
    as_of() as as_of_date,
    count(distinct member_of(channel_code, customer_token)) as contact_count,
    -- nobody is a friend of a guide in files
    cast(0 as bigint) as migrated_count,
    count(distinct member_of(channel_code, customer_token)) as remaining_count,
    cast(0 as numeric(18, 6)) as migration_rate
from (
    from raw.files__contact_lists
    where not is_excluded and business_date(listed_at) <= as_of()
    qualify row_number() over (
        partition by channel_code, holder_id, customer_token
        order by updated_at desc nulls last, listed_at desc, _group_hash desc, _load_id, _source_row
    ) = 1
)
where list_source = 'personal_account'
group by grouping sets ((brand_code, holder_id), (brand_code));

create temp table bought_categories as
select
    orders.member_id,
    products.category,
    any_value(types.product_type) as product_type,
    sum(lines.line_amount) as line_amount,
    max(orders.paid_date) as last_bought_date
from marts.fct_order_lines as lines
join marts.fct_orders as orders on lines.order_key = orders.order_key
join marts.dim_products as products on lines.product_key = products.product_key
left join read_csv(getvariable('seeds') || '/category_types.csv', header = true, delim = ',', all_varchar = true) as types
    on products.category = types.category
where orders.member_order_number is not null and not lines.is_excluded and products.category is not null
group by all;

create table marts.member_360 as
with categories_bought as (
    select
        member_id,
        count(*) filter (where date_diff('day', last_bought_date, as_of()) < 365) as category_count,
        count(distinct product_type) filter (where date_diff('day', last_bought_date, as_of()) < 90) as type_count
    from bought_categories
    group by member_id
),

main_categories as (
    select member_id, category
    from bought_categories
    qualify row_number() over (partition by member_id order by line_amount desc, category) = 1
),

-- several orders of one day are one purchase
purchases as (
    select
        member_id,
        paid_date,
        date_diff('day', lag(paid_date) over days, paid_date) as gap,
        lead(paid_date) over days is null as is_last
    from (select distinct member_id, paid_date from marts.fct_orders where member_order_number is not null)
    window days as (partition by member_id order by paid_date)
),

of_members as (
    select
        member_id,
        count(*) as purchase_count,
        max(paid_date) as last_order_date,
        median(gap) as usual_gap,
        max(gap) filter (where is_last) as last_gap,
        median(gap) filter (where not is_last) as earlier_gap
    from purchases
    group by member_id
),

of_categories as (
    select members.brand_code, main_categories.category, median(purchases.gap) as usual_gap
    from purchases
    join main_categories on purchases.member_id = main_categories.member_id
    join marts.dim_members as members on purchases.member_id = members.member_id
    where purchases.gap is not null
    group by all
    having count(*) >= 30
),

expected as (
    select
        of_members.member_id,
        of_members.last_order_date,
        main_categories.category as main_category,
        categories_bought.category_count,
        categories_bought.type_count,
        case
            when of_members.purchase_count >= 3 then 'member'
            when of_categories.usual_gap is not null then 'category'
        end as gap_basis,
        cast(
            round(if(of_members.purchase_count >= 3, of_members.usual_gap, of_categories.usual_gap)) as integer
        ) as usual_gap_days,
        case
            when of_members.purchase_count > 3
                then cast(of_members.last_gap - round(of_members.earlier_gap) as integer)
        end as backtest_error_days
    from of_members
    join marts.dim_members as members on of_members.member_id = members.member_id
    left join main_categories on of_members.member_id = main_categories.member_id
    left join categories_bought on of_members.member_id = categories_bought.member_id
    left join of_categories
        on members.brand_code = of_categories.brand_code and main_categories.category = of_categories.category
),

allowed as (
    select
        brand_code,
        member_id,
        string_agg(contact_channel, ',' order by contact_channel) filter (where is_consented) as contact_channels,
        bool_or(consent_status = 'withdrawn') as has_withdrawn
    from marts.member_consent
    where purpose = 'marketing'
    group by all
),

paying as (
    select
        brand_code, member_id, if(bool_or(planned_end_date is null), null, max(planned_end_date)) as paid_until
    from marts.member_level_hist
    where is_current and is_paid
    group by all
),

first_private_orders as (
    select orders.member_id, min(orders.paid_at) as paid_at
    from marts.fct_orders as orders
    join marts.dim_channels as channels using (brand_code, channel_code)
    where orders.is_paid and channels.domain_type = 'private'
    group by all
),

-- touches for service and for sales before that
nurtured as (
    select
        touches.member_id,
        any_value(first.paid_at) is null as is_open,
        count(*) filter (where touches.touch_purpose = 'service') as service_count,
        count(*) filter (where touches.touch_purpose = 'sales') as sales_count
    from marts.fct_touches as touches
    left join first_private_orders as first on touches.member_id = first.member_id
    where
        touches.touch_purpose in ('service', 'sales')
        and not touches.is_holdout
        and coalesce(touches.touched_at < first.paid_at, true)
    group by touches.member_id
),

-- a customer of the files is in one channel, nobody's friend and in no group
wide as (
    select
        members.member_id,
        members.brand_code,
        as_of() as as_of_date,
        members.channel_code,
        1 as linked_channel_count,
        members.province,
        members.home_store_code,
        members.enrolled_at is not null and members.unenrolled_at is null as is_enrolled,
        false as is_friend,
        false as is_group_member,
        0 as open_guide_count,
        0 as open_group_count,
        members.owner_guide_key,
        members.enrolled_at,
        members.added_at,
        case
            when members.first_order_at < members.added_at then 'convert_then_add'
            when members.first_order_at >= members.added_at then 'add_then_convert'
        end as conversion_order,
        case
            when members.first_order_at < members.added_at then 'existing_import'
            when members.added_at is not null then 'unknown'
        end as acquisition_scheme,
        cast(null as varchar) as acquisition_method,
        coalesce(roles.account_role, 'end_consumer') as account_role,
        'none' as service_mode,
        coalesce(of_year.spend_rank <= ceil(0.01 * of_year.buyer_count), false) as is_partner_exception,
        cast(coalesce(tag_counts.tag_count, 0) as integer) as tag_count,
        paying.member_id is not null as is_paid_member,
        paying.paid_until as paid_member_until,
        case
            when members.unenrolled_at is null and date_diff('day', business_date(members.enrolled_at), as_of()) >= 90
                then false  -- no file has a phone
        end as is_phone_only,
        ratio(nurtured.service_count, nurtured.sales_count) as nurture_ratio,
        nurtured.is_open as is_nurture_open,
        allowed.contact_channels as marketing_contact_channels,
        coalesce(allowed.has_withdrawn, false) as has_withdrawn_marketing,
        members.first_order_date,
        expected.last_order_date,
        members.last_seen_date,
        members.days_since_last_order,
        members.is_churned,
        members.lifetime_order_count,
        reporting() as currency_code,
        cast(coalesce(lifetime.net_amount, 0) as numeric(18, 2)) as lifetime_net_amount,
        expected.main_category,
        coalesce(expected.type_count = 2, false) as is_cross_buyer,
        false as is_referrer,
        case
            when members.lifetime_order_count > 1 and members.member_id in (select member_id from consults) then 3
            when members.lifetime_order_count > 0 and expected.main_category is not null then 2
            else 1
        end as relationship_level,
        '365d' as rfm_window,
        coalesce(of_year.order_count, 0) as order_count,
        cast(coalesce(of_year.net_amount, 0) as numeric(18, 2)) as net_amount,
        cast(if(of_year.order_count is null, 0, nullif(expected.category_count, 0)) as integer) as category_count,
        of_year.segment_code,
        of_year.segment_label_en,
        of_year.segment_label_zh,
        coalesce(of_year.is_super_user, false) as is_super_user,
        coalesce(of_year.is_priority_care, false) as is_priority_care,
        expected.gap_basis,
        expected.usual_gap_days,
        expected.last_order_date + expected.usual_gap_days as expected_next_order_date,
        expected.backtest_error_days
    from marts.dim_members as members
    left join account_roles as roles on members.brand_code = roles.brand_code and members.member_id = roles.member_id
    left join expected on members.member_id = expected.member_id
    left join (
        select member_id, count(*) filter (where is_current) as tag_count from marts.member_tag group by all
    ) as tag_counts on members.member_id = tag_counts.member_id
    left join nurtured on members.member_id = nurtured.member_id
    left join paying on members.member_id = paying.member_id and members.brand_code = paying.brand_code
    left join allowed on members.member_id = allowed.member_id and members.brand_code = allowed.brand_code
    left join marts.member_rfm as lifetime
        on members.member_id = lifetime.member_id and lifetime.rfm_window = 'lifetime'
    left join marts.member_rfm as of_year
        on members.member_id = of_year.member_id and of_year.rfm_window = '365d'
    where members.is_known
)

select
    * exclude (backtest_error_days),
    case
        when expected_next_order_date < as_of() then 'overdue'
        when expected_next_order_date <= as_of() + 7 then 'due'
        when expected_next_order_date > as_of() then 'not_due'
    end as next_order_status,
    backtest_error_days
from wide;

create table marts.member_coverage as
with counted as (
    select
        members.brand_code,
        added_at is not null or marketing_contact_channels is not null as is_reachable,
        members.is_enrolled as is_identified,
        tag_count >= 1 as is_tagged,
        tag_count >= 3 as is_profiled,
        member_id in (
            select member_id from marts.fct_touches
            where not is_holdout and date_diff('day', touched_date, as_of()) < 30
        ) as is_touched,
        coalesce(date_diff('day', business_date(enrolled_at), as_of()) < 30, false) as is_new,
        coalesce(date_diff('day', business_date(added_at), as_of()) < 30, false) as is_new_follower,
        not coalesce(channels.is_owned, false) as is_platform_only,
        is_phone_only,
        acquisition_scheme
    from marts.member_360 as members
    left join marts.dim_channels as channels
        on members.brand_code = channels.brand_code and members.channel_code = channels.channel_code
)

select
    brands.brand_code,
    as_of() as as_of_date,
    30 as window_days,
    count(counted.brand_code) as member_count,
    count(*) filter (where is_reachable) as stage_1_count,
    count(*) filter (where is_reachable and is_identified) as stage_2_count,
    count(*) filter (where is_reachable and is_identified and is_tagged) as stage_3_count,
    count(*) filter (where is_reachable and is_identified and is_profiled) as stage_4_count,
    count(*) filter (where is_reachable and is_identified and is_profiled and is_touched) as stage_5_count,
    count(*) filter (where is_reachable) as stage_1_raw_count,
    count(*) filter (where is_identified) as stage_2_raw_count,
    count(*) filter (where is_tagged) as stage_3_raw_count,
    count(*) filter (where is_profiled) as stage_4_raw_count,
    count(*) filter (where is_touched) as stage_5_raw_count,
    ratio(count(*) filter (where is_profiled), count(counted.brand_code)) as tag_coverage_rate,
    coalesce(ratio(count(*) filter (where is_profiled), count(counted.brand_code)) < 0.70, true)
        as is_tiering_low_confidence,
    count(*) filter (where is_new) as new_member_count,
    count(*) filter (where is_new_follower) as new_follower_count,
    count(*) filter (where is_new and is_platform_only) as platform_only_new_member_count,
    ratio(count(*) filter (where is_new and is_platform_only), count(*) filter (where is_new)) as platform_only_share,
    cast(0 as bigint) as assisted_count,
    cast(0 as bigint) as assistant_count,
    ratio(0, 0) as members_per_assistant,
    count(*) filter (where is_phone_only) as phone_only_count,
    ratio(count(*) filter (where is_phone_only), count(is_phone_only)) as phone_only_rate,
    count(acquisition_scheme) as acquired_count,
    ratio(count(*) filter (where acquisition_scheme = 'existing_import'), count(acquisition_scheme))
        as existing_import_share,
    -- files tell of no referral, and of no code that somebody scanned
    ratio(0, count(acquisition_scheme)) as referral_share,
    ratio(0, count(acquisition_scheme)) as public_share,
    ratio(count(*) filter (where acquisition_scheme = 'unknown'), count(acquisition_scheme)) as unknown_source_share
from marts.dim_brands as brands
left join counted on brands.brand_code = counted.brand_code
group by brands.brand_code;

-- nobody is a friend of a guide in files, so nobody is all three
create table marts.campaign_capture as
with scans as (
    select member_of(channel_code, customer_token) as member_id, *
    from raw.files__scans
    where not is_excluded and business_date(scanned_at) <= as_of()
    qualify row_number() over (
        partition by channel_code, scan_id order by _group_hash desc, _load_id, _source_row
    ) = 1
),

scanners as (
    select
        scans.brand_code,
        scans.campaign_code,
        scans.member_id,
        count(*) as scan_count,
        count(event_id) > 0 as is_at_event,
        min(scanned_at) as first_at,
        any_value(members.enrolled_at) as enrolled_at,
        any_value(members.first_order_at) as first_order_at,
        any_value(followers.added_at) as follower_at
    from scans
    join marts.dim_members as members on scans.member_id = members.member_id
    left join customers as followers
        on
            scans.member_id = followers.member_id
            and followers.channel_code = 'official_account' and not followers.is_excluded
    group by all
),

judged as (
    select
        *,
        least(enrolled_at, follower_at) >= first_at and first_order_at < first_at is not true as is_new,
        business_date(first_at + interval 72 hour) <= as_of() as is_mature
    from scanners
),

events as (
    select brand_code, campaign_code, count(distinct event_id) as event_count
    from scans
    group by all
)

select
    judged.brand_code,
    judged.campaign_code,
    as_of() as as_of_date,
    cast(sum(scan_count) as bigint) as scan_count,
    count(*) as scanner_count,
    count(*) filter (where is_new) as new_identified_count,
    ratio(count(*) filter (where is_new), count(*)) as capture_rate,
    count(*) filter (where is_mature) as mature_scanner_count,
    cast(0 as bigint) as triple_enrol_count,
    ratio(0, count(*) filter (where is_mature)) as triple_enrol_rate,
    any_value(event_count) as event_count,
    count(*) filter (where is_at_event) as event_user_count,
    ratio(count(*) filter (where is_at_event), any_value(event_count)) as users_per_event
from judged
join events on judged.brand_code = events.brand_code and judged.campaign_code = events.campaign_code
group by judged.brand_code, judged.campaign_code;

create table marts.member_loyalty as
with points as (
    select
        brand_code,
        coalesce(sum(points) filter (where points_kind = 'earned'), 0) as issued,
        coalesce(-sum(points) filter (where points_kind = 'redeemed'), 0) as redeemed,
        coalesce(-sum(points) filter (where points_kind = 'expired'), 0) as expired
    from (
        from raw.files__points_changes
        where not is_excluded
        qualify row_number() over (
            partition by channel_code, change_id
            order by updated_at desc nulls last, _group_hash desc, _load_id, _source_row
        ) = 1
    )
    where date_diff('day', business_date(changed_at), as_of()) between 0 and 364
    group by brand_code
),

due as (
    select
        brand_code,
        exists (
            from memberships as later
            where
                later.brand_code = memberships.brand_code
                and later.member_id = memberships.member_id
                and later.program = memberships.program
                and later.is_paid and later.started_at > memberships.started_at
                and later.started_date <= memberships.ends_date + 30
        ) as is_renewed
    from memberships
    where is_paid and date_diff('day', ends_date, as_of()) between 0 and 364
),

renewals as (
    select brand_code, count(*) as due_count, count(*) filter (where is_renewed) as renewed_count
    from due
    group by brand_code
),

buyers as (
    select
        members.brand_code,
        count(*) as typed_count,
        count(*) filter (where members.is_cross_buyer) as cross_count
    from marts.member_360 as members
    where members.member_id in (
        select member_id from bought_categories
        where product_type is not null and date_diff('day', last_bought_date, as_of()) < 90
    )
    group by members.brand_code
)

select
    brands.brand_code,
    as_of() as as_of_date,
    365 as window_days,
    cast(coalesce(points.issued, 0) as bigint) as points_issued,
    cast(coalesce(points.redeemed, 0) as bigint) as points_redeemed,
    cast(coalesce(points.expired, 0) as bigint) as points_expired,
    ratio(points.redeemed, points.issued) as points_redeem_rate,
    -- files have no coupons
    cast(0 as bigint) as benefit_issued_count,
    cast(0 as bigint) as benefit_used_count,
    cast(null as numeric(18, 6)) as benefit_use_rate,
    (
        select count(distinct member_id) from marts.member_level_hist as levels
        where levels.brand_code = brands.brand_code and is_current and is_paid
    ) as paid_member_count,
    coalesce(renewals.due_count, 0) as due_count,
    coalesce(renewals.renewed_count, 0) as renewed_count,
    ratio(renewals.renewed_count, renewals.due_count) as renewal_rate,
    coalesce(buyers.typed_count, 0) as typed_buyer_count,
    coalesce(buyers.cross_count, 0) as cross_buyer_count,
    ratio(buyers.cross_count, buyers.typed_count) as cross_buy_rate
from marts.dim_brands as brands
left join points on brands.brand_code = points.brand_code
left join renewals on brands.brand_code = renewals.brand_code
left join buyers on brands.brand_code = buyers.brand_code;

create table marts.member_cohort as
with buyers as (
    select member_id, brand_code, month_of(first_order_date) as cohort_month
    from marts.dim_members
    where first_order_date is not null
),

cohorts as (
    select
        brand_code,
        cohort_month,
        count(*) as cohort_size,
        unnest(generate_series(0, date_diff('month', cohort_month, as_of()))) as month_number
    from buyers
    group by brand_code, cohort_month
),

active as (
    select
        buyers.brand_code,
        buyers.cohort_month,
        buyers.member_id,
        date_diff('month', buyers.cohort_month, orders.paid_date) as month_number,
        count(*) as order_count,
        row_number() over (
            partition by buyers.member_id order by date_diff('month', buyers.cohort_month, orders.paid_date)
        ) as active_month_number
    from marts.fct_orders as orders
    join buyers on orders.member_id = buyers.member_id
    where orders.is_valid
    group by buyers.brand_code, buyers.cohort_month, buyers.member_id, month_number
),

activity as (
    select
        brand_code,
        cohort_month,
        month_number,
        count(*) as active_count,
        sum(order_count) as order_count,
        count(*) filter (where active_month_number = 2) as first_return_count
    from active
    group by all
),

months as (
    select
        cohorts.*,
        cast(cohorts.cohort_month + to_months(cast(cohorts.month_number as integer)) as date) as activity_month,
        coalesce(activity.active_count, 0) as active_count,
        coalesce(activity.order_count, 0) as order_count,
        sum(coalesce(activity.first_return_count, 0)) over (
            partition by cohorts.brand_code, cohorts.cohort_month order by cohorts.month_number
        ) as returned_count
    from cohorts
    left join activity using (brand_code, cohort_month, month_number)
)

select
    brand_code,
    cohort_month,
    cast(month_number as integer) as month_number,
    as_of() as as_of_date,
    activity_month,
    last_day(activity_month) <= as_of() as is_month_complete,
    cohort_size,
    active_count,
    cast(returned_count as bigint) as returned_count,
    cast(order_count as bigint) as order_count,
    if(last_day(activity_month) <= as_of(), ratio(active_count, cohort_size), null) as retention_rate,
    if(last_day(activity_month) <= as_of(), ratio(returned_count, cohort_size), null) as cumulative_rate
from months;

-- one row per brand, channel ('all' is the brand as a whole), day and window: single days, and at the last day and the
-- twelve month ends before it the 30, 90 and 365 days that end there
create table marts.kpi_daily as
with sales as (
    select
        brand_code,
        channel_code,
        paid_date as day,
        coalesce(sum(paid_amount) filter (where is_counted), 0) as gmv,
        coalesce(sum(refunded_amount) filter (where is_counted), 0) as refunded,
        coalesce(sum(net_amount) filter (where is_counted and member_id <> 'unknown'), 0) as identified_net,
        coalesce(sum(paid_amount) filter (where is_brushing), 0) as brushing_amount,
        count(*) filter (where is_brushing) as brushing_count,
        count(*) filter (where is_counted) as order_count,
        count(*) filter (where is_counted and member_id <> 'unknown') as identified_count,
        count(*) filter (where is_valid) as valid_count,
        count(*) filter (where is_valid and member_id <> 'unknown') as identified_valid_count,
        count(*) filter (where is_valid and is_enrolled) as member_count,
        count(*) filter (where is_valid and is_enrolled and member_order_number >= 2) as member_repeat_count,
        coalesce(sum(unit_count) filter (where is_valid), 0) as units,
        count(*) filter (where is_valid and unit_count is null) as without_units,
        0 as refunded_on_day,
        0 as unlinked,
        0 as mature_firsts,
        0 as seconds
    from marts.fct_orders
    where is_paid
    group by all
),

refunds as (
    select
        refunds.brand_code,
        refunds.channel_code,
        refunds.refunded_date as day,
        sum(refunds.applied_amount) as refunded_on_day,
        coalesce(sum(refunds.applied_amount) filter (where refunds.order_key is null), 0) as unlinked,
        coalesce(
            -sum(refunds.applied_amount) filter (where refunds.order_key is null and refunds.member_id <> 'unknown'), 0
        ) as identified_net
    from marts.fct_refunds as refunds
    left join marts.fct_orders as orders on refunds.order_key = orders.order_key
    where not refunds.is_excluded and (refunds.order_key is null or orders.is_counted)
    group by all
),

-- on the day on which a first order is 90 days old: was there a second one within them?
first_orders as (
    select
        firsts.brand_code,
        firsts.channel_code,
        firsts.paid_date + 90 as day,
        count(*) as mature_firsts,
        count(*) filter (where date_diff('day', firsts.paid_date, seconds.paid_date) <= 90) as seconds
    from marts.fct_orders as firsts
    left join marts.fct_orders as seconds
        on firsts.member_id = seconds.member_id and seconds.member_order_number = 2
    where firsts.member_order_number = 1 and firsts.paid_date + 90 <= as_of()
    group by all
),

figures_per_day as (
    select
        brand_code,
        coalesce(channel_code, 'all') as channel_code,
        day,
        sum(columns(* exclude (brand_code, channel_code, day)))
    from (
        from sales
        union all by name
        from refunds
        union all by name
        from first_orders
    )
    group by grouping sets ((brand_code, channel_code, day), (brand_code, day))
),

scopes as (
    select
        brand_code,
        channel_code,
        min(day) as first_day,
        row_number() over (order by brand_code, channel_code) as scope
    from figures_per_day
    group by brand_code, channel_code
),

enrolment as (
    select
        brand_code, coalesce(channel_code, 'all') as channel_code, bool_and(is_enrolled is not null) as is_stated
    from marts.fct_orders
    group by grouping sets ((brand_code, channel_code), (brand_code))
),

windows as (
    select last_day, unnest([30, 90, 365]) as days
    from (
        select as_of() as last_day
        union all
        select cast(date_trunc('month', as_of()) - to_months(cast(months as integer)) - interval 1 day as date)
        from range(12) as m (months)
    )
),

days_of_windows as (
    select days.day, windows.last_day, windows.days
    from (select distinct day from figures_per_day) as days
    join windows on days.day > windows.last_day - windows.days and days.day <= windows.last_day
),

days_of_windows_before as (
    select days.day, windows.last_day, windows.days
    from (select distinct day from figures_per_day) as days
    join windows
        on days.day > windows.last_day - 2 * windows.days and days.day <= windows.last_day - windows.days
),

kpi_rows as (
    select
        brand_code, channel_code, first_day, scope,
        cast(unnest(generate_series(first_day, as_of(), interval 1 day)) as date) as last_day, 1 as days
    from scopes
    union all
    select scopes.*, windows.last_day, windows.days
    from scopes
    join windows on scopes.first_day <= windows.last_day
),

figures as (
    select * rename (day as last_day), 1 as days from figures_per_day
    union all by name
    select
        figures_per_day.brand_code,
        figures_per_day.channel_code,
        days_of_windows.last_day,
        days_of_windows.days,
        sum(columns(figures_per_day.* exclude (brand_code, channel_code, day)))
    from figures_per_day
    join days_of_windows on figures_per_day.day = days_of_windows.day
    group by all
),

-- numbers for persons and channels: the widest step groups by them
persons as (
    select member_id, first_order_date, row_number() over (order by member_id) as person
    from marts.dim_members
    where first_order_date is not null
),

buyers_per_channel_day as (
    select
        channel_scopes.scope,
        brand_scopes.scope as brand_scope,
        persons.person,
        orders.paid_date as day,
        count(*) as order_count,
        cast(sum(orders.net_amount) as numeric(18, 2)) as net_amount
    from marts.fct_orders as orders
    join scopes as channel_scopes
        on orders.brand_code = channel_scopes.brand_code and orders.channel_code = channel_scopes.channel_code
    join scopes as brand_scopes
        on orders.brand_code = brand_scopes.brand_code and brand_scopes.channel_code = 'all'
    join persons on orders.member_id = persons.member_id
    where orders.member_order_number is not null
    group by all
),

buyers_per_day as (
    select scope, person, day, order_count, net_amount from buyers_per_channel_day
    union all
    select
        brand_scope, person, day, cast(sum(order_count) as bigint), cast(sum(net_amount) as numeric(18, 2))
    from buyers_per_channel_day
    group by all
),

buyers_per_window as (
    select scope, day as last_day, 1 as days, person, order_count, net_amount from buyers_per_day
    union all
    select
        buyers.scope,
        windows.last_day,
        windows.days,
        buyers.person,
        cast(sum(buyers.order_count) as bigint),
        cast(sum(buyers.net_amount) as numeric(18, 2))
    from buyers_per_day as buyers
    join days_of_windows as windows on buyers.day = windows.day
    group by all
),

-- the largest spenders stand first, so that the sum of the first fifth is the sum over these places
buyers as (
    select
        scope,
        last_day,
        days,
        any_value(buyer_count) as buyer_count,
        count(*) filter (where days > date_diff('day', first_order_date, last_day)) as new_buyer_count,
        count(*) filter (where order_count >= 2) as repeat_buyer_count,
        sum(net_amount) as net_amount,
        sum(net_amount) filter (where place <= ceil(0.2 * buyer_count)) as top_net_amount
    from (
        select
            buyers.*,
            persons.first_order_date,
            count(*) over (partition by scope, last_day, days) as buyer_count,
            row_number() over (partition by scope, last_day, days order by net_amount desc) as place
        from buyers_per_window as buyers
        join persons on buyers.person = persons.person
    )
    group by scope, last_day, days
),

-- a person's last day of buying in the window before stands for the person in that window
last_days as (
    select scope, day, next_day, count(*) as buyer_count
    from (
        select scope, day, lead(day) over (partition by scope, person order by day) as next_day
        from buyers_per_day
    )
    group by all
),

buyers_before as (
    select
        scope,
        day + 1 as last_day,
        1 as days,
        sum(buyer_count) as buyer_count,
        sum(buyer_count) filter (where next_day = day + 1) as returning_count
    from last_days
    group by scope, day
    union all
    select
        last_days.scope,
        windows.last_day,
        windows.days,
        sum(last_days.buyer_count),
        sum(last_days.buyer_count) filter (where last_days.next_day <= windows.last_day)
    from last_days
    join days_of_windows_before as windows on last_days.day = windows.day
    where last_days.next_day is null or last_days.next_day > windows.last_day - windows.days
    group by all
),

together as (
    select
        kpi_rows.brand_code,
        kpi_rows.channel_code,
        kpi_rows.last_day,
        kpi_rows.days,
        coalesce(columns(figures.* exclude (brand_code, channel_code, last_day, days)), 0),
        coalesce(buyers.buyer_count, 0) as buyer_count,
        coalesce(buyers.new_buyer_count, 0) as new_buyer_count,
        coalesce(buyers.repeat_buyer_count, 0) as repeat_buyer_count,
        buyers.net_amount as buyer_net_amount,
        buyers.top_net_amount,
        coalesce(buyers_before.buyer_count, 0) as previous_buyer_count,
        coalesce(buyers_before.returning_count, 0) as returning_buyer_count,
        coalesce(enrolment.is_stated, false) as has_enrolment_data,
        kpi_rows.last_day - kpi_rows.days >= kpi_rows.first_day - 1 as is_complete
    from kpi_rows
    left join enrolment
        on kpi_rows.brand_code = enrolment.brand_code and kpi_rows.channel_code = enrolment.channel_code
    left join figures
        on
            kpi_rows.brand_code = figures.brand_code
            and kpi_rows.channel_code = figures.channel_code
            and kpi_rows.last_day = figures.last_day
            and kpi_rows.days = figures.days
    left join buyers
        on
            kpi_rows.scope = buyers.scope
            and kpi_rows.last_day = buyers.last_day
            and kpi_rows.days = buyers.days
    left join buyers_before
        on
            kpi_rows.scope = buyers_before.scope
            and kpi_rows.last_day = buyers_before.last_day
            and kpi_rows.days = buyers_before.days
),

with_net as (
    select
        *,
        gmv - refunded - unlinked as net_revenue,
        if(without_units = 0, units, null) as known_units
    from together
)

select
    as_of() as as_of_date,
    last_day as business_date,
    brand_code,
    channel_code,
    cast(days as integer) as window_days,
    reporting() as currency_code,
    cast(gmv as numeric(18, 2)) as gmv_amount,
    cast(refunded as numeric(18, 2)) as refund_amount,
    cast(unlinked as numeric(18, 2)) as unlinked_refund_amount,
    cast(net_revenue as numeric(18, 2)) as net_revenue_amount,
    cast(refunded_on_day as numeric(18, 2)) as refunded_on_day_amount,
    cast(order_count as bigint) as order_count,
    cast(valid_count as bigint) as valid_order_count,
    cast(identified_count as bigint) as identified_order_count,
    ratio(identified_count, order_count) as order_identified_rate,
    cast(brushing_count as bigint) as brushing_count,
    cast(brushing_amount as numeric(18, 2)) as brushing_amount,
    cast(buyer_count as bigint) as buyer_count,
    cast(new_buyer_count as bigint) as new_buyer_count,
    cast(buyer_count - new_buyer_count as bigint) as existing_buyer_count,
    cast(repeat_buyer_count as bigint) as repeat_buyer_count,
    ratio(repeat_buyer_count, buyer_count) as repurchase_rate,
    cast(previous_buyer_count as bigint) as previous_buyer_count,
    cast(returning_buyer_count as bigint) as returning_buyer_count,
    ratio(returning_buyer_count, previous_buyer_count) as returning_buyer_rate,
    cast(mature_firsts as bigint) as mature_first_order_count,
    cast(seconds as bigint) as second_order_count,
    ratio(seconds, mature_firsts) as second_order_rate,
    ratio(top_net_amount, buyer_net_amount) as top20_buyer_revenue_share,
    cast(if(has_enrolment_data, member_count, null) as bigint) as member_order_count,
    cast(if(has_enrolment_data, member_repeat_count, null) as bigint) as member_repeat_order_count,
    has_enrolment_data,
    cast(known_units as bigint) as unit_count,
    ratio(identified_net, buyer_count) as spend_per_buyer,
    ratio(net_revenue, valid_count) as aov,
    ratio(identified_valid_count, buyer_count) as frequency,
    ratio(known_units, valid_count) as units_per_transaction,
    ratio(net_revenue, known_units) as unit_price,
    is_complete
from with_net;

create table marts.channel_roi as
with sales as (
    select
        brand_code,
        channel_code,
        month_of(paid_date) as month,
        count(*) filter (where is_valid) as order_count,
        sum(net_amount) as net_amount,
        sum(cost_of_goods_amount) as cost_of_goods,
        bool_or(cost_of_goods_amount is null) as has_unknown_cost
    from marts.fct_orders
    where is_counted
    group by all
),

-- a refund of no known order lessens the month it was paid back in
refunds as (
    select brand_code, channel_code, month_of(refunded_date) as month, sum(applied_amount) as amount
    from marts.fct_refunds
    where order_key is null and not is_excluded
    group by all
),

-- commission and gifts lessen CM2, unless they were spent on acquisition; the rest is what returns are held against
costs as (
    select
        costs.brand_code,
        costs.channel_code,
        month_of(costs.cost_date) as month,
        list_sort(list(distinct costs.cost_type)) as cost_types,
        sum(costs.cost_amount) filter (where cost_types.is_in_cm2 and costs.cost_purpose <> 'acquisition')
            as commission_and_gifts,
        sum(costs.cost_amount) filter (where not cost_types.is_in_cm2 or costs.cost_purpose = 'acquisition')
            as cost_amount
    from marts.fct_costs as costs
    join cost_types on costs.cost_type = cost_types.cost_type
    group by all
),

months as (
    select brand_code, channel_code, month from sales
    union
    select brand_code, channel_code, month from refunds
    union
    select brand_code, channel_code, month from costs
),

periods as (
    select
        brand_code,
        channel_code,
        period,
        period = 'lifetime' or last_day(max(month)) <= as_of() as is_complete,
        coalesce(sum(order_count), 0) as order_count,
        sum(net_amount) as net_amount,
        coalesce(sum(cost_of_goods), 0) as cost_of_goods,
        coalesce(bool_or(has_unknown_cost), false) as has_unknown_cost,
        coalesce(
            list_sort(list_distinct(flatten(list(cost_types) filter (where cost_types is not null)))),
            cast([] as varchar[])
        ) as cost_types,
        coalesce(sum(commission_and_gifts), 0) as commission_and_gifts,
        sum(cost_amount) as cost_amount
    from (
        select
            months.*,
            sales.order_count,
            coalesce(sales.net_amount, 0) - coalesce(refunds.amount, 0) as net_amount,
            sales.cost_of_goods,
            sales.has_unknown_cost,
            costs.cost_types,
            costs.commission_and_gifts,
            costs.cost_amount,
            unnest([strftime(months.month, '%Y-%m'), 'lifetime']) as period
        from months
        left join sales using (brand_code, channel_code, month)
        left join refunds using (brand_code, channel_code, month)
        left join costs using (brand_code, channel_code, month)
    )
    group by brand_code, channel_code, period
),

returns as (
    select
        *,
        if(has_unknown_cost, null, net_amount - cost_of_goods - commission_and_gifts) as cm2,
        ratio(net_amount, cost_amount) as roas,
        ratio(cm2 - cost_amount, cost_amount) as roi
    from periods
),

-- what the same money would have brought in each other channel of the period
alternatives as (
    select
        own.brand_code,
        own.channel_code,
        own.period,
        other.channel_code as other_channel,
        other.cost_types as other_cost_types,
        own.cost_types = other.cost_types as is_comparable,
        other.roas as other_roas,
        other.roi as other_roi,
        own.net_amount - cast(other.net_amount as double) * own.cost_amount / other.cost_amount as revenue_gap,
        own.cm2 - cast(other.cm2 as double) * own.cost_amount / other.cost_amount as cm2_gap
    from returns as own
    join returns as other
        on
            own.brand_code = other.brand_code
            and own.period = other.period
            and own.channel_code <> other.channel_code
    where own.cost_amount > 0 and other.cost_amount > 0
),

best_by_roas as (
    select *
    from alternatives
    qualify row_number() over (
        partition by brand_code, channel_code, period
        order by is_comparable desc, other_roas desc, other_channel
    ) = 1
),

best_by_roi as (
    select *
    from alternatives
    qualify row_number() over (
        partition by brand_code, channel_code, period
        order by is_comparable desc, other_roi desc nulls last, other_channel
    ) = 1
)

select
    returns.brand_code,
    returns.period,
    returns.channel_code,
    as_of() as as_of_date,
    returns.is_complete as is_period_complete,
    reporting() as currency_code,
    cast(returns.order_count as bigint) as order_count,
    cast(returns.net_amount as numeric(18, 2)) as net_revenue_amount,
    cast(if(returns.has_unknown_cost, null, returns.cost_of_goods) as numeric(18, 2)) as cost_of_goods_amount,
    not returns.has_unknown_cost as is_cost_of_goods_known,
    cast(returns.commission_and_gifts as numeric(18, 2)) as commission_and_gift_amount,
    cast(returns.cm2 as numeric(18, 2)) as cm2_amount,
    cast(returns.cost_amount as numeric(18, 2)) as cost_amount,
    returns.cost_types,
    returns.roas,
    returns.roi,
    best_by_roas.other_channel as next_best_channel_code,
    best_by_roas.other_cost_types as next_best_cost_types,
    cast(if(best_by_roas.is_comparable, best_by_roas.revenue_gap, null) as numeric(18, 2))
        as opportunity_gap_revenue_amount,
    best_by_roi.other_channel as next_best_cm2_channel_code,
    cast(if(best_by_roi.is_comparable, best_by_roi.cm2_gap, null) as numeric(18, 2)) as opportunity_gap_cm2_amount,
    case
        when coalesce(returns.cost_amount, 0) = 0 then 'no_cost'
        when best_by_roas.other_channel is null then 'no_alternative'
        when best_by_roas.is_comparable then 'compared'
        else 'cost_rule_mismatch'
    end as opportunity_gap_status
from returns
left join best_by_roas using (brand_code, channel_code, period)
left join best_by_roi using (brand_code, channel_code, period);

-- what an order brought, and what each refund took back, with the cost of the goods that came back
create temp table value_events as
with commission_and_gifts as (
    select costs.brand_code, costs.channel_code, month_of(costs.cost_date) as month, sum(costs.cost_amount) as amount
    from marts.fct_costs as costs
    join cost_types on costs.cost_type = cost_types.cost_type
    where cost_types.is_in_cm2 and costs.cost_purpose <> 'acquisition'
    group by all
),

-- spread over the orders of the channel and month in proportion to their net revenue
spread as (
    select
        orders.brand_code,
        orders.channel_code,
        month_of(orders.paid_date) as month,
        cast(any_value(commission_and_gifts.amount) as double) / sum(orders.net_amount) as per_net_amount
    from marts.fct_orders as orders
    join commission_and_gifts
        on
            orders.brand_code = commission_and_gifts.brand_code
            and orders.channel_code = commission_and_gifts.channel_code
            and month_of(orders.paid_date) = commission_and_gifts.month
    where orders.is_counted
    group by all
    having sum(orders.net_amount) > 0
),

orders as (
    select
        orders.order_key,
        orders.member_id,
        orders.paid_date,
        orders.paid_amount,
        known.cost_amount,
        cast(orders.net_amount * coalesce(spread.per_net_amount, 0) as numeric(18, 6)) as commission_and_gifts
    from marts.fct_orders as orders
    join orders_known as known on orders.order_key = known.order_key
    left join spread
        on
            orders.brand_code = spread.brand_code
            and orders.channel_code = spread.channel_code
            and month_of(orders.paid_date) = spread.month
    where orders.is_counted and orders.member_id <> 'unknown'
),

refunds as (
    select
        orders.*,
        refunds.applied_amount,
        greatest(refunds.refunded_date, orders.paid_date) as day,
        sum(refunds.applied_amount) over (
            partition by refunds.order_key order by refunds.refunded_at, refunds.refund_key rows unbounded preceding
        ) as refunded_so_far
    from marts.fct_refunds as refunds
    join orders on refunds.order_key = orders.order_key
    where refunds.applied_amount > 0
)

select
    member_id, paid_date, paid_date as day, paid_amount as revenue, cost_amount as cost_of_goods, commission_and_gifts
from orders
union all
select
    member_id,
    paid_date,
    day,
    -applied_amount,
    cost_kept(cost_amount, paid_amount, refunded_so_far)
    - cost_kept(cost_amount, paid_amount, refunded_so_far - applied_amount),
    0
from refunds;

-- cohorts of first orders: what they cost to win, and what they brought within 30 to 365 days
create table marts.ltv_cac as
with buyers as (
    select
        member_id,
        brand_code,
        first_channel_code as channel_code,
        first_order_date,
        month_of(first_order_date) as cohort_month
    from marts.dim_members
    where first_order_date is not null
),

values_of_cohorts as (
    select
        buyers.brand_code,
        buyers.cohort_month,
        buyers.channel_code,
        date_diff('day', buyers.first_order_date, events.day) as age,
        events.revenue,
        events.revenue - events.cost_of_goods - events.commission_and_gifts as cm2,
        events.cost_of_goods is null as is_cost_unknown
    from value_events as events
    join buyers on events.member_id = buyers.member_id
    where events.paid_date >= buyers.first_order_date
),

earned as (
    select
        brand_code,
        cohort_month,
        channel_code,
        coalesce(sum(revenue) filter (where age <= 30), 0) as revenue_30,
        coalesce(sum(revenue) filter (where age <= 60), 0) as revenue_60,
        coalesce(sum(revenue) filter (where age <= 90), 0) as revenue_90,
        coalesce(sum(revenue) filter (where age <= 180), 0) as revenue_180,
        coalesce(sum(revenue) filter (where age <= 365), 0) as revenue_365,
        coalesce(sum(cm2) filter (where age <= 30), 0) as cm2_30,
        coalesce(sum(cm2) filter (where age <= 60), 0) as cm2_60,
        coalesce(sum(cm2) filter (where age <= 90), 0) as cm2_90,
        coalesce(sum(cm2) filter (where age <= 180), 0) as cm2_180,
        coalesce(sum(cm2) filter (where age <= 365), 0) as cm2_365,
        bool_or(is_cost_unknown) as has_unknown_cost
    from values_of_cohorts
    where age <= 365
    group by all
),

new_buyers as (
    select
        brand_code, cohort_month, channel_code, count(*) as new_buyer_count,
        max(first_order_date) as latest_first_order_date
    from buyers
    group by all
),

added as (
    select
        brand_code, month_of(business_date(added_at)) as cohort_month, channel_code, count(*) as added_count
    from marts.dim_members
    where added_at is not null
    group by all
),

won_at as (
    select brand_code, month_of(cost_date) as cohort_month, channel_code, sum(cost_amount) as acquisition_cost
    from marts.fct_costs
    where cost_purpose = 'acquisition'
    group by all
),

cohorts as (
    select brand_code, cohort_month, channel_code from new_buyers
    union
    select brand_code, cohort_month, channel_code from added
    union
    select brand_code, cohort_month, channel_code from won_at
),

-- each row under its own channel and under 'all'; a sum leaves out what a channel does not know
summed as (
    select
        brand_code,
        cohort_month,
        in_channel as channel_code,
        sum(new_buyer_count) as new_buyer_count,
        max(latest_first_order_date) as latest_first_order_date,
        sum(added_count) as added_count,
        sum(acquisition_cost) as acquisition_cost,
        coalesce(bool_or(has_unknown_cost), false) as has_unknown_cost,
        sum(columns('^(revenue|cm2)_')),
        date_diff(
            'day', max(max(latest_first_order_date)) over (partition by brand_code, cohort_month), as_of()
        ) as age
    from (
        select
            cohorts.*,
            coalesce(new_buyers.new_buyer_count, 0) as new_buyer_count,
            new_buyers.latest_first_order_date,
            if(stating.channel_code is null, null, coalesce(added.added_count, 0)) as added_count,
            won_at.acquisition_cost,
            earned.* exclude (brand_code, cohort_month, channel_code),
            unnest([cohorts.channel_code, 'all']) as in_channel
        from cohorts
        left join new_buyers using (brand_code, cohort_month, channel_code)
        left join added using (brand_code, cohort_month, channel_code)
        left join (select distinct brand_code, channel_code from added) as stating using (brand_code, channel_code)
        left join won_at using (brand_code, cohort_month, channel_code)
        left join earned using (brand_code, cohort_month, channel_code)
    )
    group by brand_code, cohort_month, in_channel
),

-- only horizons that the whole cohort has reached, and CM2 only where every cost of goods is known
reached as (
    select
        * replace (
            if(age >= 30, revenue_30, null) as revenue_30,
            if(age >= 60, revenue_60, null) as revenue_60,
            if(age >= 90, revenue_90, null) as revenue_90,
            if(age >= 180, revenue_180, null) as revenue_180,
            if(age >= 365, revenue_365, null) as revenue_365,
            if(age >= 30 and not has_unknown_cost, cm2_30, null) as cm2_30,
            if(age >= 60 and not has_unknown_cost, cm2_60, null) as cm2_60,
            if(age >= 90 and not has_unknown_cost, cm2_90, null) as cm2_90,
            if(age >= 180 and not has_unknown_cost, cm2_180, null) as cm2_180,
            if(age >= 365 and not has_unknown_cost, cm2_365, null) as cm2_365
        )
    from summed
)

select
    brand_code,
    cohort_month,
    channel_code,
    as_of() as as_of_date,
    cast(new_buyer_count as bigint) as new_buyer_count,
    cast(added_count as bigint) as added_member_count,
    cast(age as integer) as cohort_age_days,
    reporting() as currency_code,
    cast(acquisition_cost as numeric(18, 2)) as acquisition_cost_amount,
    acquisition_cost is not null as has_acquisition_cost,
    per_head(acquisition_cost, new_buyer_count) as cac,
    if(has_unknown_cost, 'net_revenue', 'cm2') as ltv_basis,
    per_head(revenue_30, new_buyer_count) as net_revenue_ltv_30,
    per_head(revenue_60, new_buyer_count) as net_revenue_ltv_60,
    per_head(revenue_90, new_buyer_count) as net_revenue_ltv_90,
    per_head(revenue_180, new_buyer_count) as net_revenue_ltv_180,
    per_head(revenue_365, new_buyer_count) as net_revenue_ltv_365,
    per_head(cm2_30, new_buyer_count) as cm2_ltv_30,
    per_head(cm2_60, new_buyer_count) as cm2_ltv_60,
    per_head(cm2_90, new_buyer_count) as cm2_ltv_90,
    per_head(cm2_180, new_buyer_count) as cm2_ltv_180,
    per_head(cm2_365, new_buyer_count) as cm2_ltv_365,
    per_head(cm2_30, added_count) as ltv_per_add_30,
    per_head(cm2_60, added_count) as ltv_per_add_60,
    per_head(cm2_90, added_count) as ltv_per_add_90,
    per_head(cm2_180, added_count) as ltv_per_add_180,
    per_head(cm2_365, added_count) as ltv_per_add_365,
    ratio(cm2_30, acquisition_cost) as ltv_to_cac_30,
    ratio(cm2_60, acquisition_cost) as ltv_to_cac_60,
    ratio(cm2_90, acquisition_cost) as ltv_to_cac_90,
    ratio(cm2_180, acquisition_cost) as ltv_to_cac_180,
    ratio(cm2_365, acquisition_cost) as ltv_to_cac_365
from reached;

-- each way of winning persons: how many, what it cost, and what they brought within 90 days
create table marts.acquisition_roi as
with acquired as (
    select
        member_id,
        brand_code,
        acquisition_scheme,
        coalesce(acquisition_method, 'unknown') as acquisition_method,
        business_date(added_at) as acquired_date
    from marts.member_360
    where acquisition_scheme is not null
),

brought as (
    select
        acquired.member_id,
        sum(events.revenue) as revenue,
        sum(events.revenue - events.cost_of_goods - events.commission_and_gifts) as amount,
        bool_or(events.cost_of_goods is null) as has_unknown_cost
    from value_events as events
    join acquired on events.member_id = acquired.member_id
    where
        events.paid_date >= acquired.acquired_date
        and date_diff('day', acquired.acquired_date, events.day) <= 90
    group by acquired.member_id
),

won as (
    select
        acquired.*,
        brought.revenue,
        brought.amount,
        brought.has_unknown_cost,
        date_diff('day', acquired.acquired_date, as_of()) >= 90 as is_mature
    from acquired
    left join brought on acquired.member_id = brought.member_id
),

won_by_method as (
    select
        brand_code,
        acquisition_scheme,
        acquisition_method,
        count(*) as member_count,
        min(acquired_date) as since,
        count(*) filter (where is_mature) as mature_count,
        coalesce(sum(revenue) filter (where is_mature), 0) as revenue,
        coalesce(sum(amount) filter (where is_mature), 0) as amount,
        coalesce(bool_or(has_unknown_cost) filter (where is_mature), false) as has_unknown_cost
    from won
    group by all
),

spent as (
    select
        costs.brand_code,
        methods.acquisition_scheme,
        costs.acquisition_method,
        sum(costs.cost_amount) as amount
    from marts.fct_costs as costs
    join acquisition_methods as methods on costs.acquisition_method = methods.acquisition_method
    where costs.cost_purpose = 'acquisition'
    group by all
),

asked as (
    select
        won_by_method.brand_code,
        won_by_method.acquisition_scheme,
        won_by_method.acquisition_method,
        count(distinct orders.member_id) as member_count
    from won_by_method
    join acquisition_methods as methods
        on won_by_method.acquisition_method = methods.acquisition_method and methods.is_after_payment
    join marts.fct_orders as orders
        on
            won_by_method.brand_code = orders.brand_code
            and won_by_method.since <= orders.paid_date
            and orders.is_paid
            and orders.member_id <> 'unknown'
    group by all
)

select
    brand_code,
    acquisition_scheme,
    acquisition_method,
    as_of() as as_of_date,
    coalesce(won_by_method.member_count, 0) as member_count,
    asked.member_count as asked_member_count,
    ratio(won_by_method.member_count, asked.member_count) as add_rate,
    reporting() as currency_code,
    cast(spent.amount as numeric(18, 2)) as cost_amount,
    ratio(spent.amount, won_by_method.member_count) as cost_per_member,
    coalesce(won_by_method.mature_count, 0) as mature_member_count,
    cast(if(won_by_method.mature_count > 0, won_by_method.revenue, null) as numeric(18, 2)) as net_revenue_90_amount,
    ratio(won_by_method.revenue, won_by_method.mature_count) as net_revenue_90_per_member,
    cast(
        case when not won_by_method.has_unknown_cost and won_by_method.mature_count > 0 then won_by_method.amount end
        as numeric(18, 2)
    ) as value_90_amount,
    ratio(case when not won_by_method.has_unknown_cost then won_by_method.amount end, won_by_method.mature_count)
        as value_90_per_member
from won_by_method
full join spent using (brand_code, acquisition_scheme, acquisition_method)
left join asked using (brand_code, acquisition_scheme, acquisition_method);

-- each treated arm against the campaign's holdouts: orders within 14 days of the first touch, intervals of 95 %
create table marts.campaign_lift as
with assigned as (
    select
        campaign_code,
        member_id,
        min(arm) as arm,
        min(arm) <> max(arm) as is_in_two_arms,
        min(touched_at) as assigned_at,
        min(touched_date) + 14 <= as_of() as is_complete
    from marts.fct_touches
    group by campaign_code, member_id
),

-- persons with their orders
outcomes as (
    select
        assigned.campaign_code,
        assigned.arm,
        assigned.member_id,
        assigned.is_in_two_arms,
        assigned.is_complete,
        count(orders.order_key) as order_count,
        coalesce(sum(orders.net_amount), 0) as net_amount
    from assigned
    left join marts.fct_orders as orders
        on
            assigned.member_id = orders.member_id
            and orders.is_valid
            and assigned.assigned_at <= orders.paid_at
            and assigned.assigned_at + to_days(14) > orders.paid_at
    group by all
),

in_two_arms as (
    select campaign_code, count(*) filter (where is_in_two_arms) as persons_in_two_arms_count
    from outcomes
    group by campaign_code
),

outcomes_of_arms as (
    select
        campaign_code,
        arm,
        count(*) as assigned_count,
        count(*) filter (where is_complete) as person_count,
        count(*) filter (where is_complete and order_count > 0) as buyer_count,
        coalesce(sum(net_amount) filter (where is_complete), 0) as net_amount,
        coalesce(sum(net_amount * net_amount) filter (where is_complete), 0) as net_amount_squares
    from outcomes
    where not is_in_two_arms
    group by campaign_code, arm
),

arms as (
    select
        planned.*,
        coalesce(columns(outcomes_of_arms.* exclude (campaign_code, arm)), 0)
    from (
        select
            campaign_code,
            arm,
            min(brand_code) as brand_code,
            bool_or(is_holdout) as is_holdout,
            if(min(planned_share) = max(planned_share), min(planned_share), null) as planned_share
        from marts.fct_touches
        group by campaign_code, arm
    ) as planned
    left join outcomes_of_arms using (campaign_code, arm)
),

holdouts as (
    select
        campaign_code,
        if(bool_and(planned_share is not null), sum(planned_share), null) as planned_share,
        sum(columns(* exclude (campaign_code, arm, brand_code, is_holdout, planned_share)))
    from arms
    where is_holdout
    group by campaign_code
),

compared as (
    select
        t.*,
        h.campaign_code is not null as has_holdout,
        h.planned_share as holdout_planned_share,
        coalesce(h.assigned_count, 0) as holdout_assigned_count,
        coalesce(h.person_count, 0) as holdout_person_count,
        coalesce(h.buyer_count, 0) as holdout_buyer_count,
        coalesce(h.net_amount, 0) as holdout_net_amount,
        t.assigned_count + h.assigned_count as n,
        cast(t.planned_share as double) / nullif(t.planned_share + h.planned_share, 0) as expected_share,
        cast(t.buyer_count as double) / nullif(t.person_count, 0) as rate,
        cast(h.buyer_count as double) / nullif(h.person_count, 0) as holdout_rate,
        cast(t.buyer_count + h.buyer_count as double) / nullif(t.person_count + h.person_count, 0) as pooled_rate,
        cast(t.net_amount as double) / nullif(t.person_count, 0) as value,
        cast(h.net_amount as double) / nullif(h.person_count, 0) as holdout_value,
        case
            when t.person_count > 1
                then greatest(
                    cast(t.net_amount_squares as double)
                    - cast(t.net_amount as double) * cast(t.net_amount as double) / t.person_count, 0
                ) / (t.person_count - 1)
        end as variance,
        case
            when h.person_count > 1
                then greatest(
                    cast(h.net_amount_squares as double)
                    - cast(h.net_amount as double) * cast(h.net_amount as double) / h.person_count, 0
                ) / (h.person_count - 1)
        end as holdout_variance
    from arms as t
    left join holdouts as h on t.campaign_code = h.campaign_code
    where not t.is_holdout
),

-- half widths of the 95 % intervals: 1.96 standard errors
errors as (
    select
        *,
        rate - holdout_rate as rate_lift,
        value - holdout_value as value_lift,
        1.959963984540054 * nullif(sqrt(
            rate * (1 - rate) / person_count + holdout_rate * (1 - holdout_rate) / holdout_person_count
        ), 0) as rate_margin,
        1.959963984540054 * nullif(sqrt(variance / person_count + holdout_variance / holdout_person_count), 0)
            as value_margin,
        two_sided_p(rate_lift / nullif(sqrt(
            pooled_rate * (1 - pooled_rate) * (1.0 / nullif(person_count, 0) + 1.0 / nullif(holdout_person_count, 0))
        ), 0)) as rate_p,
        two_sided_p(
            value_lift / nullif(sqrt(variance / person_count + holdout_variance / holdout_person_count), 0)
        ) as value_p,
        two_sided_p(
            (assigned_count - n * expected_share) / nullif(sqrt(n * expected_share * (1 - expected_share)), 0)
        ) as srm_p
    from compared
),

judged as (
    select
        *,
        case
            when not has_holdout then 'no_holdout'
            when least(person_count, holdout_person_count) < 30 or srm_p < 0.001 then 'not_proven'
        end as no_verdict
    from errors
)

select
    campaign_code,
    arm,
    brand_code,
    as_of() as as_of_date,
    14 as outcome_days,
    cast(0.95 as numeric(18, 6)) as confidence_level,
    has_holdout,
    assigned_count,
    cast(holdout_assigned_count as bigint) as holdout_assigned_count,
    persons_in_two_arms_count,
    person_count,
    cast(holdout_person_count as bigint) as holdout_person_count,
    planned_share,
    cast(holdout_planned_share as numeric(18, 6)) as holdout_planned_share,
    cast(srm_p as numeric(18, 10)) as srm_p_value,
    srm_p >= 0.001 as is_sample_ratio_ok,
    buyer_count,
    cast(holdout_buyer_count as bigint) as holdout_buyer_count,
    cast(rate as numeric(18, 6)) as buyer_rate,
    cast(holdout_rate as numeric(18, 6)) as holdout_buyer_rate,
    cast(rate_lift as numeric(18, 6)) as rate_lift,
    cast(rate_lift - rate_margin as numeric(18, 6)) as rate_lift_low,
    cast(rate_lift + rate_margin as numeric(18, 6)) as rate_lift_high,
    ratio(rate_lift, holdout_rate) as rate_relative_lift,
    cast(rate_p as numeric(18, 10)) as rate_p_value,
    coalesce(no_verdict, case
        when rate_lift - rate_margin > 0 then 'higher'
        when rate_lift + rate_margin < 0 then 'lower'
        else 'not_proven'
    end) as rate_verdict,
    reporting() as currency_code,
    cast(net_amount as numeric(18, 2)) as net_amount,
    cast(holdout_net_amount as numeric(18, 2)) as holdout_net_amount,
    cast(value as numeric(18, 4)) as value_per_head,
    cast(holdout_value as numeric(18, 4)) as holdout_value_per_head,
    cast(value_lift as numeric(18, 4)) as value_lift,
    cast(value_lift - value_margin as numeric(18, 4)) as value_lift_low,
    cast(value_lift + value_margin as numeric(18, 4)) as value_lift_high,
    ratio(value_lift, holdout_value) as value_relative_lift,
    cast(value_p as numeric(18, 10)) as value_p_value,
    coalesce(no_verdict, case
        when value_lift - value_margin > 0 then 'higher'
        when value_lift + value_margin < 0 then 'lower'
        else 'not_proven'
    end) as value_verdict
from judged
left join in_two_arms using (campaign_code);

create table marts.member_tag_quality as
with assigned as (
    select campaign_code, member_id, min(arm) as arm, min(touched_at) as assigned_at
    from marts.fct_touches
    group by campaign_code, member_id
    having min(arm) = max(arm) and min(touched_date) + 14 <= as_of()
),

exposures as (
    select
        arms.brand_code,
        assigned.member_id,
        business_date(assigned.assigned_at) as assigned_date,
        exists (
            from marts.fct_orders as orders
            where
                orders.member_id = assigned.member_id
                and orders.is_valid
                and assigned.assigned_at <= orders.paid_at
                and assigned.assigned_at + to_days(14) > orders.paid_at
        ) as has_converted
    from assigned
    join (select distinct brand_code, campaign_code, arm from marts.fct_touches where not is_holdout) as arms
        on assigned.campaign_code = arms.campaign_code and assigned.arm = arms.arm
),

had as (
    select
        tags.brand_code,
        tags.tag_name,
        tags.tag_value,
        count(*) as n,
        count(*) filter (where exposures.has_converted) as converted
    from exposures
    join marts.member_tag as tags
        on
            exposures.brand_code = tags.brand_code
            and exposures.member_id = tags.member_id
            and exposures.assigned_date >= tags.valid_from
            and exposures.assigned_date < coalesce(tags.valid_to, date '9999-12-31')
    group by all
),

used as (
    select tags.brand_code, tags.tag_name, tags.tag_value, max(touches.touched_date) as last_used_date
    from marts.fct_touches as touches
    join marts.member_tag as tags
        on
            touches.brand_code = tags.brand_code
            and touches.member_id = tags.member_id
            and touches.touched_date >= tags.valid_from
            and touches.touched_date < coalesce(tags.valid_to, date '9999-12-31')
    where not touches.is_holdout
    group by all
),

counts as (
    select
        tags.*,
        used.last_used_date,
        coalesce(had.n, 0) as hn,
        coalesce(had.converted, 0) as hc,
        coalesce(everybody.n, 0) - coalesce(had.n, 0) as o_n,
        coalesce(everybody.converted, 0) - coalesce(had.converted, 0) as oc
    from (
        select
            brand_code,
            tag_name,
            tag_value,
            min(tag_group) as tag_group,
            min(tag_label_en) as tag_label_en,
            min(tag_label_zh) as tag_label_zh,
            count(distinct member_id) filter (where is_current) as member_count
        from marts.member_tag
        group by brand_code, tag_name, tag_value
    ) as tags
    left join used using (brand_code, tag_name, tag_value)
    left join had using (brand_code, tag_name, tag_value)
    left join (
        select brand_code, count(*) as n, count(*) filter (where has_converted) as converted
        from exposures
        group by brand_code
    ) as everybody using (brand_code)
),

lifts as (
    select
        *,
        if(hn >= 100, cast(hc as double) / hn / nullif(cast(oc as double) / nullif(o_n, 0), 0), null) as lift,
        1.959963984540054 * sqrt(
            1.0 / nullif(cast(hc as double), 0) - 1.0 / nullif(cast(hn as double), 0)
            + 1.0 / nullif(cast(oc as double), 0) - 1.0 / nullif(cast(o_n as double), 0)
        ) as half_width
    from counts
)

select
    brand_code,
    tag_name,
    tag_value,
    as_of() as as_of_date,
    tag_group,
    tag_label_en,
    tag_label_zh,
    member_count,
    hn as holder_exposed_count,
    hc as holder_converted_count,
    o_n as other_exposed_count,
    oc as other_converted_count,
    cast(lift as numeric(18, 6)) as lift,
    cast(lift * exp(-half_width) as numeric(18, 6)) as lift_low,
    cast(lift * exp(half_width) as numeric(18, 6)) as lift_high,
    last_used_date,
    coalesce(date_diff('day', last_used_date, as_of()) > 90, true) as is_unused
from lifts;

-- children of members, the newest of what is told of one; how many touches came to nobody with a child of that age
create table marts.touch_relevance as
with newest as (
    from raw.files__children
    qualify row_number() over (
        partition by channel_code, customer_token, child_id
        order by updated_at desc nulls last, _group_hash desc, _load_id, _source_row
    ) = 1
),

children as (
    select brand_code, member_of(channel_code, customer_token) as member_id, birth_month
    from newest
    where not is_excluded and date_trunc('month', birth_month) <= as_of()
),

judged as (
    select
        touches.brand_code,
        touches.product_stage,
        (
            select bool_or(
                date_diff('month', children.birth_month, touches.touched_date)
                between stages.from_months and stages.to_months
            )
            from children
            where children.brand_code = touches.brand_code and children.member_id = touches.member_id
        ) as is_relevant
    from marts.fct_touches as touches
    join read_csv(getvariable('seeds') || '/product_stages.csv', header = true, delim = ',', types = {
        'product_stage': 'varchar', 'from_months': 'integer', 'to_months': 'integer', 'label_en': 'varchar',
        'label_zh': 'varchar'}) as stages on touches.product_stage = stages.product_stage
    where not touches.is_holdout
)

select
    brand_code,
    product_stage,
    as_of() as as_of_date,
    count(*) as touch_count,
    count(is_relevant) as known_age_count,
    count(*) filter (where is_relevant is null) as unknown_age_count,
    count(*) filter (where is_relevant = false) as irrelevant_count,
    ratio(count(*) filter (where is_relevant = false), count(is_relevant)) as irrelevant_rate
from judged
group by brand_code, product_stage;

-- who has a level of a test today, and who of them has bought what is offered at that level since
create table marts.offer_uptake as
with offers as (
    select * from read_csv(
        getvariable('seeds') || '/level_offers.csv', header = true, delim = ',', all_varchar = true)
),

levels as (
    select * from marts.member_tag as tags
    where is_current and exists (
        select 1 from offers where offers.tag_name = tags.tag_name and offers.tag_value = tags.tag_value)
    qualify row_number() over (
        partition by brand_code, member_id, tag_name order by valid_from desc, tag_value
    ) = 1
),

taken as (
    select
        levels.*,
        exists (
            select 1
            from marts.fct_orders as orders
            join marts.fct_order_lines as lines on orders.order_key = lines.order_key and not lines.is_excluded
            join offers on lines.product_key = offers.product_key
            where
                orders.is_valid
                and orders.brand_code = levels.brand_code
                and orders.member_id = levels.member_id
                and orders.paid_date >= levels.valid_from
                and offers.tag_name = levels.tag_name
                and offers.tag_value = levels.tag_value
        ) as is_accepted
    from levels
)

select
    brand_code,
    tag_name,
    tag_value,
    as_of() as as_of_date,
    count(*) as recommended_count,
    count(*) filter (where is_accepted) as accepted_count,
    ratio(count(*) filter (where is_accepted), count(*)) as uptake_rate
from taken
group by brand_code, tag_name, tag_value;

-- 6. output ----------------------------------------------------------------------------------------------------------

copy (from marts.campaign_lift order by campaign_code, arm) to 'campaign_lift.parquet' (compression zstd);
copy (from marts.channel_roi order by brand_code, period, channel_code) to 'channel_roi.parquet' (compression zstd);
copy (from marts.dim_brands order by brand_code) to 'dim_brands.parquet' (compression zstd);
copy (from marts.dim_campaigns order by campaign_code) to 'dim_campaigns.parquet' (compression zstd);
copy (from marts.dim_channels order by brand_code, channel_code) to 'dim_channels.parquet' (compression zstd);
copy (from marts.dim_dates order by date_day) to 'dim_dates.parquet' (compression zstd);
copy (from marts.dim_members order by member_id) to 'dim_members.parquet' (compression zstd);
copy (from marts.dim_products order by product_key) to 'dim_products.parquet' (compression zstd);
copy (from marts.fct_costs order by cost_key) to 'fct_costs.parquet' (compression zstd);
copy (from marts.fct_order_lines order by order_line_key) to 'fct_order_lines.parquet' (compression zstd);
copy (from marts.fct_orders order by order_key) to 'fct_orders.parquet' (compression zstd);
copy (from marts.fct_refunds order by refund_key) to 'fct_refunds.parquet' (compression zstd);
copy (from marts.fct_touches order by touch_key) to 'fct_touches.parquet' (compression zstd);
copy (
    from marts.kpi_daily order by business_date, brand_code, channel_code, window_days
) to 'kpi_daily.parquet' (compression zstd);
copy (from marts.ltv_cac order by brand_code, cohort_month, channel_code) to 'ltv_cac.parquet' (compression zstd);
copy (
    from marts.member_cohort order by brand_code, cohort_month, month_number
) to 'member_cohort.parquet' (compression zstd);
copy (from marts.member_360 order by member_id) to 'member_360.parquet' (compression zstd);
copy (from marts.member_coverage order by brand_code) to 'member_coverage.parquet' (compression zstd);
copy (
    from marts.campaign_capture order by brand_code, campaign_code
) to 'campaign_capture.parquet' (compression zstd);
copy (from marts.member_loyalty order by brand_code) to 'member_loyalty.parquet' (compression zstd);
copy (from marts.contact_migration order by brand_code, holder_id) to 'contact_migration.parquet' (compression zstd);
copy (
    from marts.member_level_hist order by brand_code, member_id, program, valid_from
) to 'member_level_hist.parquet' (compression zstd);
copy (
    from marts.member_consent order by brand_code, member_id, purpose, contact_channel
) to 'member_consent.parquet' (compression zstd);
copy (from marts.member_rfm order by member_id, rfm_window) to 'member_rfm.parquet' (compression zstd);
copy (from marts.fct_identity_events order by event_number) to 'fct_identity_events.parquet' (compression zstd);
copy (from marts.guide_perf order by brand_code, guide_code) to 'guide_perf.parquet' (compression zstd);
copy (from marts.member_id_redirects order by old_member_id) to 'member_id_redirects.parquet' (compression zstd);
copy (
    from marts.member_tag_quality order by brand_code, tag_name, tag_value
) to 'member_tag_quality.parquet' (compression zstd);
copy (
    from marts.member_tag order by brand_code, member_id, tag_name, tag_value, valid_from
) to 'member_tag.parquet' (compression zstd);
copy (from marts.offer_uptake order by brand_code, tag_name, tag_value) to 'offer_uptake.parquet' (compression zstd);
copy (from marts.touch_relevance order by brand_code, product_stage) to 'touch_relevance.parquet' (compression zstd);
copy (from marts.rpt_identity_conflicts order by conflict_key) to 'rpt_identity_conflicts.parquet' (compression zstd);
copy (
    from marts.acquisition_roi order by brand_code, acquisition_scheme, acquisition_method
) to 'acquisition_roi.parquet' (compression zstd);
