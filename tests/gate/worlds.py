"""Small worlds of raw rows: what a shop's export would hold, written down in a few calls per story."""

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pyarrow as pa

from siyu.engine import connect, quoted
from siyu.landing.batch import Batch, Source
from siyu.landing.raw_views import list_loads
from siyu.landing.records import LoadRecord
from siyu.landing.register import land
from siyu.resources import CUSTOMERS, DUCKDB_TYPES, RESOURCES
from siyu.settings import Home, Settings
from siyu.warehouse.published import show_published

AS_OF = date(2024, 2, 29)  # a leap day, so that every story has one
NOON_IN_SHANGHAI = timedelta(hours=4)
LANDED_AT = datetime(2024, 3, 1, 2, tzinfo=UTC)
HOLDOUT = "holdout"
_REJECT = "insert into rejects_customers values (?, 'not_a_date', 'enrolled_at', ?)"


@dataclass
class World:
    """Rows per resource, as a channel hands them over; times are noon in Shanghai of the day given."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in RESOURCES})

    def order(
        self,
        day: date = AS_OF,
        *,
        customer: str | None = "anna",
        amount: str = "100.00",
        paid: bool = True,
        channel: str = "tmall_shop",
        excluded: str | None = None,
        currency: str = "CNY",
        quantity: int = 1,
        unit_cost: str | None = "40.00",
        with_line: bool = True,
        paid_after: timedelta = timedelta(0),
        address: str | None = None,
    ) -> str:
        """An order of one line, placed on a day and paid then or later; returns its id."""
        order_id = f"o{len(self.rows['orders']) + 1:05d}"
        common = {
            "channel_code": channel,
            "order_id": order_id,
            "customer_id": customer,
            "ordered_at": _noon(day),
            "paid_at": _noon(day + paid_after) if paid else None,
            "currency_code": currency,
            "updated_at": _noon(day),
            "_exclusion": excluded,
        }
        self._add("orders", common | {"paid_amount": amount, "delivery_address": address})
        if with_line:
            price = str((Decimal(amount) / quantity).quantize(Decimal("0.000001")))
            line = {"product_id": "p1", "quantity": quantity, "unit_price": price, "line_amount": amount}
            self._add("order_lines", common | line | {"unit_cost": unit_cost})
        return order_id

    def refund(
        self,
        amount: str,
        day: date = AS_OF,
        *,
        order_id: str | None = None,
        customer: str | None = None,
        channel: str = "tmall_shop",
        currency: str = "CNY",
    ) -> None:
        """Money paid back, for an order or for none that is named."""
        self._add(
            "refunds",
            {
                "channel_code": channel,
                "refund_id": f"r{len(self.rows['refunds']) + 1:05d}",
                "order_id": order_id,
                "customer_id": customer,
                "product_id": "p1",
                "quantity": 1,
                "unit_price": amount,
                "refund_amount": amount,
                "refunded_at": _noon(day),
                "currency_code": currency,
                "updated_at": _noon(day),
            },
        )

    def customer(
        self,
        customer: str,
        *,
        channel: str = "tmall_shop",
        enrolled: date | None = None,
        added: date | None = None,
        phone: str | None = None,
        **told: str,
    ) -> None:
        """A person the source has a record of; `told` are other fields, such as email or full_name."""
        self._add(
            "customers",
            {
                "channel_code": channel,
                "customer_id": customer,
                "enrolled_at": _noon(enrolled) if enrolled else None,
                "added_at": _noon(added) if added else None,
                "phone": phone,
            }
            | told,
        )

    def consent(
        self,
        customer: str,
        day: date,
        *,
        granted: bool = True,
        purpose: str = "marketing",
        via: str = "sms",
        expires: date | None = None,
        channel: str = "tmall_shop",
    ) -> None:
        """What a person decided about a purpose and a way of contact."""
        self._add(
            "consents",
            {
                "channel_code": channel,
                "customer_id": customer,
                "purpose": purpose,
                "contact_channel": via,
                "is_granted": granted,
                "decided_at": _noon(day),
                "expires_at": _noon(expires) if expires else None,
                "consent_source": "form" if granted else "hotline",
            },
        )

    def tag(
        self,
        customer: str,
        name: str,
        value: str,
        day: date,
        *,
        until: date | None = None,
        source: str = "survey",
        message: str | None = None,
        channel: str = "tmall_shop",
    ) -> None:
        """A tag that another system put on a person."""
        self._add(
            "member_tags",
            {
                "channel_code": channel,
                "customer_id": customer,
                "tag_name": name,
                "tag_value": value,
                "tag_source": source,
                "message_id": message,
                "tagged_at": _noon(day),
                "removed_at": _noon(until) if until else None,
            },
        )

    def membership(
        self,
        customer: str,
        level: str,
        day: date,
        *,
        program: str = "club",
        until: date | None = None,
        paid: bool = False,
        channel: str = "tmall_shop",
    ) -> None:
        """A level of a programme that a person got."""
        self._add(
            "memberships",
            {
                "channel_code": channel,
                "customer_id": customer,
                "program": program,
                "level": level,
                "is_paid": paid,
                "started_at": _noon(day),
                "ends_at": _noon(until) if until else None,
            },
        )

    def points(
        self, customer: str, change: int, day: date, *, kind: str = "earned", channel: str = "tmall_shop"
    ) -> None:
        """Points earned, redeemed or expired."""
        self._add(
            "points_changes",
            {
                "channel_code": channel,
                "change_id": f"p{len(self.rows['points_changes']) + 1:05d}",
                "customer_id": customer,
                "points_kind": kind,
                "points": change,
                "changed_at": _noon(day),
            },
        )

    def child(self, customer: str, number: int, month: date, *, channel: str = "tmall_shop") -> None:
        """A child of a person."""
        self._add(
            "children",
            {
                "channel_code": channel,
                "customer_id": customer,
                "child_id": str(number),
                "birth_month": month.isoformat(),
            },
        )

    def contact(
        self,
        customer: str,
        holder: str,
        day: date,
        *,
        source: str = "personal_account",
        consented: bool = True,
        phone: str | None = None,
        channel: str = "tmall_shop",
    ) -> None:
        """A person in a list of contacts."""
        self._add(
            "contact_lists",
            {
                "channel_code": channel,
                "holder_id": holder,
                "customer_id": customer,
                "phone": phone,
                "list_source": source,
                "has_consented": consented,
                "listed_at": _noon(day),
            },
        )

    def scan(
        self,
        customer: str,
        day: date,
        *,
        campaign: str = "poster",
        event: str | None = None,
        channel: str = "tmall_shop",
    ) -> None:
        """A person scans a code of a campaign, perhaps at an offline event."""
        self._add(
            "scans",
            {
                "channel_code": channel,
                "scan_id": f"s{len(self.rows['scans']) + 1:05d}",
                "customer_id": customer,
                "campaign_code": campaign,
                "event_id": event,
                "scanned_at": _noon(day),
            },
        )

    def consult(
        self,
        customer: str,
        day: date,
        *,
        answered: date | None = None,
        guide: str = "E1",
        channel: str = "tmall_shop",
    ) -> None:
        """A person asks a guide something, who may answer."""
        self._add(
            "consults",
            {
                "channel_code": channel,
                "consult_id": f"q{len(self.rows['consults']) + 1:05d}",
                "customer_id": customer,
                "topic": "size",
                "asked_at": _noon(day),
                "answered_at": _noon(answered) if answered else None,
                "guide_id": guide,
            },
        )

    def touch(
        self,
        customer: str,
        *,
        arm: str,
        day: date,
        campaign: str = "spring",
        share: str = "0.5",
        stage: str | None = None,
    ) -> None:
        """A person's assignment to an arm of a campaign."""
        self._add(
            "touches",
            {
                "channel_code": "tmall_shop",
                "touch_id": f"t{len(self.rows['touches']) + 1:05d}",
                "customer_id": customer,
                "campaign_code": campaign,
                "arm": arm,
                "is_holdout": arm == HOLDOUT,
                "planned_share": share,
                "touched_at": _noon(day),
                "product_stage": stage,
            },
        )

    def cost(
        self,
        amount: str,
        day: date,
        *,
        kind: str = "media",
        purpose: str = "acquisition",
        channel: str = "tmall_shop",
    ) -> None:
        """Money spent on a channel."""
        self._add(
            "costs",
            {
                "channel_code": channel,
                "cost_id": f"c{len(self.rows['costs']) + 1:05d}",
                "cost_date": day.isoformat(),
                "cost_type": kind,
                "cost_purpose": purpose,
                "cost_amount": amount,
                "currency_code": "CNY",
            },
        )

    def _add(self, resource: str, row: dict[str, Any]) -> None:
        self.rows[resource].append({"brand_code": "default"} | row)

    def land(self, home: Home, settings: Settings, *, bad: Sequence[Mapping[str, Any]] = ()) -> LoadRecord:
        """Land every row, as the files channel would after reading one file.

        `bad` are rows of customers that could not be read, as the source has them.
        """
        text = json.dumps(self.rows, sort_keys=True).encode()
        source = Source(
            channel="files",
            name="world.jsonl",
            sha256=hashlib.sha256(text).hexdigest(),
            bytes=len(text),
            mapping="world",
            mapping_sha256="0" * 64,
        )
        total = sum(map(len, self.rows.values())) + len(bad)
        with connect() as connection:
            batches = []
            for name, rows in self.rows.items():
                self._typed(connection, name).create(f"records_{name}")
                connection.execute(
                    f"create table rejects_{name} "
                    "(_source_row bigint, reason varchar, column_name varchar, row_text varchar)"
                )
                if name == CUSTOMERS.name and bad:
                    connection.executemany(
                        _REJECT, [[total - n, json.dumps(row)] for n, row in enumerate(bad)]
                    )
                batches.append(
                    Batch(
                        resource=RESOURCES[name],
                        records=f"records_{name}",
                        rejects=f"rejects_{name}",
                        rows_read=total,
                        rows_elsewhere=total - len(rows) - (len(bad) if name == CUSTOMERS.name else 0),
                    )
                )
            return land(connection, home, settings, source, batches, landed_at=LANDED_AT)

    def show_as_raw(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Tables `raw.files__<resource>` as dbt sees them, without landing: a customer's id is its own token."""
        connection.execute("create schema raw")
        list_loads(connection, ())
        show_published(connection, None)
        for name in self.rows:
            resource = RESOURCES[name]
            columns = [
                f"{quoted(column.name)} as {quoted(column.raw_column)}"
                for column in resource.fields
                if column.raw_column
            ]
            self._typed(connection, name).project(
                ", ".join(
                    [
                        *columns,
                        "_exclusion is not null as is_excluded",
                        "_exclusion as exclusion_reason",
                        "cast(1 as integer) as _line_number",
                        "md5(_source_row::varchar) as _group_hash",
                        "md5(_source_row::varchar) as _row_hash",
                        "'story' as _load_id",
                        "_source_row",
                    ]
                )
            ).create(f"raw.files__{name}")

    def _typed(self, connection: duckdb.DuckDBPyConnection, name: str) -> duckdb.DuckDBPyRelation:
        types = {column.name: DUCKDB_TYPES[column.type] for column in RESOURCES[name].fields}
        types |= {"_source_row": "bigint", "_exclusion": "varchar"}
        texts = [
            {column: None if row.get(column) is None else str(row[column]) for column in types}
            | {"_source_row": str(number)}
            for number, row in enumerate(self.rows[name], start=1)
        ]
        table = pa.Table.from_pylist(texts, schema=pa.schema([(column, pa.string()) for column in types]))
        as_typed = ", ".join(
            f"cast({quoted(column)} as {type_}) as {quoted(column)}" for column, type_ in types.items()
        )
        return connection.from_arrow(table).project(as_typed)


def _noon(day: date) -> str:
    return (datetime.combine(day, datetime.min.time()) + NOON_IN_SHANGHAI).isoformat()


def busy_shop(*, orders: int = 2_000, seed: int = 20240229) -> World:
    """Two years of three channels: repeat buyers, strangers, refunds of all sorts, costs, a randomised campaign.

    It has one row at least of each sort that a corruption needs: unpaid orders of known and unknown persons,
    excluded and brushed ones, members without an order, a channel without costs, one with unpaid orders only.
    """
    chance = random.Random(seed)
    world = World()
    first_day = AS_OF - timedelta(days=700)
    channels = ("tmall_shop", "mini_program", "pos_till")
    for number in range(orders):
        # on the last day one channel sells alone, so that another has a day of zeros to lose
        channel = channels[0] if number == 0 else chance.choice(channels)
        day = AS_OF if number == 0 else first_day + timedelta(days=chance.randrange(700))
        customer = None if chance.random() < 0.1 else f"{channel}-{chance.randrange(200)}"
        amount = Decimal(chance.randrange(2_000, 60_000)) / 100
        draw = chance.random()
        order_id = world.order(
            day,
            customer=customer,
            amount=str(amount),
            paid=draw > 0.08 or number == 0,
            channel=channel,
            excluded="test_order" if 0.08 < draw < 0.09 else "brushing" if 0.09 < draw < 0.11 else None,
            quantity=chance.randrange(1, 4),
            unit_cost=None if channel == "pos_till" else str((amount / 5).quantize(Decimal("0.01"))),
            # a painter's orders go to the homes of others
            address=f"长安街 {number % 7} 号" if customer and customer.endswith("5") else None,
        )
        back = 1.0 if number == 0 else chance.random()
        refunded = min(day + timedelta(days=chance.randrange(30)), AS_OF - timedelta(days=1))
        if back < 0.03:
            world.refund(str(amount), refunded, order_id=order_id, channel=channel)
        elif back < 0.06:
            world.refund(
                str((amount / 3).quantize(Decimal("0.01"))), refunded, order_id=order_id, channel=channel
            )
        elif back < 0.07:
            world.refund(str(amount + 5), refunded, order_id=order_id, channel=channel)
        elif back < 0.08:
            world.refund("12.34", refunded, channel=channel)
    for number in range(3):
        world.order(
            first_day + timedelta(days=number),
            customer=None,
            paid=False,
            channel="micro_shop",
            with_line=False,
        )
    for number in range(40):
        world.customer(f"visitor-{number}", enrolled=first_day, added=first_day)
    for number in range(200):
        world.customer(f"tmall_shop-{number}", enrolled=first_day + timedelta(days=number), added=first_day)
        arm = HOLDOUT if number % 2 else "coupon"
        stage = str(number // 2 % 4 + 1) if number % 9 else None
        world.touch(f"tmall_shop-{number}", arm=arm, day=AS_OF - timedelta(days=90), stage=stage)
    for number in range(100):
        name, asked = f"tmall_shop-{number}", first_day + timedelta(days=number)
        _consents_and_tags(world, name, number, asked)
        _loyalty(world, name, number, asked)
    for month in range(24):
        day = first_day + timedelta(days=29 * month)
        world.cost("1200.00", day)
        world.cost("300.00", day, kind="commission", purpose="general")
        world.cost("800.00", day, kind="staff", purpose="retention", channel="mini_program")
        world.cost("50.00", day, kind="gift", purpose="acquisition", channel="mini_program")
    return world


def _consents_and_tags(world: World, name: str, number: int, asked: date) -> None:
    world.consent(name, asked, via=("sms", "wecom", "any")[number % 3])
    if number % 5 == 0:
        world.consent(name, asked + timedelta(days=100), granted=False)
    if number % 7 == 0:
        world.consent(name, asked + timedelta(days=200), expires=AS_OF + timedelta(days=number % 2))
    world.consent(name, asked, purpose="chat_archive", via="wecom", granted=number % 2 == 0)
    world.tag(name, "shoe_size", str(38 + number % 5), asked)
    world.tag(name, "shoe_size", str(38 + number % 4), asked + timedelta(days=30))
    world.tag(name, "special_needs", "allergy", asked, source="form")
    if number % 10 in (4, 5):
        world.tag(
            name, "account_role", "trade" if number % 20 == 4 else "reseller", asked, source="dealer_list"
        )
    world.tag(name, "需求", "爱运动", asked, source="chat", message=f"m{number}")
    world.tag(name, "需求", "爱折扣", asked, until=asked + timedelta(days=9))
    world.tag(name, "需求", "爱折扣", asked + timedelta(days=number % 12), until=AS_OF)


def _loyalty(world: World, name: str, number: int, asked: date) -> None:
    """Levels, a paid programme that some renew, points, a child, and employees' lists of contacts."""
    world.membership(name, "silver", asked)
    if number % 3 == 0:
        world.membership(
            name, "gold", asked + timedelta(days=number + 1), until=AS_OF + timedelta(days=number % 2)
        )
    if number % 4 == 0:
        due = AS_OF - timedelta(days=number)
        world.membership(name, "plus", due - timedelta(days=365), program="plus", until=due, paid=True)
    if number % 8 == 0:
        renewed = AS_OF - timedelta(days=number // 2)
        world.membership(
            name, "plus", renewed, program="plus", until=renewed + timedelta(days=365), paid=True
        )
    world.points(name, 10 * number, asked)
    world.points(name, 300, AS_OF - timedelta(days=number * 5))
    world.points(name, -70 - number, AS_OF - timedelta(days=number), kind="redeemed")
    world.points(name, -number, AS_OF - timedelta(days=number * 4), kind="expired")
    world.child(name, 1, asked)
    world.scan(name, asked + timedelta(days=number % 3 - 1), event=f"e{number % 4}" if number % 2 else None)
    world.scan(name, AS_OF - timedelta(days=number % 5), campaign="roadshow", event=f"r{number % 3}")
    if number % 4 < 2:
        asking = AS_OF + timedelta(days=number % 2 - number // 50)  # perhaps tomorrow
        world.consult(name, asking, answered=asking if number % 3 else None)
    world.contact(name, f"E{number % 3}", AS_OF - timedelta(days=number))
    if number % 5 == 0:
        world.contact(name, f"E{(number + 1) % 3}", AS_OF)
