"""A world of a few orders, written by hand around the samples of the contract pages.

Every time is China time and moves with the moment the world is made for; at REFERENCE they read as they stand here.
"""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from tests.sandbox.server.conftest import write_world

CHINA = ZoneInfo("Asia/Shanghai")
REFERENCE = datetime(2026, 11, 5, 12, 0, tzinfo=CHINA)

Row = dict[str, Any]


def at(text: str) -> datetime:
    """A China time as the world holds it: UTC without a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=CHINA).astimezone(UTC).replace(tzinfo=None)


def order(
    order_id: int, order_no: str, *, lines: list[Row], discount: int = 0, shipping: int = 0, **facts: Any
) -> Row:
    goods = sum(line["quantity"] * line["price_fen"] for line in lines)
    line_discounts = sum(line["line_discount_fen"] for line in lines)
    return {
        "order_id": order_id,
        "order_no": order_no,
        "list_fen": goods,
        "line_discount_fen": line_discounts,
        "order_discount_fen": discount,
        "shipping_fen": shipping,
        "paid_fen": goods - line_discounts - discount + shipping,
        "trade_in_fen": 0,
        "is_masked": False,
        "province": "浙江省",
        "city": "杭州市",
        "lines": lines,
        **facts,
    }


def line(
    line_ref: int,
    sku_id: int,
    *,
    quantity: int,
    price: int,
    discount: int = 0,
    share: int = 0,
    parcel: int = 1,
) -> Row:
    return {
        "line_ref": line_ref,
        "sku_id": sku_id,
        "quantity": quantity,
        "price_fen": price,
        "line_discount_fen": discount,
        "order_discount_fen": share,
        "paid_fen": quantity * price - discount - share,
        "shipment_no": parcel,
    }


def refund(refund_id: int, refund_no: str, order_id: int, line_no: int, amount: int, **facts: Any) -> Row:
    return {
        "refund_id": refund_id,
        "refund_no": refund_no,
        "order_id": order_id,
        "line_no": line_no,
        "quantity": 1,
        "amount_fen": amount,
        "is_goods_returned": True,
        "reason": "size",
        "phase": "onsale",
        **facts,
    }


TMALL = {"channel_code": "tmall", "phone": "13800000001"}
YOUZAN = {"channel_code": "youzan", "phone": "13900000011"}
ORDERS = [
    # The sample of the page taobao.
    order(
        1,
        "3100000000000000001",
        discount=1000,
        account_id=1,
        **TMALL,
        created_at=at("2026-10-01 10:00:00"),
        paid_at=at("2026-10-01 10:01:10"),
        shipped_at=at("2026-10-02 09:00:00"),
        finished_at=at("2026-10-09 09:00:00"),
        lines=[line(3100000000000000002, 1, quantity=2, price=9900, share=1000)],
    ),
    # Two parcels, of which one has left.
    order(
        2,
        "3100000000000000011",
        discount=300,
        shipping=600,
        account_id=1,
        **TMALL,
        created_at=at("2026-11-04 10:00:00"),
        paid_at=at("2026-11-04 10:02:00"),
        lines=[
            line(3100000000000000012, 1, quantity=1, price=9900, discount=100, share=200),
            line(3100000000000000013, 2, quantity=3, price=1000, share=100, parcel=2),
        ],
    ),
    order(
        3,
        "3100000000000000021",
        account_id=2,
        **TMALL,
        created_at=at("2026-11-03 09:00:00"),
        closed_at=at("2026-11-03 09:30:00"),
        close_reason="unpaid",
        lines=[line(3100000000000000022, 2, quantity=1, price=1000)],
    ),
    # Credited to a store: an O2O trade.
    order(
        4,
        "3100000000000000031",
        account_id=2,
        store_id=1,
        guide_staff_id=7,
        **TMALL,
        created_at=at("2026-11-04 11:00:00"),
        paid_at=at("2026-11-04 11:01:00"),
        lines=[line(3100000000000000032, 2, quantity=1, price=1000)],
    ),
    # Masked, refunded in full before it was shipped.
    order(
        5,
        "3100000000000000041",
        account_id=3,
        **TMALL | {"is_masked": True},
        created_at=at("2026-11-02 08:00:00"),
        paid_at=at("2026-11-02 08:01:00"),
        closed_at=at("2026-11-04 12:00:00"),
        close_reason="refunded",
        lines=[line(3100000000000000042, 1, quantity=1, price=9900)],
    ),
    # Shipped half an hour after REFERENCE: changes while it is read.
    order(
        6,
        "3100000000000000051",
        account_id=1,
        **TMALL,
        created_at=at("2026-11-04 13:00:00"),
        paid_at=at("2026-11-04 13:01:00"),
        shipped_at=at("2026-11-05 12:30:00"),
        lines=[line(3100000000000000052, 2, quantity=2, price=1000)],
    ),
    # Older than three months.
    order(
        7,
        "3100000000000000061",
        account_id=2,
        **TMALL,
        created_at=at("2026-06-01 10:00:00"),
        paid_at=at("2026-06-01 10:01:00"),
        shipped_at=at("2026-06-02 10:00:00"),
        finished_at=at("2026-06-10 10:00:00"),
        lines=[line(3100000000000000062, 2, quantity=1, price=1000)],
    ),
    # The sample of the page youzan: 13.00 - 5.18 + 2.00 = 9.82.
    order(
        21,
        "E202406010001",
        discount=518,
        shipping=200,
        account_id=11,
        **YOUZAN,
        address_id=5,
        created_at=at("2024-06-01 10:00:00"),
        paid_at=at("2024-06-01 10:05:00"),
        shipped_at=at("2024-06-03 10:00:00"),
        finished_at=at("2024-06-08 10:00:00"),
        lines=[line(901, 3, quantity=1, price=1300, share=518)],
    ),
    # Brought by a salesman; one line of two was refunded.
    order(
        22,
        "E202611020001",
        discount=101,
        shipping=800,
        account_id=11,
        store_id=1,
        guide_staff_id=7,
        **YOUZAN,
        created_at=at("2026-11-02 10:00:00"),
        paid_at=at("2026-11-02 10:05:00"),
        shipped_at=at("2026-11-03 10:00:00"),
        lines=[
            line(902, 3, quantity=1, price=1300, discount=50, share=1),
            line(903, 1, quantity=1, price=9900, share=100),
        ],
    ),
    order(
        23,
        "E202611050001",
        account_id=12,
        **YOUZAN,
        created_at=at("2026-11-05 11:59:45"),
        lines=[line(904, 3, quantity=1, price=1300)],
    ),
]
TABLES: dict[str, list[Row]] = {
    "stores": [{"store_id": 1, "store_code": "S00001", "name": "杭州一店", "youzan_offline_id": 8800001}],
    "staff": [{"staff_id": 7, "staff_code": "G000007", "name": "导购", "role": "guide"}],
    "products": [
        {
            "product_id": 1,
            "product_code": "SPU-1",
            "name": "风衣",
            "taobao_num_iid": 610000000001,
            "youzan_item_id": 71,
        },
        {
            "product_id": 2,
            "product_code": "SPU-2",
            "name": "袜子",
            "taobao_num_iid": 610000000002,
            "youzan_item_id": 72,
        },
        {
            "product_id": 3,
            "product_code": "FC",
            "name": "面霜",
            "taobao_num_iid": 610000000003,
            "youzan_item_id": 73,
        },
    ],
    "skus": [
        {
            "sku_id": 1,
            "product_id": 1,
            "sku_code": "SKU-1-M",
            "colour": "米色",
            "size": "M",
            "taobao_sku_id": 51,
            "youzan_sku_id": 61,
        },
        {
            "sku_id": 2,
            "product_id": 2,
            "sku_code": "SKU-2-L",
            "colour": "黑色",
            "size": "L",
            "taobao_sku_id": 52,
            "youzan_sku_id": 62,
        },
        {
            "sku_id": 3,
            "product_id": 3,
            "sku_code": "FC-50",
            "colour": "白色",
            "size": "50",
            "taobao_sku_id": 53,
            "youzan_sku_id": 63,
        },
    ],
    "accounts": [
        {
            "account_id": 1,
            "channel_code": "tmall",
            "registered_at": at("2026-01-01 00:00:00"),
            "phone": "13800000001",
            "is_masked": False,
            "taobao_open_uid": "AAHx_sample",
            "taobao_nick": "m**e",
            "name": "张三",
        },
        {
            "account_id": 2,
            "channel_code": "tmall",
            "registered_at": at("2026-02-01 00:00:00"),
            "phone": "13800000002",
            "is_masked": False,
            "taobao_open_uid": "AAHx_second",
            "taobao_nick": "w**g",
            "name": "李四",
        },
        {
            "account_id": 3,
            "channel_code": "tmall",
            "registered_at": at("2026-03-01 00:00:00"),
            "is_masked": True,
            "taobao_open_uid": "AAHx_third",
            "taobao_nick": "z**u",
        },
        {
            "account_id": 11,
            "channel_code": "youzan",
            "registered_at": at("2024-05-01 00:00:00"),
            "phone": "13900000011",
            "youzan_open_id": "AbC1",
            "mini_openid": "oA1",
            "name": "王五",
            "gender": 2,
        },
        {
            "account_id": 12,
            "channel_code": "youzan",
            "registered_at": at("2026-11-01 00:00:00"),
            "phone": "13900000012",
            "new_phone": "13900000099",
            "phone_changed_at": at("2026-11-05 13:00:00"),
            "youzan_open_id": "AbC2",
            "gender": 0,
        },
        {
            "account_id": 13,
            "channel_code": "youzan",
            "registered_at": at("2026-11-05 11:59:50"),
            "youzan_open_id": "AbC3",
            "gender": 0,
        },
    ],
    "memberships": [
        {"account_id": 1, "joined_at": at("2026-01-05 00:00:00")},
        {"account_id": 11, "joined_at": at("2024-05-02 00:00:00")},
    ],
    "membership_levels": [
        {
            "account_id": 1,
            "level": 1,
            "valid_from_at": at("2026-01-05 00:00:00"),
            "valid_to_at": at("2026-11-04 00:00:00"),
        },
        {"account_id": 1, "level": 2, "valid_from_at": at("2026-11-04 00:00:00")},
    ],
    "orders": [{name: value for name, value in row.items() if name != "lines"} for row in ORDERS],
    "order_lines": [
        {"order_id": row["order_id"], "line_no": number, **each}
        for row in ORDERS
        for number, each in enumerate(row["lines"], start=1)
    ],
    "shipments": [
        {
            "order_id": 1,
            "shipment_no": 1,
            "carrier": "SF",
            "tracking_no": "SF1",
            "shipped_at": at("2026-10-02 09:00:00"),
            "received_at": at("2026-10-04 09:00:00"),
        },
        {
            "order_id": 2,
            "shipment_no": 1,
            "carrier": "YTO",
            "tracking_no": "YT2",
            "shipped_at": at("2026-11-04 15:00:00"),
        },
        {
            "order_id": 22,
            "shipment_no": 1,
            "carrier": "SF",
            "tracking_no": "SF22",
            "shipped_at": at("2026-11-03 10:00:00"),
        },
    ],
    "refunds": [
        refund(
            1,
            "900000000000001",
            5,
            1,
            9900,
            is_goods_returned=False,
            quantity=0,
            created_at=at("2026-11-03 20:00:00"),
            agreed_at=at("2026-11-04 11:59:00"),
            succeeded_at=at("2026-11-04 12:00:00"),
        ),
        refund(
            2,
            "900000000000002",
            7,
            1,
            400,
            phase="aftersale",
            created_at=at("2026-06-20 10:00:00"),
            agreed_at=at("2026-06-20 11:00:00"),
            returned_at=at("2026-06-22 10:00:00"),
            succeeded_at=at("2026-06-25 10:00:00"),
        ),
        refund(3, "900000000000003", 4, 1, 1000, created_at=at("2026-11-04 18:00:00")),
        refund(
            21,
            "T900001",
            22,
            2,
            9800,
            created_at=at("2026-11-03 12:00:00"),
            agreed_at=at("2026-11-03 13:00:00"),
            returned_at=at("2026-11-04 10:00:00"),
            succeeded_at=at("2026-11-04 16:00:00"),
        ),
    ],
    "reviews": [
        {
            "review_id": 1,
            "order_id": 1,
            "line_no": 1,
            "created_at": at("2026-10-10 10:00:00"),
            "result": "good",
            "content": "很好",
            "replied_at": at("2026-10-11 10:00:00"),
            "appended_at": at("2026-11-20 10:00:00"),
        },
        {
            "review_id": 2,
            "order_id": 7,
            "line_no": 1,
            "created_at": at("2026-06-11 10:00:00"),
            "result": "bad",
            "content": "掉色",
        },
        {
            "review_id": 3,
            "order_id": 7,
            "line_no": 1,
            "created_at": at("2026-05-01 10:00:00"),
            "result": "good",
            "content": "早",
        },
    ],
    "points_log": [
        {
            "points_id": 1,
            "account_id": 11,
            "changed_at": at("2026-10-20 10:00:00"),
            "points": 13,
            "reason": "order",
            "order_id": 21,
            "expires_at": at("2027-10-20 10:00:00"),
        },
        {
            "points_id": 2,
            "account_id": 11,
            "changed_at": at("2026-11-02 10:05:00"),
            "points": 112,
            "reason": "order",
            "order_id": 22,
            "expires_at": at("2027-11-02 10:05:00"),
        },
        {
            "points_id": 3,
            "account_id": 11,
            "changed_at": at("2026-11-04 16:00:00"),
            "points": -98,
            "reason": "refund",
            "order_id": 22,
        },
    ],
    "coupon_batches": [
        {
            "coupon_batch_id": 301,
            "title": "满50减5",
            "value_fen": 500,
            "threshold_fen": 5000,
            "total_quantity": 100,
            "valid_days": 30,
            "starts_at": at("2026-10-01 00:00:00"),
            "ends_at": at("2027-01-01 00:00:00"),
        }
    ],
    "coupons": [
        {
            "coupon_id": 1,
            "coupon_batch_id": 301,
            "account_id": 11,
            "taken_at": at("2026-11-01 10:00:00"),
            "expires_at": at("2026-12-01 10:00:00"),
            "used_at": at("2026-11-02 10:00:00"),
            "order_id": 22,
        },
        {
            "coupon_id": 2,
            "coupon_batch_id": 301,
            "account_id": 12,
            "taken_at": at("2026-11-03 10:00:00"),
            "expires_at": at("2026-12-03 10:00:00"),
            "used_at": at("2026-11-06 10:00:00"),
            "order_id": 23,
        },
    ],
    "salesmen": [
        {
            "salesman_id": 1,
            "account_id": 11,
            "seller_code": "seller1",
            "registered_at": at("2026-01-01 10:00:00"),
        },
        {
            "salesman_id": 2,
            "account_id": 12,
            "seller_code": "seller2",
            "registered_at": at("2026-11-02 10:00:00"),
            "from_salesman_id": 1,
        },
    ],
    "salesman_orders": [
        {
            "order_id": 22,
            "salesman_id": 2,
            "commission_fen": 1001,
            "upper_commission_fen": 100,
            "settled_at": at("2026-11-06 10:00:00"),
        }
    ],
    "ad_campaigns": [
        {
            "ad_campaign_id": 1,
            "advertiser_id": 1700000000000001,
            "project_id": 7200000000000000001,
            "project_name": "双十一",
            "promotion_id": 7300000000000000001,
            "promotion_name": "加企微",
        },
        {
            "ad_campaign_id": 2,
            "advertiser_id": 1700000000000001,
            "project_id": 7200000000000000001,
            "project_name": "双十一",
            "promotion_id": 7300000000000000002,
            "promotion_name": "店铺",
        },
        {
            "ad_campaign_id": 3,
            "advertiser_id": 1700000000000002,
            "project_id": 7200000000000000002,
            "project_name": "常规",
            "promotion_id": 7300000000000000003,
            "promotion_name": "常规",
        },
    ],
    "ad_days": [
        # The sample of the page ads.
        {
            "ad_campaign_id": 1,
            "stat_on": date(2026, 11, 1),
            "cost_fen": 123456,
            "impressions": 80000,
            "clicks": 1500,
            "conversions": 40,
            "deep_conversions": 4,
            "wecom_adds": 35,
            "wecom_unfriends": 2,
        },
        {
            "ad_campaign_id": 2,
            "stat_on": date(2026, 11, 1),
            "cost_fen": 100,
            "impressions": 1000,
            "clicks": 0,
            "conversions": 0,
            "deep_conversions": 0,
            "wecom_adds": 0,
            "wecom_unfriends": 0,
        },
        {
            "ad_campaign_id": 1,
            "stat_on": date(2026, 11, 4),
            "cost_fen": 33000,
            "impressions": 6600,
            "clicks": 660,
            "conversions": 33,
            "deep_conversions": 0,
            "wecom_adds": 33,
            "wecom_unfriends": 0,
        },
        {
            "ad_campaign_id": 1,
            "stat_on": date(2026, 11, 5),
            "cost_fen": 33000,
            "impressions": 6600,
            "clicks": 660,
            "conversions": 33,
            "deep_conversions": 0,
            "wecom_adds": 33,
            "wecom_unfriends": 0,
        },
    ],
}


def shop(folder: Path, *, moment: datetime = REFERENCE) -> Path:
    """The world's folder, every time moved so that it stands to `moment` as it stands here to REFERENCE."""
    by = moment - REFERENCE
    return write_world(folder, {table: [_moved(row, by) for row in rows] for table, rows in TABLES.items()})


def _moved(row: Row, by: timedelta) -> Row:
    return {name: value + by if isinstance(value, date) else value for name, value in row.items()}
