"""What can land: the resources every channel maps to, their fields, keys and personal classes.

Here: the one declaration that channels (what to produce), landing (what to check) and dbt sources
(which columns a raw view has) read. Not here: how any channel produces them.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

FieldType = Literal["text", "id", "integer", "decimal", "amount", "timestamp", "date", "boolean"]

# DuckDB types of the typed columns. `amount` is money in the major unit (yuan), to the fen;
# `decimal` is a price or a share and keeps six places; timestamps are UTC without a zone.
DUCKDB_TYPES: dict[FieldType, str] = {
    "text": "varchar",
    "id": "varchar",
    "integer": "bigint",
    "decimal": "decimal(18,6)",
    "amount": "decimal(18,2)",
    "timestamp": "timestamp",
    "date": "date",
    "boolean": "boolean",
}


class Personal(StrEnum):
    """How a field touches a person, and what landing does with it."""

    NONE = "none"  # lands as it is
    IDENTIFIER = "identifier"  # lands as a token in `<field minus _id>_token`; the clear value is sealed
    COMPARED = "compared"  # sealed; lands as a token in `<field>_token`, which is compared and names nobody
    ATTRIBUTE = "attribute"  # sealed, never lands
    FREE_TEXT = "free_text"  # sealed, never lands


class Kind(StrEnum):
    """How repeated observations of one key are resolved (by staging models, never by load)."""

    VERSIONS = "versions"  # newest version column, then status rank, then content hash
    EVENTS = "events"  # immutable, keyed
    SNAPSHOT = "snapshot"  # a complete list as observed at a time
    DAILY_STATS = "daily_stats"  # newest observation wins


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of a resource as a channel hands it over."""

    name: str
    type: FieldType
    required: bool = False
    personal: Personal = Personal.NONE
    identifier: str | None = None  # kind of identifier, where the field's name does not say it: `phone`
    added_later: bool = False  # rows landed before it was: a row without a value of it keeps the hash it had
    doc: str

    @property
    def identifier_kind(self) -> str:
        """What its tokens are tokens of: equal values of one kind have equal tokens in every resource."""
        return self.identifier or self.name

    @property
    def token_column(self) -> str:
        """Name of the column that holds the token: `customer_id` → `customer_token`."""
        return f"{self.name.removesuffix('_id')}_token"

    @property
    def lands_as_token(self) -> bool:
        """Whether raw has a token in its place."""
        return self.personal in (Personal.IDENTIFIER, Personal.COMPARED)

    @property
    def raw_column(self) -> str | None:
        """Name of the column in raw, None when the field never lands."""
        if self.personal is Personal.NONE:
            return self.name
        return self.token_column if self.lands_as_token else None


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One kind of record: what a row is, its key, and how versions of it are told apart."""

    name: str
    kind: Kind
    key: str
    within: tuple[str, ...] = ()  # fields beside the channel that the key is unique in
    grouped: bool = False  # rows that share key and version in one file are lines of one document
    version: str | None = "updated_at"
    happened: str | None  # the field whose date must not lie in the future; None when nothing happens in it
    not_negative: tuple[str, ...] = ()
    consented: str | None = None  # field without which a row may not land: the person has not consented to it
    is_observed: bool = False  # read from an API at a moment: rows carry OBSERVED_COLUMNS
    fields: tuple[Field, ...]

    @property
    def key_fields(self) -> tuple[Field, ...]:
        """The fields that together name a row within its channel, the key last."""
        return tuple(self.field(name) for name in (*self.within, self.key))

    @property
    def keeps_observations(self) -> bool:
        """Whether a row lands again each time it is observed, changed or not: that it was there is the news."""
        return self.kind in (Kind.SNAPSHOT, Kind.DAILY_STATS)

    def field(self, name: str) -> Field:
        """The field called `name`; KeyError when the resource has none."""
        return next(field for field in self.fields if field.name == name)


def _f(
    name: str, type: FieldType, doc: str, *, required: bool = False, personal: Personal = Personal.NONE
) -> Field:
    return Field(name=name, type=type, required=required, personal=personal, doc=doc)


def _later(
    name: str,
    type: FieldType,
    doc: str,
    *,
    personal: Personal = Personal.NONE,
    identifier: str | None = None,
) -> Field:
    return Field(name=name, type=type, personal=personal, identifier=identifier, added_later=True, doc=doc)


_CUSTOMER = _f("customer_id", "id", "The customer as the source names them.", personal=Personal.IDENTIFIER)
_CUSTOMER_REQUIRED = _f(
    "customer_id", "id", "The customer as the source names them.", required=True, personal=Personal.IDENTIFIER
)
_UPDATED = _f("updated_at", "timestamp", "When the source last changed the record; newest wins.")
_CURRENCY = _f("currency_code", "text", "ISO 4217 code of every amount in the row.", required=True)
_OWNERS = (
    _f("brand_code", "text", "Brand, from seed `brands`.", required=True),
    _f("channel_code", "text", "Channel surface, from seed `channels`.", required=True),
)

ORDERS = Resource(
    name="orders",
    kind=Kind.VERSIONS,
    key="order_id",
    happened="ordered_at",
    not_negative=("paid_amount", "discount_amount", "freight_amount"),
    fields=(
        *_OWNERS,
        _f("order_id", "id", "Parent order in the source.", required=True),
        _CUSTOMER,
        _f("order_status", "text", "Status word of the source; informative, models test timestamps."),
        _f("ordered_at", "timestamp", "When the order was placed.", required=True),
        _f("paid_at", "timestamp", "When it was paid; empty means never paid."),
        _f("cancelled_at", "timestamp", "When it was closed before payment."),
        _f("paid_amount", "amount", "Amount to pay, discounts off, before refunds.", required=True),
        _f("discount_amount", "amount", "Discount already off `paid_amount`."),
        _f("freight_amount", "amount", "Freight inside `paid_amount`."),
        _f("province", "text", "Province of delivery, as the source writes it."),
        _CURRENCY,
        _UPDATED,
        _later("store_id", "id", "Store that sold it."),
        _later("guide_id", "id", "Guide who sold it."),
        _later(
            "delivery_address",
            "text",
            "Where it was delivered; lands as a token, to count homes.",
            personal=Personal.IDENTIFIER,
            identifier="address",
        ),
    ),
)

ORDER_LINES = Resource(
    name="order_lines",
    kind=Kind.VERSIONS,
    key="order_id",
    grouped=True,
    happened="ordered_at",
    not_negative=("quantity", "unit_price", "line_amount", "unit_cost"),
    fields=(
        *_OWNERS,
        _f("order_id", "id", "Parent order in the source.", required=True),
        _f("line_id", "id", "Line in the source, where it has one."),
        _CUSTOMER,
        _f("product_id", "id", "Product or SKU.", required=True),
        _f("product_name", "text", "Name of the product."),
        _f("category", "text", "Category of the product."),
        _f("quantity", "integer", "Units.", required=True),
        _f("unit_price", "decimal", "Price per unit, up to six places."),
        _f(
            "line_amount",
            "amount",
            "Amount of the line; quantity × unit_price when not mapped.",
            required=True,
        ),
        _f("unit_cost", "decimal", "Cost of goods per unit, where known."),
        _f("ordered_at", "timestamp", "When the order was placed."),
        _f("paid_at", "timestamp", "When it was paid; empty means never paid."),
        _CURRENCY,
        _UPDATED,
        _later("store_id", "id", "Store that sold it."),
        _later("guide_id", "id", "Guide who sold it."),
        _later("sku_id", "id", "Article: the product in one colour and size."),
        _later("size", "text", "Size, as printed."),
    ),
)

REFUNDS = Resource(
    name="refunds",
    kind=Kind.VERSIONS,
    key="refund_id",
    grouped=True,
    happened="refunded_at",
    not_negative=("quantity", "unit_price", "refund_amount"),
    fields=(
        *_OWNERS,
        _f("refund_id", "id", "Refund or credit note in the source.", required=True),
        _f("order_id", "id", "Order it pays back, where the source says."),
        _CUSTOMER,
        _f("product_id", "id", "Product that came back."),
        _f("quantity", "integer", "Units that came back, positive."),
        _f("unit_price", "decimal", "Price per unit paid back."),
        _f(
            "refund_amount",
            "amount",
            "Amount paid back; quantity × unit_price when not mapped.",
            required=True,
        ),
        _f("refunded_at", "timestamp", "When it was paid back.", required=True),
        _f("refund_reason", "text", "Reason code of the source."),
        _CURRENCY,
        _UPDATED,
        _later("sku_id", "id", "Article that came back: the product in one colour and size."),
        _later("size", "text", "Size, as printed."),
    ),
)

CUSTOMERS = Resource(
    name="customers",
    kind=Kind.VERSIONS,
    key="customer_id",
    happened="enrolled_at",
    fields=(
        *_OWNERS,
        _CUSTOMER_REQUIRED,
        _f("phone", "text", "Mobile number.", personal=Personal.IDENTIFIER),
        _f("email", "text", "E-mail address.", personal=Personal.IDENTIFIER),
        _f("full_name", "text", "Name.", personal=Personal.COMPARED),
        _f("birth_date", "date", "Birthday.", personal=Personal.COMPARED),
        _f("address", "text", "Postal address.", personal=Personal.COMPARED),
        _f("province", "text", "Province or state."),
        _f("enrolled_at", "timestamp", "When the person became an enrolled member."),
        _f("unenrolled_at", "timestamp", "When the membership ended."),
        _f("added_at", "timestamp", "When the person became a friend or follower."),
        _UPDATED,
        _later("store_id", "id", "Store in which the person joined."),
    ),
)

TOUCHES = Resource(
    name="touches",
    kind=Kind.EVENTS,
    key="touch_id",
    version=None,
    happened="touched_at",
    fields=(
        *_OWNERS,
        _f("touch_id", "id", "Touch, or assignment to a campaign's arm.", required=True),
        _CUSTOMER_REQUIRED,
        _f("campaign_code", "id", "Campaign.", required=True),
        _f("campaign_name", "text", "Name of the campaign."),
        _f("arm", "text", "Arm of the experiment, e.g. treatment or holdout.", required=True),
        _f("is_holdout", "boolean", "True where the arm was left alone on purpose.", required=True),
        _f("planned_share", "decimal", "Share of persons the plan gave to this arm, 0–1."),
        _f("touched_at", "timestamp", "When it was sent, or the arm assigned.", required=True),
        _later("touch_purpose", "text", "What it was about: service or sales; others are neither."),
        _later(
            "product_stage", "text", "Stage of the product that it was about, from seed `product_stages`."
        ),
    ),
)

CONSENTS = Resource(
    name="consents",
    kind=Kind.VERSIONS,
    within=("customer_id", "purpose", "contact_channel"),
    key="decided_at",
    happened="decided_at",
    fields=(
        *_OWNERS,
        _CUSTOMER_REQUIRED,
        _f("purpose", "text", "What it is about, e.g. marketing or chat_archive.", required=True),
        _f(
            "contact_channel",
            "text",
            "Way of contact, from seed `contact_channels`; any where it is about all of them.",
            required=True,
        ),
        _f("is_granted", "boolean", "True where granted, false where refused or withdrawn.", required=True),
        _f("decided_at", "timestamp", "When the person decided.", required=True),
        _f("expires_at", "timestamp", "When a granted one ends by itself; empty where it does not."),
        _f("consent_source", "text", "Where the person decided: form, store, hotline …", required=True),
        _UPDATED,
    ),
)

MEMBER_TAGS = Resource(
    name="member_tags",
    kind=Kind.VERSIONS,
    within=("customer_id", "tag_name", "tag_value"),
    key="tagged_at",
    happened="tagged_at",
    fields=(
        *_OWNERS,
        _CUSTOMER_REQUIRED,
        _f("tag_name", "text", "What the tag is about, from seed `tags`, e.g. shoe_size.", required=True),
        _f("tag_value", "text", "The tag: a word or a number of a list, never free text.", required=True),
        _f(
            "tag_source",
            "text",
            "Where it is from: survey, form, assessment, guide …; chat where it was read out of a message.",
            required=True,
        ),
        _f("message_id", "id", "Message that it was read out of; what comes from a chat needs one."),
        _f("tagged_at", "timestamp", "When it was put on.", required=True),
        _f("removed_at", "timestamp", "When it was taken off; empty while it is on."),
        _UPDATED,
    ),
)

MEMBERSHIPS = Resource(
    name="memberships",
    kind=Kind.VERSIONS,
    within=("customer_id", "program"),
    key="started_at",
    happened="started_at",
    fields=(
        *_OWNERS,
        _CUSTOMER_REQUIRED,
        _f("program", "text", "Programme, by the brand's own code, e.g. club or plus.", required=True),
        _f("level", "text", "Level in it, by the brand's own code.", required=True),
        _f("is_paid", "boolean", "True where the person pays to be in it.", required=True),
        _f("started_at", "timestamp", "Since when the person has the level.", required=True),
        _f("ends_at", "timestamp", "When it ends if nobody renews it; empty where it does not."),
        _UPDATED,
    ),
)

POINTS_CHANGES = Resource(
    name="points_changes",
    kind=Kind.VERSIONS,
    key="change_id",
    happened="changed_at",
    fields=(
        *_OWNERS,
        _f("change_id", "id", "Entry of the ledger of points.", required=True),
        _CUSTOMER_REQUIRED,
        _f("points_kind", "text", "earned, redeemed or expired.", required=True),
        _f("points", "integer", "Points earned; redeemed or expired ones are negative.", required=True),
        _f("points_after", "integer", "Balance after it, where the source says."),
        _f("changed_at", "timestamp", "When.", required=True),
        _f("expires_at", "timestamp", "When the points that were earned expire."),
        _UPDATED,
    ),
)

CHILDREN = Resource(
    name="children",
    kind=Kind.VERSIONS,
    within=("customer_id",),
    key="child_id",
    happened="birth_month",
    fields=(
        *_OWNERS,
        _CUSTOMER_REQUIRED,
        _f("child_id", "id", "The child among those of the customer: 1, 2 …; never a name.", required=True),
        _f("birth_month", "date", "A day of the month of birth; the month alone is kept.", required=True),
        _f("formula_brand", "text", "Brand of formula in use, by the brand's own code."),
        _UPDATED,
    ),
)

CONTACT_LISTS = Resource(
    name="contact_lists",
    kind=Kind.VERSIONS,
    within=("holder_id",),
    key="customer_id",
    happened="listed_at",
    consented="has_consented",
    fields=(
        *_OWNERS,
        _f("holder_id", "id", "Whose list it is: employee number, or number of the account.", required=True),
        _CUSTOMER_REQUIRED,
        _f("phone", "text", "Mobile number.", personal=Personal.IDENTIFIER),
        _f("list_source", "text", "Where the list is from, from seed `contact_list_sources`.", required=True),
        _f("has_consented", "boolean", "True where the contact consents to be in it.", required=True),
        _f("listed_at", "timestamp", "When the list was made.", required=True),
        _UPDATED,
    ),
)

SCANS = Resource(
    name="scans",
    kind=Kind.EVENTS,
    key="scan_id",
    version=None,
    happened="scanned_at",
    fields=(
        *_OWNERS,
        _f("scan_id", "id", "Scan in the source.", required=True),
        _CUSTOMER_REQUIRED,
        _f("campaign_code", "id", "Campaign that the code is of.", required=True),
        _f("event_id", "id", "Offline event at which it was scanned, if one."),
        _f("scanned_at", "timestamp", "When.", required=True),
    ),
)

CONSULTS = Resource(
    name="consults",
    kind=Kind.VERSIONS,
    key="consult_id",
    happened="asked_at",
    fields=(
        *_OWNERS,
        _f("consult_id", "id", "Question in the source.", required=True),
        _CUSTOMER_REQUIRED,
        _f("topic", "text", "What it is about: a word of a list, never what was said."),
        _f("asked_at", "timestamp", "When the customer asked.", required=True),
        _f("answered_at", "timestamp", "When it was first answered; empty while it is not."),
        _f("store_id", "id", "Store that was asked, by the brand's own code."),
        _f("guide_id", "id", "Guide who was asked: employee number; empty for customer service."),
        _UPDATED,
    ),
)

COSTS = Resource(
    name="costs",
    kind=Kind.VERSIONS,
    key="cost_id",
    happened="cost_date",
    not_negative=("cost_amount",),
    fields=(
        *_OWNERS,
        _f("cost_id", "id", "Cost row in the source.", required=True),
        _f("cost_date", "date", "Business day the cost belongs to.", required=True),
        _f("campaign_code", "id", "Campaign it was spent on, if one."),
        _f("cost_type", "text", "media, staff, gift, tool, commission or other.", required=True),
        _f("cost_purpose", "text", "acquisition, retention or general.", required=True),
        _f("cost_amount", "amount", "Amount spent.", required=True),
        _CURRENCY,
        _UPDATED,
        _later("store_id", "id", "Store it was spent for."),
        _later(
            "acquisition_method", "text", "Way of winning persons it was spent on, e.g. after_payment or ads."
        ),
    ),
)

_STORE = _f("store_id", "id", "Store, by the brand's own code.", required=True)

PAYMENTS = Resource(
    name="payments",
    kind=Kind.VERSIONS,
    key="payment_id",
    happened="paid_at",
    not_negative=("payment_amount",),
    fields=(
        *_OWNERS,
        _f("payment_id", "id", "Payment in the source.", required=True),
        _f("order_id", "id", "Order that it pays.", required=True),
        _f("tender", "text", "What was paid with, in the source's words.", required=True),
        _f("payment_amount", "amount", "Amount paid with it.", required=True),
        _f("paid_at", "timestamp", "When it was paid.", required=True),
        _CURRENCY,
        _UPDATED,
    ),
)

STORES = Resource(
    name="stores",
    kind=Kind.VERSIONS,
    within=("store_id",),
    key="valid_from",
    happened=None,  # an opening may be planned
    not_negative=("area_m2", "monthly_rent_amount"),
    fields=(
        *_OWNERS,
        _STORE,
        _f(
            "valid_from",
            "date",
            "First day on which area and rent are these; the opening in a list with one row per store.",
            required=True,
        ),
        _f("store_name", "text", "Name of the store."),
        _f("region", "text", "Sales region."),
        _f("province", "text", "Province or state."),
        _f("city", "text", "City."),
        _f("area_m2", "decimal", "Sales area in square metres."),
        _f("monthly_rent_amount", "amount", "Rent per calendar month."),
        _f("opened_on", "date", "First trading day."),
        _f("closed_on", "date", "First day without trade; empty while it trades."),
        _CURRENCY,
        _UPDATED,
    ),
)

GUIDES = Resource(
    name="guides",
    kind=Kind.VERSIONS,
    key="guide_id",
    happened=None,  # an entry may be planned
    fields=(
        *_OWNERS,
        _f("guide_id", "id", "Employee number; names are not read.", required=True),
        _f("store_id", "id", "Store of the guide, by the brand's own code; the newest one."),
        _f("is_part_time", "boolean", "True for part-timers; empty where the source does not say."),
        _f("joined_on", "date", "First day of employment."),
        _f("left_on", "date", "First day no longer employed; empty while employed."),
        _UPDATED,
    ),
)

ROSTERS = Resource(
    name="rosters",
    kind=Kind.VERSIONS,
    within=("store_id", "guide_id"),
    key="roster_date",
    happened=None,  # shifts are planned
    not_negative=("hours",),
    fields=(
        *_OWNERS,
        _STORE,
        _f("guide_id", "id", "Employee number.", required=True),
        _f("roster_date", "date", "Business day.", required=True),
        _f(
            "hours", "decimal", "Hours on duty in that store on that day, all shifts together.", required=True
        ),
        _UPDATED,
    ),
)

FOOTFALL = Resource(
    name="footfall",
    kind=Kind.VERSIONS,
    within=("store_id",),
    key="visit_date",
    grouped=True,  # the hours of a store's day
    happened="visit_date",
    not_negative=("visit_count", "tried_count", "passer_count"),
    fields=(
        *_OWNERS,
        _STORE,
        _f("visit_date", "date", "Business day.", required=True),
        _f("visit_hour", "integer", "Hour of the day, 0 to 23; empty for the day as a whole."),
        _f("visit_count", "integer", "Persons counted at the door.", required=True),
        _f("tried_count", "integer", "Of these, persons who tried something on."),
        _f("passer_count", "integer", "Persons counted in front of the store."),
        _UPDATED,
    ),
)

TARGETS = Resource(
    name="targets",
    kind=Kind.VERSIONS,
    within=("target_of", "owner_id", "measure"),
    key="target_month",
    happened=None,  # set in advance
    not_negative=("target_value",),
    fields=(
        *_OWNERS,
        _f("target_of", "text", "Whose target it is: store or guide.", required=True),
        _f("owner_id", "id", "Store code or employee number.", required=True),
        _f("measure", "text", "What is to be reached, from seed `target_measures`.", required=True),
        _f("target_month", "date", "A day of the month that it is for.", required=True),
        _f("target_value", "decimal", "Amount in the major unit, or a number.", required=True),
        _CURRENCY,
        _UPDATED,
    ),
)

INVENTORY = Resource(
    name="inventory",
    kind=Kind.VERSIONS,
    within=("store_id", "sku_id"),
    key="stock_date",
    happened="stock_date",
    not_negative=("unit_cost",),  # stock may be: sold before the delivery was booked
    fields=(
        *_OWNERS,
        _STORE,
        _f("sku_id", "id", "Article: the product in one colour and size.", required=True),
        _f("stock_date", "date", "Business day at whose end it was on hand.", required=True),
        _f("product_id", "id", "Product."),
        _f("size", "text", "Size, as printed."),
        _f("on_hand_quantity", "integer", "Pieces on hand.", required=True),
        _f("unit_cost", "decimal", "Cost of goods per piece."),
        _CURRENCY,
        _UPDATED,
    ),
)

RESOURCES: dict[str, Resource] = {
    resource.name: resource
    for resource in (
        *(ORDERS, ORDER_LINES, REFUNDS, PAYMENTS, CUSTOMERS, TOUCHES, COSTS),
        *(CONSENTS, MEMBER_TAGS, MEMBERSHIPS, POINTS_CHANGES, CHILDREN, CONTACT_LISTS, SCANS, CONSULTS),
        *(STORES, GUIDES, ROSTERS, FOOTFALL, TARGETS, INVENTORY),
    )
}

# The pipeline's own columns of every raw Parquet file, after the resource's own.
PIPELINE_COLUMNS: dict[str, str] = {
    "is_excluded": "boolean",  # landed, but does not count
    "exclusion_reason": "varchar",  # why; empty when it counts
    "_line_number": "integer",  # position within its group, 1-based, in file order
    "_group_hash": "varchar",  # content of the whole group, independent of the order of its rows
    "_row_hash": "varchar",  # content of the row
    "_load_id": "varchar",
    "_source_row": "bigint",  # 1-based row of data in the source file
}

# After those, where rows are read from an API. They are no content: they are in no hash.
OBSERVED_COLUMNS: dict[str, str] = {
    "_observed_at": "timestamp",  # UTC: when the reading of the window began that the row is from
    "_more": "varchar",  # JSON object: fields of the source that nobody declared, by path; null without any
}


def raw_columns(resource: Resource) -> dict[str, str]:
    """Columns of a resource's raw Parquet and raw view, in order, with their DuckDB types."""
    own = {
        field.raw_column: "varchar" if field.lands_as_token else DUCKDB_TYPES[field.type]
        for field in resource.fields
        if field.raw_column is not None
    }
    return own | PIPELINE_COLUMNS | (OBSERVED_COLUMNS if resource.is_observed else {})
