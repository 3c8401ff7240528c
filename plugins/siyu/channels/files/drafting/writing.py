"""A draft as the YAML of a mapping: what is certain without a word, what is guessed with its reason and alternatives.

Here: text. Every line that a person should look at says `guess` or `missing`. Amounts and dates are never made up:
where no column has them, the mapping says so and does not load.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from siyu.channels.files.drafting.roles import Roles
from siyu.channels.files.drafting.samples import Column
from siyu.channels.files.drafting.words import is_chinese, is_minor_unit, roles_of
from siyu.channels.files.headers import bare
from siyu.resources import RESOURCES, FieldType, Personal

_TYPES: dict[str, FieldType] = {
    "quantity": "integer",
    "amount": "amount",
    "order_amount": "amount",
    "cost_amount": "amount",
    "refund_amount": "amount",
    "discount_amount": "amount",
    "freight_amount": "amount",
    "unit_price": "decimal",
    "unit_cost": "decimal",
    "planned_share": "decimal",
    "birth_date": "date",
    **dict.fromkeys(("order_id", "line_id", "customer_id", "person", "product_id", "refund_id"), "id"),
    **dict.fromkeys(("touch_id", "campaign_code", "cost_id"), "id"),
}
_PERSONAL = {
    "customer_id": Personal.IDENTIFIER,
    "person": Personal.IDENTIFIER,
    "phone": Personal.IDENTIFIER,
    "email": Personal.IDENTIFIER,
    "full_name": Personal.ATTRIBUTE,
    "birth_date": Personal.ATTRIBUTE,
    "address": Personal.FREE_TEXT,
    "-remark": Personal.FREE_TEXT,
}
# Words of a status by which an order does not count.
_VOID = re.compile("cancel|closed|unpaid|void|refused|关闭|取消|未付|待付|作废", re.IGNORECASE)
_CHANNELS = {
    "tmall": "tmall_shop",
    "taobao": "tmall_shop",
    "天猫": "tmall_shop",
    "jd_": "jd_shop",
    "京东": "jd_shop",
    "douyin": "douyin_shop",
    "抖音": "douyin_shop",
    "youzan": "youzan",
    "有赞": "youzan",
    "mini_program": "mini_program",
    "小程序": "mini_program",
}
_FEW_WORDS = 40  # different texts that are states or kinds rather than names
_ZONES = {"GBP": "Europe/London", "EUR": "Europe/Berlin", "USD": "America/New_York"}


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """A role whose value another source holds."""

    role: str
    source: str
    match: str  # the role that both sources give to a column
    adds_up: bool  # the sum of the other's rows, else the one value they hold


@dataclass(kw_only=True)
class Source:
    """One source of the mapping to be."""

    name: str
    globs: list[str]
    note: str  # about its globs; may be empty
    roles: Roles
    resource: str | None  # what its rows are; None: other sources look values up in it
    lookups: list[Lookup] = field(default_factory=list)
    is_dated_elsewhere: bool = False  # its lines get their times from the orders of another source
    offers: set[str] = field(default_factory=set)  # roles that other sources look up here

    def has(self, role: str) -> bool:
        """Whether a column or a lookup gives this role."""
        return role in self.roles.chosen or any(lookup.role == role for lookup in self.lookups)


def write(name: str, folder: str, sources: list[Source], left_out: list[str]) -> str:
    """The whole mapping. `left_out`: what is not read, one sentence each."""
    return "\n".join(_mapping(name, folder, sources, left_out)) + "\n"


def _mapping(name: str, folder: str, sources: list[Source], left_out: list[str]) -> Iterator[str]:
    headers = [column.header for source in sources for column in source.roles.sample.columns]
    chinese = any(map(is_chinese, headers))
    currency, why = _currency(sources, chinese)
    zone = _ZONES.get(currency, "Asia/Shanghai")
    is_minor = any(map(is_minor_unit, _money_headers(sources)))
    yield f"# Drafted from headers and values. Look at every `guess`, then: siyu mapping check THIS_FILE {folder}"
    yield from (f"# {' '.join(sentence.split())}" for sentence in left_out)
    yield "version: 1"
    yield f"name: {name}"
    yield "brand: default"
    yield from _channel(sources)
    yield f"timezone: {zone}" + ("" if chinese else "  # guess: of times without a zone")
    yield f"currency: {currency}{why}"
    unit, other = (
        ("minor", "major, when they are in yuan") if is_minor else ("major", "minor, when they are in fen")
    )
    yield f"amount_unit: {unit}  # guess: of every amount; or {other}"
    yield ""
    yield "sources:"
    for number, source in enumerate(sources):
        if number:
            yield ""
        yield from _Writer(source, is_minor).lines()


def _money_headers(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        for role in ("amount", "order_amount", "unit_price", "refund_amount", "cost_amount"):
            if (column := source.roles.column(role)) is not None:
                yield column.header


def _channel(sources: list[Source]) -> Iterator[str]:
    words = " ".join(str(file).lower() for source in sources for file in source.roles.sample.files)
    found = next((channel for word, channel in _CHANNELS.items() if word in words), None)
    if found:
        yield f"channel: {found}  # guess: by the name of the file; the seed `channels` has all of them"
    else:
        yield "channel: own_web  # guess: or another channel of the seed `channels`, like tmall_shop or pos_till"


def _currency(sources: list[Source], chinese: bool) -> tuple[str, str]:
    for source in sources:
        if (column := source.roles.column("currency_code")) is not None:
            codes = [code for code, _ in column.counts.most_common() if re.fullmatch("[A-Z]{3}", code)]
            if codes:
                return codes[0], "" if len(
                    codes
                ) == 1 else f"  # each row says its own: {', '.join(codes[:5])}"
        for choice in source.roles.chosen.values():
            if choice.column.currency:
                return choice.column.currency, "  # by the sign beside the amounts"
    return "CNY", "" if chinese else "  # guess: or the currency of the file"


class _Writer:
    """One source, line by line."""

    def __init__(self, source: Source, is_minor: bool) -> None:
        self.source = source
        self.roles = source.roles
        self.is_minor = is_minor
        self.used = set(source.offers)  # roles that something reads

    def lines(self) -> Iterator[str]:
        """The source as an entry of `sources:`."""
        resources = list(self._resources())  # first: it says which columns are used
        self.used |= {lookup.match for lookup in self.source.lookups if lookup.role in self.used}
        sample = self.roles.sample
        yield f"  - name: {self.source.name}"
        globs = ", ".join(map(_quoted, self.source.globs))
        yield f"    files: [{globs}]" + (f"  # {self.source.note}" if self.source.note else "")
        for name, value in sample.source.items():
            if (name, value) != ("delimiter", ","):
                yield f"    {name}: {value if re.fullmatch('[a-z0-9_]+', value) else _quoted(value)}"
        yield "    columns:"
        yield from self._columns()
        yield from self._lookups()
        if resources:
            yield "    resources:"
            yield from resources

    def _columns(self) -> Iterator[str]:
        keys = {choice.column.place: role for role, choice in self.roles.chosen.items() if role in self.used}
        unused = {
            choice.column.place: role for role, choice in self.roles.chosen.items() if role not in self.used
        }
        for column in self.roles.sample.columns:
            if column.place in keys:
                role = keys[column.place]
                yield f"      {role}: {self._column(column, role)}{self._note(role)}"
        rest = [column for column in self.roles.sample.columns if column.place not in keys]
        if rest:
            yield "      # not used, and dropped; take away the # of those that you want to map:"
        taken = set(keys.values())
        for column in rest:
            said = roles_of(column.header)
            role = unused.get(column.place) or max(said, key=lambda one: said[one], default="")
            key = unused.get(column.place) or _key(column.header, taken)
            taken.add(key)
            yield f"      # {key}: {self._column(column, role, is_used=False)}"
        for header in self.roles.sample.repeated_headers:
            yield f"      # {_quoted(header)} stands over several columns: rename them in the file to map them"

    def _column(self, column: Column, role: str, *, is_used: bool = True) -> str:
        # a column in use is what its role says: names of products may look like names of people
        personal = _PERSONAL.get(role, Personal.NONE)
        if not is_used:
            personal = _PERSONAL.get(role, _PERSONAL.get(column.looks_like, _unexplained(column)))
        type_ = self._type(column, role) if is_used else _type_of_values(column, personal)
        format_ = f", format: {_quoted(column.format)}" if type_ in ("timestamp", "date") else ""
        return f"{{from: {_quoted(column.header)}, type: {type_}{format_}, personal: {personal}}}"

    def _type(self, column: Column, role: str) -> FieldType:
        type_ = _TYPES.get(role)
        if self.is_minor and role in ("unit_price", "unit_cost"):
            return "amount"
        if column.is_time and type_ != "id":
            return "date" if role in ("birth_date", "cost_date") else "timestamp"
        return type_ or "text"

    def _note(self, role: str) -> str:
        choice = self.roles.chosen[role]
        parts = [f"guess: {choice.guess}"] if choice.guess else []
        if choice.others:
            parts.append(f"alternatives: {', '.join(choice.others)}")
        if choice.column.is_time and choice.column.other_formats:
            parts.append(f"guess: day and month; alternatives: {', '.join(choice.column.other_formats)}")
        return "  # " + "; ".join(parts).replace("\n", " ") if parts else ""

    def _lookups(self) -> Iterator[str]:
        used = [lookup for lookup in self.source.lookups if lookup.role in self.used]
        if used:
            yield "    lookups:"
        for lookup in used:
            way = "sum" if lookup.adds_up else "take"
            column = "amount" if lookup.role == "order_amount" else lookup.role
            yield (
                f"      {lookup.role}: {{source: {lookup.source}, match: {lookup.match}, {way}: {column}}}"
                "  # guess: the values of both files fit together"
            )

    def _resources(self) -> Iterator[str]:
        match self.source.resource:
            case None:
                return
            case "order_lines":
                yield from self._sales()
            case "orders":
                yield from self._sales()
            case "refunds":
                yield from self._resource("refunds", self._refund_fields())
            case "costs":
                yield from self._resource("costs", self._cost_fields())
            case "touches":
                yield from self._resource("touches", self._touch_fields())
            case other:
                yield from self._resource(other, self._plain(other))

    def _sales(self) -> Iterator[str]:
        """Orders, lines or both, and what goes back."""
        lines_too = any(map(self.source.has, ("quantity", "product_id"))) and not (
            self.roles.is_line_level and not self._has_line_money()
        )
        extras = (
            "order_status",
            "province",
            "discount_amount",
            "freight_amount",
            "cancelled_at",
            "order_amount",
        )
        orders_too = not lines_too or (
            self.source.has("order_amount") if self.roles.is_line_level else any(map(self.source.has, extras))
        )
        negative = next((role for role in ("quantity", "amount") if self._is_ever_negative(role)), None)
        where = f"{{not: {{column: {negative}, less_than: 0}}}}" if negative else ""
        if orders_too:
            yield from self._resource("orders", self._order_fields(), where=where, exclude=True)
        if lines_too:
            yield from self._resource("order_lines", self._line_fields(), where=where, exclude=True)
        if negative:
            yield "      # guess: rows below zero are goods that came back"
            self.used.add(negative)
            where = f"{{column: {negative}, less_than: 0}}"
            yield from self._resource("refunds", self._return_fields(), where=where)
        elif self.roles.column("refund_amount") is not None and self.source.has("ordered_at"):
            yield "      # guess: what was paid back stands beside the order; the file does not say when"
            self.used.add("refund_amount")
            where = "{column: refund_amount, greater_than: 0}"
            if self.source.has("paid_at"):
                self.used.add("paid_at")
                where = f"{{all: [{where}, {{column: paid_at, is_empty: false}}]}}"
            yield from self._resource("refunds", self._beside_fields(), where=where)

    def _has_line_money(self) -> bool:
        return self.source.has("amount") or self.source.has("unit_price")

    def _is_ever_negative(self, role: str) -> bool:
        column = self.roles.column(role)
        return column is not None and any(number is not None and number < 0 for number in column.numbers)

    def _resource(
        self, name: str, fields: Iterator[tuple[str, str]], *, where: str = "", exclude: bool = False
    ) -> Iterator[str]:
        yield f"      {name}:"
        if where:
            yield f"        where: {where}"
        yield "        fields:"
        for field_, value in fields:
            yield f"          # {value}" if field_ == "#" else f"          {field_}: {value}"
        if exclude:
            yield from self._exclusion()

    def _exclusion(self) -> Iterator[str]:
        status = self.roles.column("order_status")
        if status is None or len(status.counts) > 30:
            return
        void = [word for word in status.counts if _VOID.search(word)]
        shown = ", ".join(_quoted(word) for word in list(status.counts)[:12])
        if void:
            self.used.add("order_status")
            words = ", ".join(map(_quoted, void))
            yield f"        exclude:  # guess: of the states {shown}"
            yield f"          - {{reason: cancelled, when: {{column: order_status, in: [{words}]}}}}"
        else:
            yield f"        # exclude: name the states that do not count; there are {shown}"

    def _take(self, *roles: str) -> str | None:
        """The first of these roles that there is a column or lookup for, now used."""
        found = next((role for role in roles if self.source.has(role)), None)
        if found:
            self.used.add(found)
        return found

    def _shared(self, resource: str, *names: str) -> Iterator[tuple[str, str]]:
        known = {field_.name for field_ in RESOURCES[resource].fields}
        for name in names:
            roles = ("person", name) if name == "customer_id" else (name,)
            if name in known and (role := self._take(*roles)):
                yield name, role

    def _plain(self, resource: str) -> Iterator[tuple[str, str]]:
        """Every field by the role of its name."""
        for field_ in RESOURCES[resource].fields:
            if self.source.has(field_.name):
                yield from self._shared(resource, field_.name)
            elif field_.required and field_.name not in ("brand_code", "channel_code", "currency_code"):
                yield self._missing(field_.name)

    def _missing(self, name: str) -> tuple[str, str]:
        return "#", f"missing: {name}: no column found; name one, the mapping does not load without it"

    def _order_id(self) -> tuple[str, str]:
        if role := self._take("order_id"):
            return "order_id", role
        return (
            "order_id",
            "{source_row: true}  # guess: no column keeps an order together; each row is an order",
        )

    def _times(self) -> Iterator[tuple[str, str]]:
        ordered = self._take("ordered_at", "paid_at")
        if ordered is None:
            if not self.source.is_dated_elsewhere:
                yield (
                    "#",
                    "missing: ordered_at: no column has dates; lines count once a file of orders says when",
                )
            return
        yield "ordered_at", ordered
        paid = self._take("paid_at") or ordered
        note = (
            ""
            if paid == "paid_at"
            else "  # guess: no time of payment found; an order without one would not count"
        )
        yield "paid_at", paid + note

    def _order_fields(self) -> Iterator[tuple[str, str]]:
        yield self._order_id()
        yield from self._shared("orders", "customer_id", "order_status")
        if self.source.has("ordered_at") or self.source.has("paid_at"):
            yield from self._times()
        else:
            yield self._missing("ordered_at")
        yield from self._shared("orders", "cancelled_at")
        if self.roles.is_line_level and (role := self._take("order_amount")):
            yield "paid_amount", f"{role}  # guess: of the order, written beside each of its lines"
        elif role := self._take("amount", "order_amount"):
            yield "paid_amount", role
        elif self.source.has("quantity") and self.source.has("unit_price") and not self.roles.is_line_level:
            self.used |= {"quantity", "unit_price"}
            yield "paid_amount", "{multiply: [quantity, unit_price]}  # guess: no column has the sum"
        else:
            yield self._missing("paid_amount")
        yield from self._shared(
            "orders", "discount_amount", "freight_amount", "province", "currency_code", "updated_at"
        )

    def _line_fields(self) -> Iterator[tuple[str, str]]:
        yield self._order_id()
        yield from self._shared("order_lines", "line_id", "customer_id")
        if role := self._take("product_id", "product_name"):
            yield "product_id", role
        else:
            yield "product_id", "{constant: unknown}  # guess: no column names a product"
        if self.source.has("product_id"):
            yield from self._shared("order_lines", "product_name")
        yield from self._shared("order_lines", "category")
        yield from self._quantity()
        yield from self._shared("order_lines", "unit_price")
        if role := self._take("amount"):
            yield "line_amount", role
        elif self.source.has("unit_price"):
            yield "#", "line_amount is quantity × unit_price: no column has the amount of a line"
        else:
            yield self._missing("line_amount")
        yield from self._shared("order_lines", "unit_cost")
        yield from self._times()
        yield from self._shared("order_lines", "currency_code", "updated_at")

    def _quantity(self) -> Iterator[tuple[str, str]]:
        if role := self._take("quantity"):
            yield "quantity", role
        else:
            yield "quantity", '{constant: "1"}  # guess: no column counts pieces; each row is taken as one'

    def _return_fields(self) -> Iterator[tuple[str, str]]:
        yield "refund_id", self._order_id()[1]
        yield from self._shared("refunds", "customer_id", "product_id")
        if role := self._take("quantity"):
            yield "quantity", f"{{negate: {role}}}" if self._is_ever_negative(role) else role
        yield from self._shared("refunds", "unit_price")
        if role := self._take("amount"):
            yield "refund_amount", f"{{negate: {role}}}" if self._is_ever_negative(role) else role
        if role := self._take("ordered_at", "paid_at"):
            yield "refunded_at", role
        else:
            yield self._missing("refunded_at")

    def _beside_fields(self) -> Iterator[tuple[str, str]]:
        yield "refund_id", self._order_id()[1]
        yield "order_id", self._order_id()[1]
        yield from self._shared("refunds", "customer_id")
        yield "refund_amount", "refund_amount"
        yield "refunded_at", f"{self._take('paid_at', 'ordered_at')}  # guess: the nearest time there is"
        yield from self._shared("refunds", "currency_code")

    def _refund_fields(self) -> Iterator[tuple[str, str]]:
        yield "refund_id", self._take("refund_id") or "{source_row: true}  # guess: no column names a refund"
        yield from self._shared("refunds", "order_id", "customer_id", "product_id", "quantity", "unit_price")
        if role := self._take("refund_amount", "amount"):
            yield "refund_amount", role
        elif not (self.source.has("quantity") and self.source.has("unit_price")):
            yield self._missing("refund_amount")
        if role := self._take("refunded_at", "ordered_at"):
            yield "refunded_at", role
        else:
            yield self._missing("refunded_at")
        yield from self._shared("refunds", "refund_reason", "currency_code", "updated_at")

    def _cost_fields(self) -> Iterator[tuple[str, str]]:
        yield "cost_id", self._take("cost_id") or "{source_row: true}  # guess: no column names a cost"
        if self._take("cost_date"):
            yield "cost_date", "cost_date"
        else:
            yield self._missing("cost_date")
        yield from self._shared("costs", "campaign_code")
        yield (
            "cost_type",
            self._take("cost_type")
            or "{constant: media}  # guess: media, staff, gift, tool, commission, other",
        )
        yield (
            "cost_purpose",
            self._take("cost_purpose") or "{constant: general}  # guess: acquisition, retention or general",
        )
        if role := self._take("cost_amount"):
            yield "cost_amount", role
        else:
            yield self._missing("cost_amount")
        yield from self._shared("costs", "currency_code")

    def _touch_fields(self) -> Iterator[tuple[str, str]]:
        for name, value in self._plain("touches"):
            column = self.roles.column("is_holdout")
            if name != "is_holdout" or column is None:
                yield name, value
                continue
            yes = next(
                (word for word in ("1", "true", "True", "yes", "是", "Y") if word in column.counts), "1"
            )
            yield name, f'{{condition: {{column: is_holdout, equals: "{yes}"}}}}'


def _unexplained(column: Column) -> Personal:
    """Many different texts under a header that says nothing may be about people."""
    is_text = not (column.is_time or column.is_number) and len(column.counts) > _FEW_WORDS
    return Personal.FREE_TEXT if is_text and not roles_of(column.header) else Personal.NONE


def _type_of_values(column: Column, personal: Personal) -> FieldType:
    if column.is_time:
        return "timestamp"
    if not column.is_number or personal is not Personal.NONE:
        return "text"  # a phone is no number
    return "integer" if column.is_integer and not column.has_cents else "amount"


def _key(name: str, used: set[str]) -> str:
    key = re.sub(r"[^a-z0-9]+", "_", bare(name).lower()).strip("_")
    if not re.match("[a-z]", key):
        key = f"column_{len(used) + 1}"
    return key if key not in used else f"{key}_{len(used) + 1}"


def source_name(text: str, used: set[str], otherwise: str) -> str:
    """A name that a mapping takes, of a file's name; `otherwise` where nothing of that can be written in ASCII."""
    key = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    key = key if re.match("[a-z]", key) else f"{otherwise}_{key}".strip("_")
    return key if key not in used else f"{key}_{len(used) + 1}"


def _quoted(text: str) -> str:
    return (
        '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t").replace("\n", "\\n") + '"'
    )
