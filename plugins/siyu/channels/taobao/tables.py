"""What of TOP's replies lands: trades and their lines, refunds, reviews, members.

Here: fields, their units and personal classes (source OT of the contract). Not here: asking for them (the package).
"""

from siyu.channels.api.declare import Presence, Table, column
from siyu.channels.api.units import CHINA_TIME, DECIMAL, FLAG, ID, INTEGER, TEXT, YUAN
from siyu.resources import Kind, Personal

_LATER = Presence.OPTIONAL  # a moment that is absent until it is reached, or a thing that not every row has

ORDERS = Table(
    name="orders",
    kind=Kind.VERSIONS,
    key="order_id",
    version="updated_at",
    happened="ordered_at",
    not_negative=("paid_amount", "freight_amount", "received_amount"),
    columns=(
        column("order_id", ID, "tid", "Trade.", required=True),
        column(
            "customer_id",
            ID,
            "buyer_open_uid",
            "Buyer, as this app sees them.",
            personal=Personal.IDENTIFIER,
        ),
        column(
            "order_status",
            TEXT,
            "status",
            "Status.",
            values=(
                "TRADE_NO_CREATE_PAY",
                "WAIT_BUYER_PAY",
                "PAY_PENDING",
                "SELLER_CONSIGNED_PART",
                "WAIT_SELLER_SEND_GOODS",
                "WAIT_BUYER_CONFIRM_GOODS",
                "TRADE_BUYER_SIGNED",
                "TRADE_FINISHED",
                "TRADE_CLOSED",
                "TRADE_CLOSED_BY_TAOBAO",
                "WAIT_PRE_AUTH_CONFIRM",
            ),
        ),
        column("order_type", TEXT, "type", "Kind of trade, e.g. step for a presale.", presence=_LATER),
        column("order_source", TEXT, "trade_from", "Where it was placed.", presence=_LATER),
        column("step_status", TEXT, "step_trade_status", "How far a presale has been paid.", presence=_LATER),
        column("ordered_at", CHINA_TIME, "created", "When it was placed.", required=True),
        column("paid_at", CHINA_TIME, "pay_time", "When it was paid.", presence=_LATER),
        column("shipped_at", CHINA_TIME, "consign_time", "When it was sent.", presence=_LATER),
        column("ended_at", CHINA_TIME, "end_time", "When it was finished or closed.", presence=_LATER),
        column("updated_at", CHINA_TIME, "modified", "When it last changed.", required=True),
        column("paid_amount", YUAN, "payment", "To pay, discounts off, freight in, in CNY.", required=True),
        column("goods_amount", YUAN, "total_fee", "Price times quantity of all lines."),
        column("discount_amount", YUAN, "discount_fee", "Discount on the whole.", presence=_LATER),
        column("adjust_amount", YUAN, "adjust_fee", "Changed by hand; may be negative.", presence=_LATER),
        column("freight_amount", YUAN, "post_fee", "Freight inside `paid_amount`."),
        column(
            "received_amount",
            YUAN,
            "received_payment",
            "What the seller has got so far; grows, never to be summed over versions.",
            presence=_LATER,
        ),
        column("step_paid_amount", YUAN, "step_paid_fee", "Paid of a presale so far.", presence=_LATER),
        column("commission_amount", YUAN, "commission_fee", "What the platform keeps.", presence=_LATER),
        column("points_used", INTEGER, "real_point_fee", "Points paid with.", presence=_LATER),
        column("points_earned", INTEGER, "buyer_obtain_point_fee", "Points given.", presence=_LATER),
        column("province", TEXT, "receiver_state", "Province of delivery.", presence=_LATER),
        column("city", TEXT, "receiver_city", "City of delivery.", presence=_LATER),
        column("district", TEXT, "receiver_district", "District of delivery.", presence=_LATER),
        column("store_id", ID, "o2o_shop_id", "Store that the sale is credited to.", presence=_LATER),
        column("guide_id", ID, "o2o_guide_id", "Guide that the sale is credited to.", presence=_LATER),
    ),
)

ORDER_LINES = Table(
    name="order_lines",
    kind=Kind.VERSIONS,
    key="order_id",
    version="updated_at",
    happened="ordered_at",
    not_negative=("quantity",),
    rows="orders.order",
    columns=(
        column("order_id", ID, "^.tid", "Trade.", required=True),
        column("line_id", ID, "oid", "Line.", required=True),
        column("item_id", ID, "num_iid", "Item of the shop.", presence=_LATER),
        column("sku_id", ID, "sku_id", "Article of the item.", presence=_LATER),
        column("item_code", TEXT, "outer_iid", "The seller's own code of the item.", presence=_LATER),
        column("sku_code", TEXT, "outer_sku_id", "The seller's own code of the article.", presence=_LATER),
        column("product_name", TEXT, "title", "Title of the item."),
        column("sku_properties", TEXT, "sku_properties_name", "Colour, size and so on.", presence=_LATER),
        column("category_id", ID, "cid", "Category of the platform.", presence=_LATER),
        column("quantity", INTEGER, "num", "Units.", required=True),
        column("unit_price", DECIMAL, "price", "Price per unit, in CNY."),
        column("discount_amount", YUAN, "discount_fee", "Discount on this line.", presence=_LATER),
        column("adjust_amount", YUAN, "adjust_fee", "Changed by hand; may be negative.", presence=_LATER),
        column("line_amount", YUAN, "payment", "Price times quantity, its own discount off.", required=True),
        column(
            "paid_amount",
            YUAN,
            "divide_order_fee",
            "Its share of what was really paid; absent: line_amount less order_discount_amount.",
            presence=_LATER,
        ),
        column(
            "order_discount_amount",
            YUAN,
            "part_mjz_discount",
            "Its share of discounts on the whole order.",
            presence=_LATER,
        ),
        column("line_status", TEXT, "status", "Status."),
        column("refund_status", TEXT, "refund_status", "NO_REFUND, or how far a refund is.", presence=_LATER),
        column("refund_id", ID, "refund_id", "The latest refund.", presence=_LATER),
        column("is_reviewed", FLAG, "buyer_rate", "Whether the buyer has reviewed it.", presence=_LATER),
        column("shipped_at", CHINA_TIME, "consign_time", "When it was sent.", presence=_LATER),
        column("ended_at", CHINA_TIME, "end_time", "When it was finished or closed.", presence=_LATER),
        column("ordered_at", CHINA_TIME, "^.created", "When the order was placed.", required=True),
        column("paid_at", CHINA_TIME, "^.pay_time", "When the order was paid.", presence=_LATER),
        column("updated_at", CHINA_TIME, "^.modified", "When the order last changed.", required=True),
    ),
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
        column("order_id", ID, "tid", "Trade that it pays back.", required=True),
        column("line_id", ID, "oid", "Line that it pays back."),
        column("customer_id", ID, "buyer_open_uid", "Buyer.", personal=Personal.IDENTIFIER),
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
        column("line_amount", YUAN, "total_fee", "What it pays back of."),
        column("kept_amount", YUAN, "payment", "What the seller keeps: line_amount less refund_amount."),
        column("order_status", TEXT, "order_status", "Status of the order.", presence=_LATER),
        column("goods_status", TEXT, "good_status", "Where the goods are.", presence=_LATER),
        column("is_goods_returned", FLAG, "has_good_return", "Whether goods come back.", presence=_LATER),
        column("refund_reason", TEXT, "reason", "Reason, one of the platform's list.", presence=_LATER),
        column("refund_phase", TEXT, "refund_phase", "onsale or aftersale.", presence=_LATER),
        column("quantity", INTEGER, "num", "Units.", presence=_LATER),
        column("item_id", ID, "num_iid", "Item of the shop.", presence=_LATER),
        column("item_code", TEXT, "outer_id", "The seller's own code.", presence=_LATER),
        column("requested_at", CHINA_TIME, "created", "When the buyer asked for it.", required=True),
        column("updated_at", CHINA_TIME, "modified", "When it last changed.", required=True),
    ),
)

REVIEWS = Table(
    name="reviews",
    kind=Kind.VERSIONS,
    key="line_id",
    happened="reviewed_at",
    columns=(
        column("order_id", ID, "tid", "Trade.", required=True),
        column("line_id", ID, "oid", "Line that is reviewed.", required=True),
        column("customer_id", ID, "ouid", "Buyer.", personal=Personal.IDENTIFIER, presence=_LATER),
        column("rating", TEXT, "result", "good, neutral or bad.", values=("good", "neutral", "bad")),
        column("is_counted", FLAG, "valid_score", "Whether it counts for the shop.", presence=_LATER),
        column("logistics_score", DECIMAL, "logistics_service_score", "Of the delivery.", presence=_LATER),
        column("item_id", ID, "num_iid", "Item of the shop.", presence=_LATER),
        column("product_name", TEXT, "item_title", "Title of the item.", presence=_LATER),
        column("unit_price", DECIMAL, "item_price", "Price of the item, in CNY.", presence=_LATER),
        column("reviewed_at", CHINA_TIME, "created", "When it was written.", required=True),
    ),
)

# an observation, since a row does not say when it changed, and one that is not there has not changed
MEMBERS = Table(
    name="members",
    kind=Kind.DAILY_STATS,
    key="customer_id",
    version=None,
    columns=(
        column(
            "customer_id", ID, "ouid", "Buyer, member or not.", required=True, personal=Personal.IDENTIFIER
        ),
        column("level", INTEGER, "grade", "Level of membership; 0: no member."),
        column("level_name", TEXT, "grade_name", "Name of the level.", presence=_LATER),
        column("member_status", TEXT, "status", "normal or blacklist.", values=("normal", "blacklist")),
        column("order_count", INTEGER, "trade_count", "Trades finished."),
        column("order_amount", YUAN, "trade_amount", "Of these, in CNY."),
        column("item_count", INTEGER, "item_num", "Units bought.", presence=_LATER),
        column("closed_count", INTEGER, "close_trade_count", "Trades closed.", presence=_LATER),
        column("closed_amount", YUAN, "close_trade_amount", "Of these, in CNY.", presence=_LATER),
        column("last_ordered_at", CHINA_TIME, "last_trade_time", "The latest trade.", presence=_LATER),
        column(
            "relation_source",
            INTEGER,
            "relation_source",
            "1 bought, 2 did not finish an order, 3 taken in by the seller.",
            presence=_LATER,
        ),
        column("group_ids", TEXT, "group_ids", "Groups that the seller made.", presence=_LATER),
    ),
    ignored=("buyer_nick",),  # a name
)
