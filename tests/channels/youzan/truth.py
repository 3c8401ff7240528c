"""What the world holds of Youzan when all has happened, resource by resource, beside what must have landed of it."""

# resource → what landed of it, what the world holds
EQUAL: dict[str, tuple[str, str]] = {
    "orders": (
        "select order_id, paid_amount, freight_amount, ordered_at, paid_at from orders",
        """
        select
            order_no, cast(paid_fen / 100 as decimal(18, 2)), cast(shipping_fen / 100 as decimal(18, 2)),
            date_trunc('second', created_at), date_trunc('second', paid_at)
        from orders where channel_code = 'youzan'
        """,
    ),
    "order_lines": (
        "select order_id, line_id, sku_code, quantity from order_lines",
        """
        select order_no, cast(line_ref as varchar), sku_code, quantity
        from order_lines inner join orders using (order_id) inner join skus using (sku_id)
        where channel_code = 'youzan'
        """,
    ),
    "refunds": (
        "select refund_id, order_id, refund_amount, refund_status = 'SUCCESS' from refunds",
        """
        select refund_no, order_no, cast(amount_fen / 100 as decimal(18, 2)), succeeded_at is not null
        from refunds inner join orders using (order_id) where channel_code = 'youzan'
        """,
    ),
    "customers": (
        "select registered_at, points_balance from customers",
        """
        select date_trunc('second', registered_at), cast(coalesce(sum(points), 0) as bigint)
        from accounts left join points_log using (account_id)
        where channel_code = 'youzan'
        group by account_id, registered_at
        """,
    ),
    "coupon_groups": (
        "select coupon_group_id, title, value_amount, printed_count from coupon_groups",
        """
        select
            cast(coupon_batch_id as varchar), title, cast(value_fen / 100 as decimal(18, 2)), total_quantity
        from coupon_batches
        """,
    ),
    "coupons": (
        "select coupon_group_id, taken_at, is_used, used_at, order_id from coupons",
        """
        select
            cast(coupon_batch_id as varchar), date_trunc('second', taken_at), used_at is not null,
            date_trunc('second', used_at), order_no
        from coupons left join orders using (order_id)
        where taken_at >= read_since()
        -- the platform numbers them not: two of a kind that one person takes in one second are one
        qualify row_number() over (
            partition by coupon_batch_id, coupons.account_id, date_trunc('second', taken_at)
            order by used_at desc nulls last
        ) = 1
        """,
    ),
    "salesmen": ("select salesman_id from salesmen", "select seller_code from salesmen"),
    "salesman_orders": (
        "select order_id, commission_amount from salesman_orders",
        """
        select order_no, cast(commission_fen / 100 as decimal(18, 2))
        from salesman_orders inner join orders using (order_id)
        """,
    ),
    "salesman_order_lines": (
        """
        select order_id, cast(sum(commission_amount) as decimal(18, 2)) from salesman_order_lines group by order_id
        """,
        """
        select order_no, cast(commission_fen / 100 as decimal(18, 2))
        from salesman_orders inner join orders using (order_id)
        """,
    ),
}
