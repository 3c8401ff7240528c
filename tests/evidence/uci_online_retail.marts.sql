-- What siyu published about UCI Online Retail, under the names of uci_online_retail.sql: the same figures from the marts.

-- name: cancellations
select count(*) as rows_counted, -cast(sum(refund_amount) * 100 as bigint) as fen from marts.fct_refunds;

-- name: bad_debt
select count(*) as rows_counted, cast(coalesce(sum(line_amount), 0) * 100 as bigint) as fen
from marts.fct_order_lines where exclusion_reason = 'bad_debt';

-- name: tests
select count(*) as rows_counted, cast(coalesce(sum(line_amount), 0) * 100 as bigint) as fen
from marts.fct_order_lines where exclusion_reason = 'test_order';

-- name: non_goods
select count(*) as rows_counted, cast(coalesce(sum(line_amount), 0) * 100 as bigint) as fen
from marts.fct_order_lines where exclusion_reason = 'non_goods';

-- name: stock_adjustments
select count(*) as rows_counted, cast(coalesce(sum(line_amount), 0) * 100 as bigint) as fen
from marts.fct_order_lines where exclusion_reason = 'stock_adjustment';

-- name: zero_prices
select count(*) as rows_counted, cast(coalesce(sum(line_amount), 0) * 100 as bigint) as fen
from marts.fct_order_lines where exclusion_reason = 'no_price';

-- name: goods_sold
select
    (select count(*) from marts.fct_order_lines where not is_excluded) as rows_counted,
    cast(sum(gmv_amount) * 100 as bigint) as fen
from marts.kpi_daily where channel_code = 'all' and window_days = 1;

-- name: cancelled_tests
select count(*) as rows_counted, cast(coalesce(sum(refund_amount), 0) * 100 as bigint) as fen
from marts.fct_refunds where exclusion_reason = 'test_order';

-- name: cancelled_non_goods
select count(*) as rows_counted, cast(coalesce(sum(refund_amount), 0) * 100 as bigint) as fen
from marts.fct_refunds where exclusion_reason = 'non_goods';

-- name: refunds
select count(*) as rows_counted, cast(sum(refund_amount) * 100 as bigint) as fen
from marts.fct_refunds where not is_excluded;

-- name: refunds_matched
select count(*) as rows_counted, cast(sum(refund_amount) * 100 as bigint) as fen
from marts.fct_refunds where not is_excluded and link_basis = 'matched';

-- name: refunds_without_customer
select count(*) as rows_counted, cast(sum(refund_amount) * 100 as bigint) as fen
from marts.fct_refunds where not is_excluded and link_basis = 'none' and member_id = 'unknown';

-- name: refunds_unlinked
select count(*) as rows_counted, cast(sum(refund_amount) * 100 as bigint) as fen
from marts.fct_refunds where not is_excluded and link_basis = 'none' and member_id <> 'unknown';

-- name: refunds_above_the_order
select count(*) as rows_counted, cast(coalesce(sum(refund_excess_amount), 0) * 100 as bigint) as fen
from marts.fct_orders where refund_excess_amount > 0;

-- name: orders
select count(*) as rows_counted, cast(sum(paid_amount) * 100 as bigint) as fen
from marts.fct_orders where is_paid and not is_excluded and not is_brushing;

-- name: orders_fully_refunded
select count(*) as rows_counted, cast(coalesce(sum(paid_amount), 0) * 100 as bigint) as fen
from marts.fct_orders where is_fully_refunded and not is_excluded;

-- name: orders_valid
select count(*) as rows_counted, cast(sum(net_amount) * 100 as bigint) as fen
from marts.fct_orders where is_valid;

-- name: orders_without_customer
select count(*) as rows_counted, cast(sum(net_amount) * 100 as bigint) as fen
from marts.fct_orders where is_valid and member_id = 'unknown';

-- name: net
select
    (select count(*) from marts.fct_orders where is_paid and not is_excluded) as rows_counted,
    cast(sum(net_revenue_amount) * 100 as bigint) as fen
from marts.kpi_daily where channel_code = 'all' and window_days = 1;

-- name: buyers
select count(*) as rows_counted, cast(sum(net_amount) * 100 as bigint) as fen
from marts.member_rfm where rfm_window = 'lifetime';
