"""What of Youzan's replies lands: orders and their lines, refunds, customers, points, coupons, salesmen.

Here: fields, their units and personal classes. Not here: asking for them (the package).
"""

from siyu.channels.api.declare import Presence, Table, column
from siyu.channels.api.units import CHINA_TIME, DECIMAL, EPOCH, FEN, FLAG, ID, INTEGER, TEXT, YUAN
from siyu.resources import Kind, Personal

_LATER = Presence.OPTIONAL  # a moment that is absent until it is reached, or a thing that not every row has
_ORDER = "full_order_info.order_info."
_BUYER = "full_order_info.buyer_info."
_PAYMENT = "full_order_info.pay_info."
_ADDRESS = "full_order_info.address_info."
_SOURCE = "full_order_info.source_info."

ORDERS = Table(
    name="orders",
    kind=Kind.VERSIONS,
    key="order_id",
    version="updated_at",
    happened="ordered_at",
    not_negative=("paid_amount", "freight_amount"),
    columns=(
        column("order_id", ID, f"{_ORDER}tid", "Order.", required=True),
        column("customer_id", ID, f"{_BUYER}yz_open_id", "Buyer.", personal=Personal.IDENTIFIER),
        column(
            "openid",
            ID,
            f"{_BUYER}outer_user_id",
            "Buyer in WeChat, or in the app that it came from.",
            personal=Personal.IDENTIFIER,
            presence=_LATER,
        ),
        column(
            "buyer_phone",
            TEXT,
            f"{_BUYER}buyer_phone",
            "Phone of the buyer.",
            personal=Personal.IDENTIFIER,
            identifier="phone",
            presence=_LATER,
        ),
        column(
            "receiver_phone",
            TEXT,
            f"{_ADDRESS}receiver_tel",
            "Phone of the receiver, who may be somebody else.",
            personal=Personal.IDENTIFIER,
            identifier="phone",
            presence=_LATER,
        ),
        column(
            "order_status",
            TEXT,
            f"{_ORDER}status",
            "Status.",
            values=(
                "WAIT_BUYER_PAY",
                "TRADE_PAID",
                "WAIT_CONFIRM",
                "WAIT_SELLER_SEND_GOODS",
                "WAIT_BUYER_CONFIRM_GOODS",
                "TRADE_SUCCESS",
                "TRADE_CLOSED",
            ),
        ),
        column("order_type", INTEGER, f"{_ORDER}type", "Kind of order.", presence=_LATER),
        column("close_type", INTEGER, f"{_ORDER}close_type", "Why it was closed.", presence=_LATER),
        column("refund_state", INTEGER, f"{_ORDER}refund_state", "0 none, 1, 2, 11, 12.", presence=_LATER),
        column("express_type", INTEGER, f"{_ORDER}express_type", "0, 1, 2: sent; 9: none.", presence=_LATER),
        column("pay_type", INTEGER, f"{_ORDER}pay_type", "How it was paid.", presence=_LATER),
        column("ordered_at", CHINA_TIME, f"{_ORDER}created", "When it was placed.", required=True),
        column("paid_at", CHINA_TIME, f"{_ORDER}pay_time", "When it was paid.", presence=_LATER),
        column("shipped_at", CHINA_TIME, f"{_ORDER}consign_time", "When it was sent.", presence=_LATER),
        column("confirmed_at", CHINA_TIME, f"{_ORDER}confirm_time", "When it was received.", presence=_LATER),
        column("finished_at", CHINA_TIME, f"{_ORDER}success_time", "When it was done.", presence=_LATER),
        column("updated_at", CHINA_TIME, f"{_ORDER}update_time", "When it last changed.", required=True),
        column("paid_amount", YUAN, f"{_PAYMENT}payment", "To pay, in CNY, freight in.", required=True),
        column("goods_amount", YUAN, f"{_PAYMENT}total_fee", "Goods before discounts."),
        column("freight_amount", YUAN, f"{_PAYMENT}post_fee", "Freight inside `paid_amount`."),
        column("real_paid_amount", YUAN, f"{_PAYMENT}real_payment", "Really paid.", presence=_LATER),
        column("deduction_amount", FEN, f"{_PAYMENT}deduction_pay", "Paid by deductions.", presence=_LATER),
        column(
            "real_deduction_amount",
            FEN,
            f"{_PAYMENT}deduction_real_pay",
            "Really paid by deductions.",
            presence=_LATER,
        ),
        column("province", TEXT, f"{_ADDRESS}delivery_province", "Province of delivery.", presence=_LATER),
        column("city", TEXT, f"{_ADDRESS}delivery_city", "City of delivery.", presence=_LATER),
        column("district", TEXT, f"{_ADDRESS}delivery_district", "District of delivery.", presence=_LATER),
        column("store_id", ID, f"{_ORDER}offline_id", "Store of the shop, where one.", presence=_LATER),
        column("is_offline", FLAG, f"{_SOURCE}is_offline_order", "Sold in a store.", presence=_LATER),
        column("platform", TEXT, f"{_SOURCE}source.platform", "wx and others.", presence=_LATER),
        column(
            "is_member", FLAG, f"{_ORDER}order_tags.is_member", "Whether a member bought.", presence=_LATER
        ),
        column(
            "is_by_salesman",
            FLAG,
            f"{_ORDER}order_tags.is_fenxiao_order",
            "Whether it is an order of distribution.",
            presence=_LATER,
        ),
    ),
    ignored=(
        *(
            f"{_ORDER}{name}"
            for name in (
                "status_str",
                "expired_time",
                "pay_type_str",
                "team_type",
                "activity_type",
                "is_retail_order",
                "order_tags",
                "order_extra",  # holds a buyer's name
            )
        ),
        *(f"{_SOURCE}{name}" for name in ("source.wx_entrance", "order_mark", "book_key", "biz_source")),
        *(f"{_BUYER}{name}" for name in ("buyer_id", "fans_id", "fans_type", "fans_nickname")),
        *(f"{_PAYMENT}{name}" for name in ("transaction", "outer_transactions", "phase_payments")),
        *(
            f"{_ADDRESS}{name}"
            for name in ("receiver_name", "delivery_address", "address_extra", "self_fetch_info")
        ),
        "full_order_info.remark_info",  # what people write
    ),
)

ORDER_LINES = Table(
    name="order_lines",
    kind=Kind.VERSIONS,
    key="order_id",
    version="updated_at",
    happened="ordered_at",
    not_negative=("quantity", "line_amount"),
    rows="full_order_info.orders",
    columns=(
        column("order_id", ID, f"^.{_ORDER}tid", "Order.", required=True),
        column("line_id", ID, "oid", "Line.", required=True),
        column("item_id", ID, "item_id", "Item of the shop.", presence=_LATER),
        column("sku_id", ID, "sku_id", "Article of the item.", presence=_LATER),
        column("item_code", TEXT, "outer_item_id", "The seller's own code of the item.", presence=_LATER),
        column("sku_code", TEXT, "outer_sku_id", "The seller's own code of the article.", presence=_LATER),
        column("product_name", TEXT, "title", "Title of the item."),
        column(
            "sku_properties",
            TEXT,
            "sku_properties_name",
            "Colour, size and so on, as JSON.",
            presence=_LATER,
        ),
        column("item_type", INTEGER, "item_type", "Kind of item.", presence=_LATER),
        column("quantity", INTEGER, "num", "Units.", required=True),
        column("unit_price", DECIMAL, "price", "Price per unit, in CNY."),
        column("sale_price", DECIMAL, "discount_price", "Price per unit, discounts off.", presence=_LATER),
        column("goods_amount", YUAN, "total_fee", "Of the line.", presence=_LATER),
        column("line_amount", YUAN, "payment", "Paid for the line; sums to the order's.", required=True),
        column("is_gift", FLAG, "is_present", "Whether it was given.", presence=_LATER),
        column("ordered_at", CHINA_TIME, f"^.{_ORDER}created", "When the order was placed.", required=True),
        column("paid_at", CHINA_TIME, f"^.{_ORDER}pay_time", "When the order was paid.", presence=_LATER),
        column(
            "updated_at", CHINA_TIME, f"^.{_ORDER}update_time", "When the order last changed.", required=True
        ),
    ),
    ignored=("points_price", "fenxiao_price", "fenxiao_payment"),
)

REFUNDS = Table(
    name="refunds",
    kind=Kind.VERSIONS,
    key="refund_id",
    version="updated_at",
    happened="requested_at",
    not_negative=("refund_amount",),
    columns=(
        column("refund_id", ID, "refund_id", "Refund.", required=True),
        column("order_id", ID, "tid", "Order that it pays back.", required=True),
        column(
            "refund_status",
            TEXT,
            "status",
            "Status; money has gone back at SUCCESS alone.",
            values=(
                "WAIT_SELLER_AGREE",
                "WAIT_BUYER_RETURN_GOODS",
                "WAIT_SELLER_CONFIRM_GOODS",
                "SELLER_REFUSE_BUYER",
                "CLOSED",
                "SUCCESS",
            ),
        ),
        column("refund_amount", YUAN, "refund_fee", "To be paid back, in CNY.", required=True),
        column("is_goods_returned", FLAG, "return_goods", "Whether goods come back.", presence=_LATER),
        column("reason_code", INTEGER, "reason", "Reason, a number of the platform's.", presence=_LATER),
        column("requested_at", CHINA_TIME, "created", "When it was asked for.", required=True),
        column("updated_at", CHINA_TIME, "modified", "When it last changed.", required=True),
    ),
    ignored=("kdt_id",),  # the account
)

CUSTOMERS = Table(
    name="customers",
    kind=Kind.SNAPSHOT,
    key="customer_id",
    version=None,
    happened="registered_at",
    columns=(
        column("customer_id", ID, "yz_open_id", "Customer.", required=True, personal=Personal.IDENTIFIER),
        column("phone", TEXT, "mobile", "Mobile number.", personal=Personal.IDENTIFIER, presence=_LATER),
        column("is_member", FLAG, "is_member", "Whether a member."),
        column("points_balance", INTEGER, "points", "Points as of now."),
        column("order_count", INTEGER, "trade_count", "Orders so far."),
        column("registered_at", EPOCH, "created_at", "When the shop first knew them.", required=True),
        column("enrolled_at", EPOCH, "created_member_at", "When they became a member.", presence=_LATER),
    ),
    ignored=("name", "show_name", "gender"),
)

POINTS_CHANGES = Table(
    name="points_changes",
    kind=Kind.EVENTS,
    key="points_after",
    within=("customer_id", "changed_at", "points"),
    version=None,
    happened="changed_at",
    columns=(
        column("customer_id", ID, "?.account_id", "Customer.", required=True, personal=Personal.IDENTIFIER),
        column("changed_at", EPOCH, "created_time", "When.", required=True),
        column("points", INTEGER, "amount", "Earned; spent or expired: negative.", required=True),
        column("points_after", INTEGER, "total", "Points after it.", required=True),
        column("expires_at", EPOCH, "expired_at", "When what was earned expires.", presence=_LATER),
    ),
    ignored=("description",),  # text
)

# all fields as of an API that is gone (NM); its successor's are not published: hence UNVERIFIED
COUPON_GROUPS = Table(
    name="coupon_groups",
    kind=Kind.SNAPSHOT,
    key="coupon_group_id",
    version=None,
    columns=(
        column("coupon_group_id", ID, "id", "Kind of coupon.", required=True),
        column("title", TEXT, "title", "Title.", presence=Presence.UNVERIFIED),
        column("value_amount", FEN, "denominations", "Money off, in CNY.", presence=Presence.UNVERIFIED),
        column("discount", INTEGER, "discount", "88: 12 % off.", presence=Presence.UNVERIFIED),
        column("printed_count", INTEGER, "total_qty", "Coupons there are.", presence=Presence.UNVERIFIED),
        column("left_count", INTEGER, "stock_qty", "Coupons left.", presence=Presence.UNVERIFIED),
        column("taken_count", INTEGER, "total_take", "Coupons taken.", presence=Presence.UNVERIFIED),
        column("used_count", INTEGER, "total_used", "Coupons used.", presence=Presence.UNVERIFIED),
    ),
    ignored=("condition",),  # its unit is not known
    harmless=("valid_type", "valid_start_time", "valid_end_time", "valid_days"),
)

COUPONS = Table(
    name="coupons",
    kind=Kind.VERSIONS,
    key="fans_id",
    within=("coupon_group_id", "taken_at"),
    version="used_at",
    happened="taken_at",
    columns=(
        column("coupon_group_id", ID, "?.coupon_group_id", "Kind of coupon.", required=True),
        column("fans_id", ID, "fans_id", "Who took it.", required=True, personal=Personal.IDENTIFIER),
        column("phone", TEXT, "mobile", "Of the taker.", personal=Personal.IDENTIFIER, presence=_LATER),
        column("taken_at", CHINA_TIME, "taked_at", "When it was taken.", required=True),
        column("is_used", FLAG, "is_used", "Whether it was used."),
        column("used_at", CHINA_TIME, "used_at", "When it was used.", presence=_LATER),
        column("order_id", ID, "used_in_order_no", "Order it was used on.", presence=_LATER),
    ),
)

SALESMEN = Table(
    name="salesmen",
    kind=Kind.SNAPSHOT,
    key="salesman_id",
    version=None,
    happened="registered_at",
    columns=(
        column("salesman_id", ID, "seller", "Salesman.", required=True),
        column("phone", TEXT, "mobile", "Own number.", personal=Personal.IDENTIFIER, presence=_LATER),
        column("fans_id", ID, "fans_id", "Own account.", personal=Personal.IDENTIFIER, presence=_LATER),
        column(
            "referrer_phone",
            TEXT,
            "from_buyer_mobile",
            "Of the salesman who brought this one in.",
            personal=Personal.IDENTIFIER,
            identifier="phone",
            presence=_LATER,
        ),
        column("order_count", INTEGER, "order_num", "Orders brought so far."),
        column("order_amount", YUAN, "money", "Of these, in CNY."),
        column("registered_at", CHINA_TIME, "created_at", "When.", presence=_LATER),
    ),
    ignored=("nickname",),
)

SALESMAN_ORDERS = Table(
    name="salesman_orders",
    kind=Kind.VERSIONS,
    key="order_id",
    within=("salesman_id",),
    version=None,
    happened="recorded_at",
    columns=(
        column("salesman_id", ID, "seller", "Salesman.", required=True),
        column("order_id", ID, "order_no", "Order.", required=True),
        column("order_amount", YUAN, "money", "Of the order, in CNY."),
        column("commission_amount", YUAN, "cps_money", "Commission, in CNY.", required=True),
        column("order_state", INTEGER, "state", "3, 5, 6 or 100."),
        column(
            "settle_state",
            INTEGER,
            "settle_state",
            "1 waits, 2 done, 3 no balance, 4 error, 5 cash on delivery.",
        ),
        column("phone", TEXT, "phone", "As told.", personal=Personal.IDENTIFIER, presence=_LATER),
        column("recorded_at", CHINA_TIME, "created_at", "When.", presence=_LATER),
        column("settled_at", CHINA_TIME, "settled_at", "When it was settled.", presence=_LATER),
    ),
    ignored=("auto_settle",),
)

SALESMAN_ORDER_LINES = Table(
    name="salesman_order_lines",
    kind=Kind.VERSIONS,
    key="order_id",
    within=("salesman_id",),
    version=None,
    rows="items",
    columns=(
        column("salesman_id", ID, "^.seller", "Salesman.", required=True),
        column("order_id", ID, "^.order_no", "Order.", required=True),
        column("item_id", ID, "num_iid", "Item of the shop."),
        column("quantity", INTEGER, "num", "Units."),
        column("unit_price", DECIMAL, "price", "Price per unit, in CNY."),
        column("commission_rate", DECIMAL, "i_rate", "Percent, of the salesman."),
        column("commission_amount", YUAN, "i_cps_money", "Of the salesman, in CNY."),
        column("upper_rate", DECIMAL, "ii_rate", "Percent, of the one above.", presence=_LATER),
        column("upper_amount", YUAN, "ii_cps_money", "Of the one above, in CNY.", presence=_LATER),
    ),
)
