"""What the world holds of Tmall when all has happened, resource by resource, beside what must have landed of it."""

# resource → what landed of it, what the world holds
EQUAL: dict[str, tuple[str, str]] = {
    "orders": (
        "select order_id, paid_amount, freight_amount, ordered_at, paid_at from orders",
        """
        select
            order_no, cast(paid_fen / 100 as decimal(18, 2)), cast(shipping_fen / 100 as decimal(18, 2)),
            date_trunc('second', created_at), date_trunc('second', paid_at)
        from orders where channel_code = 'tmall'
        """,
    ),
    "order_lines": (
        "select order_id, line_id, quantity, paid_amount from order_lines",
        """
        select order_no, cast(line_ref as varchar), quantity, cast(order_lines.paid_fen / 100 as decimal(18, 2))
        from order_lines inner join orders using (order_id) where channel_code = 'tmall'
        """,
    ),
    "refunds": (
        "select refund_id, order_id, line_id, refund_amount, refund_status = 'SUCCESS' from refunds",
        """
        select
            refund_no, order_no, cast(line_ref as varchar), cast(amount_fen / 100 as decimal(18, 2)),
            succeeded_at is not null
        from refunds inner join orders using (order_id) inner join order_lines using (order_id, line_no)
        where channel_code = 'tmall'
        """,
    ),
    "reviews": (
        "select order_id, line_id, rating, reviewed_at from reviews",
        """
        select order_no, cast(line_ref as varchar), result, date_trunc('second', reviews.created_at)
        from reviews inner join orders using (order_id) inner join order_lines using (order_id, line_no)
        where channel_code = 'tmall'
        """,
    ),
    "members": (
        "select order_count, order_amount from members",
        """
        select count(order_id), cast(coalesce(sum(paid_fen), 0) / 100 as decimal(18, 2))
        from accounts
        left join orders on orders.account_id = accounts.account_id and finished_at is not null
        where accounts.channel_code = 'tmall'
        group by accounts.account_id
        """,
    ),
}
