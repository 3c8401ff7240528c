-- An order log of any size, written by DuckDB in seconds: what `siyu bench night` measures over. Two shops of one brand,
-- two years up to 2025-12-31, with returns, members, one campaign with a holdout, and costs.
--
-- Given by the caller with `set variable`: orders, members (how many of each), seed. Written into the current folder, one
-- Parquet file per table and 250,000 orders, as large exports are cut. The same values give the same rows.

-- a number in [0, 1) that depends on n, on what it is for, and on the seed
create temp macro chance(n, salt) as (hash(n, salt, getvariable('seed')) >> 11) / 9007199254740992.0;
create temp macro last_second() as timestamp '2025-12-31 23:59:59';
create temp macro shop_of(member) as if(member % 5 < 3, 'mini_program', 'tmall_shop');
create temp macro later(moment, seconds) as moment + to_seconds(cast(seconds as bigint));

-- few members buy often, most of them now and then; the shop grows over its two years
create temp table orders as
select
    n,
    cast(floor(getvariable('members') * chance(n, 'who') * chance(n, 'how often')) as bigint) as member,
    later(timestamp '2024-01-01 00:00:00', floor(63158399 * sqrt(chance(n, 'when')))) as created,
    1 + cast(floor(3 * chance(n, 'lines')) as integer) as line_count,
    chance(n, 'fate') as fate
from range(getvariable('orders')) as numbers (n);

create temp table lines as
select
    n,
    line,
    member,
    created,
    fate,
    cast(floor(5000 * chance(10 * n + line, 'product') * chance(10 * n + line, 'hit')) as integer) as product,
    1 + cast(floor(2.2 * chance(10 * n + line, 'pieces')) as bigint) as quantity
from (select *, unnest(range(1, line_count + 1)) as line from orders);

create temp macro price_of(product) as cast(9.9 + product * 7919 % 390 as numeric(18, 2));

copy (
    select
        shop_of(lines.member) as shop,
        'O' || lines.n as order_no,
        'M' || lines.member as member_no,
        lines.line as line_no,
        'P' || lines.product as product_no,
        '商品' || lines.product as product_name,
        '类目' || lines.product % 40 as category,
        lines.quantity,
        price_of(lines.product) as price,
        lines.quantity * price_of(lines.product) as amount,
        cast(price_of(lines.product) * 0.55 as numeric(18, 2)) as cost,
        lines.created as created_time,
        if(lines.fate < 0.96, later(lines.created, 60), null) as pay_time,
        lines.n // 250000 as part
    from lines
) to 'order_lines' (format parquet, partition_by (part), write_partition_columns false);

copy (
    select
        shop_of(orders.member) as shop,
        'O' || orders.n as order_no,
        'M' || orders.member as member_no,
        case
            when orders.fate < 0.96 then '已完成'
            else '已关闭'
        end as status,
        '省份' || orders.member % 31 as province,
        of_lines.amount,
        orders.created as created_time,
        if(orders.fate < 0.96, later(orders.created, 60), null) as pay_time,
        if(orders.fate < 0.96, null, later(orders.created, 3600)) as close_time,
        later(orders.created, 7200) as update_time,
        orders.n // 250000 as part
    from orders
    join (
        select n, cast(sum(quantity * price_of(product)) as numeric(18, 2)) as amount
        from lines
        group by n
    ) as of_lines on orders.n = of_lines.n
) to 'orders' (format parquet, partition_by (part), write_partition_columns false);

-- one order in twelve comes back within three weeks; every fifth refund does not say of which order it is
copy (
    select
        shop_of(member) as shop,
        'R' || n as refund_no,
        if(chance(n, 'named') < 0.8, 'O' || n, null) as order_no,
        'M' || member as member_no,
        'P' || product as product_no,
        quantity,
        price_of(product) as price,
        quantity * price_of(product) as amount,
        later(created, 86400 + floor(20 * 86400 * chance(n, 'back'))) as refund_time,
        if(chance(n, 'why') < 0.5, '尺码不合适', '七天无理由') as reason,
        n // 250000 as part
    from lines
    where line = 1 and fate < 0.08 and created < last_second() - interval 22 days
) to 'refunds' (format parquet, partition_by (part), write_partition_columns false);

copy (
    select
        shop_of(member) as shop,
        'M' || member as member_no,
        '省份' || member % 31 as province,
        first_order - interval 1 day as enrolled_time,
        if(chance(member, 'friend') < 0.4, first_order - interval 1 hour, null) as added_time,
        first_order as update_time
    from (select member, min(created) as first_order from orders group by member)
    where chance(member, 'enrolled') < 0.7
) to 'members.parquet' (format parquet);

copy (
    select
        shop_of(member) as shop,
        'T' || member as touch_no,
        'M' || member as member_no,
        '双11召回' as campaign_name,
        if(chance(member, 'arm') < 0.8, 'coupon', 'holdout') as arm,
        chance(member, 'arm') >= 0.8 as is_holdout,
        cast(if(chance(member, 'arm') < 0.8, 0.8, 0.2) as numeric(18, 6)) as planned_share,
        timestamp '2025-11-01 10:00:00' as touch_time
    from (select distinct member from orders where created < timestamp '2025-11-01')
    where chance(member, 'asked') < 0.3
) to 'touches.parquet' (format parquet);

copy (
    select
        shop,
        'C' || row_number() over (order by shop, cost_type, day) as cost_no,
        day as cost_date,
        cost_type,
        if(cost_type = 'media', 'acquisition', 'general') as purpose,
        cast(getvariable('orders') * share * (1 + chance(epoch(day), cost_type)) as numeric(18, 2)) as amount
    from (
        select cast(unnest(generate_series(date '2024-01-01', date '2025-12-31', interval 1 month)) as date) as day
    ) as months
    cross join (values ('mini_program'), ('tmall_shop')) as shops (shop)
    cross join (values ('media', 0.15), ('commission', 0.1), ('gift', 0.02)) as types (cost_type, share)
) to 'costs.parquet' (format parquet);
