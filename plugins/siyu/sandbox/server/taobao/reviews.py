"""Reviews of the Tmall shop (contract page taobao, "Reviews")."""

from datetime import timedelta

from siyu.sandbox.server.faults import drifted
from siyu.sandbox.server.pages import page_of
from siyu.sandbox.server.shown import china_text, in_world, yuan
from siyu.sandbox.server.taobao.gateway import Asked, Row, invalid
from siyu.sandbox.server.taobao.words import listed
from siyu.sandbox.server.world import World

MOST_ROWS = 1500  # per query window: whoever finds so many slices the window
DAYS = timedelta(days=180)
FOUND = """
select
    reviews.*, order_no, line_ref, taobao_open_uid, taobao_nick, products.name as title,
    taobao_num_iid, order_lines.price_fen
from reviews
inner join orders using (order_id)
inner join order_lines using (order_id, line_no)
inner join skus using (sku_id)
inner join products using (product_id)
inner join accounts on orders.account_id = accounts.account_id
where orders.channel_code = 'tmall' and reviews.created_at <= $now
    and date_trunc('second', reviews.created_at) between $start and $end
    and ($result = '' or result = $result)
    and ($tid = '' or order_no = $tid)
    and ($num_iid = '' or taobao_num_iid::varchar = $num_iid)
order by reviews.created_at desc, review_id desc
limit $most
"""


class Reviews:
    """The method that reads reviews.

    Args:
        world: The tables.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def received(self, asked: Asked) -> Row:
        """taobao.traderates.get: reviews of the last 180 days, 1500 rows per window and no row more."""
        fields = asked.fields()
        rate_type, role = asked.required("rate_type"), asked.required("role")
        if rate_type not in {"get", "give"} or role not in {"seller", "buyer"}:
            raise invalid("rate_type", "rate_type must be get or give, role seller or buyer")
        if asked.text("result") not in {"", "good", "neutral", "bad"}:
            raise invalid("result", "result must be good, neutral or bad")
        number = asked.number("page_no", 1, least=1, most=200)
        size = asked.number("page_size", 40, least=1, most=150)
        earliest = asked.now - DAYS
        found = self._world.rows(
            FOUND,
            now=in_world(asked.now),
            start=in_world(max(asked.moment("start_date") or earliest, earliest)),
            end=in_world(min(asked.moment("end_date") or asked.now, asked.now)),
            result=asked.text("result"),
            tid=asked.text("tid"),
            num_iid=asked.text("num_iid"),
            most=MOST_ROWS,
        )
        # What the shop was given by buyers; the shop itself rates nobody in this world.
        given = found if (rate_type, role) == ("get", "buyer") else []
        page = page_of(given, number=number, size=size, fault=asked.fault)
        rows = [_rate(review, asked) for review in page.rows]
        return listed("trade_rates", drifted([fields.of_row(row) for row in rows], asked.fault), page, asked)


def _rate(review: Row, asked: Asked) -> Row:
    now = in_world(asked.now)
    appended = review["appended_at"] and review["appended_at"] <= now
    replied = review["replied_at"] and review["replied_at"] <= now
    return {
        "tid": int(review["order_no"]),
        "oid": review["line_ref"],
        "role": "buyer",
        "nick": review["taobao_nick"],
        "ouid": asked.buyer(review["taobao_open_uid"]),
        "result": review["result"],
        "created": china_text(review["created_at"]),
        "item_title": review["title"],
        "item_price": yuan(review["price_fen"]),
        "num_iid": review["taobao_num_iid"],
        "content": ((review["content"] or "") + ("（追评）" if appended else ""))[:500],
        "reply": "谢谢您的评价" if replied else None,
        "valid_score": True,
    }
