"""A draft as the YAML of a mapping: what is certain without a word, what is guessed with its reason and alternatives.

Here: text. Every line that a person should look at says `guess` or `missing`. Amounts and dates are never made up:
where no column has them, the mapping says so and does not load.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from string import Template

from siyu.channels.files.drafting.roles import Choice, Roles
from siyu.channels.files.drafting.samples import KEY_ROWS, SAMPLE_ROWS, Sample
from siyu.channels.files.drafting.values import Column
from siyu.channels.files.drafting.words import ROLES, VOID, currency_of, is_chinese, is_minor_unit, table
from siyu.resources import RESOURCES, Personal

# What fills a field, where it is not simply the role of its name: the first way of which there are all roles ($).
# A way that begins with # is a comment; without any way the field is left out. `returned` are rows below zero,
# `paid_back` is money beside the order that it goes back for: both become refunds.
_WAYS = """
*.order_id: $order_id | {source_row: true}  # guess: no column keeps an order together; each row is an order
*.customer_id: $person | $customer_id
*.ordered_at: $ordered_at | $paid_at
*.paid_at: $paid_at | $ordered_at  # guess: no time of payment found; an order without one would not count
orders.paid_amount: $order_amount  # guess: of the order, written beside each of its lines | $amount \
 | {multiply: [$quantity, $unit_price]}  # guess: no column has the sum
order_lines.product_id: $product_id | $product_name | {constant: unknown}  # guess: no column names a product
order_lines.quantity: $quantity | {constant: "1"}  # guess: no column counts pieces; each row is taken as one
order_lines.line_amount: $amount | # line_amount is quantity × $unit_price: no column has the amount of a line
order_lines.ordered_at: $ordered_at | $paid_at | # ordered_at: no column has dates; lines take those of their orders
*.refund_id: $order_id | {source_row: true}  # guess: no column names a refund
*.refund_amount: $refund_amount | {negate: $amount_below_zero} | $amount | # refund_amount is $quantity × $unit_price
*.refunded_at: $refunded_at | $ordered_at | $paid_at
*.quantity: {negate: $quantity_below_zero} | $quantity
refunds.refund_id: $refund_id | {source_row: true}  # guess: no column names a refund
refunds.order_id: $order_id
returned.order_id:
paid_back.product_id:
paid_back.quantity:
paid_back.unit_price:
paid_back.refunded_at: $paid_at  # guess: the nearest time there is | $ordered_at  # guess: the nearest time there is
costs.cost_id: $cost_id | {source_row: true}  # guess: no column names a cost
costs.cost_type: $cost_type | {constant: media}  # guess: media, staff, gift, tool, commission, other
costs.cost_purpose: $cost_purpose | {constant: general}  # guess: acquisition, retention or general
touches.is_holdout: {condition: {column: $is_holdout, equals: $yes}}
"""
_WAYS_OF = {
    name: [Template(way.strip()) for way in ways.split(" | ") if way] for name, ways in table(_WAYS).items()
}
_OF_THE_MAPPING = ("brand_code", "channel_code", "currency_code")  # it fills them where no column does
_YES = ("1", "true", "True", "yes", "是", "Y")
_CHANNELS = {
    **dict.fromkeys(("tmall", "taobao", "天猫"), "tmall_shop"),
    **dict.fromkeys(("jd_", "京东"), "jd_shop"),
    **dict.fromkeys(("douyin", "抖音"), "douyin_shop"),
    **dict.fromkeys(("youzan", "有赞"), "youzan"),
    **dict.fromkeys(("mini_program", "小程序"), "mini_program"),
}
_ZONES = {"GBP": "Europe/London", "EUR": "Europe/Berlin", "USD": "America/New_York"}
_MONEY = ("amount", "order_amount", "unit_price", "refund_amount", "cost_amount")


@dataclass(frozen=True, kw_only=True)
class Lookup:
    """A value that another source holds, where both give a column the role `match`: the sum of its rows, or `take`."""

    source: str
    match: str
    way: str


@dataclass(kw_only=True)
class Source:
    """One source of the mapping to be."""

    name: str
    globs: list[str]
    note: str  # about its globs; may be empty
    roles: Roles
    resource: str | None  # what its rows are; None: other sources look values up in it
    lookups: dict[str, Lookup] = field(default_factory=dict)  # by role
    offers: set[str] = field(default_factory=set)  # roles that other sources look up here
    orders: "Source | None" = None  # of its lines: it knows when, and whether they count

    def has(self, *roles: str) -> bool:
        """Whether a column or a lookup gives one of these roles."""
        return any(role in self.roles.chosen or role in self.lookups for role in roles)

    @property
    def below_zero(self) -> list[str]:
        """Roles of which some rows are below zero: goods that came back."""
        return [role for role in ("quantity", "amount") if self.is_ever_negative(role)]

    def is_ever_negative(self, role: str) -> bool:
        """Whether the column of a role has a value below zero."""
        column = self.roles.column(role)
        return column is not None and column.is_ever_negative


def write(name: str, folder: str, sources: list[Source], left_out: list[str]) -> str:
    """The whole mapping. `left_out`: what is not read, one sentence each."""
    samples = [source.roles.sample for source in sources]
    files = " ".join(str(file).lower() for sample in samples for file in sample.files)
    channel = next((channel for word, channel in _CHANNELS.items() if word in files), None)
    headers = [header for sample in samples for header in sample.headers]
    is_chinese_file = sum(map(is_chinese, headers)) > len(headers) / 2
    currency, why = _currency(sources) or (
        "CNY",
        "" if is_chinese_file else "  # guess: or the currency of the file",
    )
    money = [
        choice.column for source in sources for role, choice in source.roles.chosen.items() if role in _MONEY
    ]
    is_minor = any(is_minor_unit(column.header) for column in money)
    notes = [*left_out, *(note for sample in samples for note in _limits(sample))]
    comments = "".join(f"# {' '.join(note.split())}\n" for note in notes)
    head = f"""\
# Drafted from headers and values. Look at every `guess`, then: siyu mapping check THIS_FILE {folder}
{comments}version: 1
name: {name}
brand: default
channel: {channel or "own_web"}  # guess: or another channel of the seed `channels`, like tmall_shop or pos_till
timezone: {_ZONES.get(currency, "Asia/Shanghai")}{"" if is_chinese_file else "  # guess: of times without a zone"}
currency: {currency}{why}
amount_unit: {"minor" if is_minor else "major"}  # guess: of every amount; minor are fen, major are yuan

sources:
"""
    return head + "\n".join(
        "".join(f"{line}\n" for line in _Writer(source, is_minor).lines()) for source in sources
    )


def _limits(sample: Sample) -> Iterator[str]:
    if sample.is_cut:
        keys = f", its keys compared with other files by {KEY_ROWS:,}" if sample.are_keys_cut else ""
        yield f"{sample.name} is longer: judged by its first {SAMPLE_ROWS:,} rows{keys}"


def _currency(sources: list[Source]) -> tuple[str, str] | None:
    """The currency that most rows of a column name, or that of a sign; and what to say of it."""
    for roles in (source.roles for source in sources):
        column = roles.column("currency_code")
        codes = (
            [code for code in roles.sample.words(column) if re.fullmatch("[A-Z]{3}", code)] if column else []
        )
        if codes:
            return codes[0], f"  # each row says its own: {', '.join(codes[:5])}" if codes[1:] else ""
        for choice in roles.chosen.values():
            if choice.column.currency:
                return choice.column.currency, "  # by the sign beside the amounts"
        for role in _MONEY:
            if (money := roles.column(role)) and (named := currency_of(money.header)):
                return named, f"  # by the header {' '.join(money.header.split())}"
    return None


class _Writer:
    """One source, line by line."""

    def __init__(self, source: Source, is_minor: bool) -> None:
        self.source = source
        self.roles = source.roles
        self.sample = source.roles.sample
        self.is_minor = is_minor
        self.used = set(source.offers)  # roles that something reads

    def lines(self) -> Iterator[str]:
        """The source as an entry of `sources:`."""
        resources = list(self._resources())  # first: it says which columns are used
        lookups = {role: one for role, one in self.source.lookups.items() if role in self.used}
        self.used |= {one.match for one in lookups.values()}
        yield f"  - name: {self.source.name}"
        globs = ", ".join(map(_quoted, self.source.globs))
        yield f"    files: [{globs}]" + (f"  # {self.source.note}" if self.source.note else "")
        for name, value in self.sample.source.items():
            is_western = name == "encoding" and value != "gb18030"
            note = "  # guess: neither UTF-8 nor GB18030 fits its bytes" if is_western else ""
            yield f"    {name}: {value if re.fullmatch('[a-z0-9_]+', value) else _quoted(value)}{note}"
        yield "    columns:"
        yield from self._columns()
        yield from ["    lookups:"] if lookups else []
        for role, one in lookups.items():
            value = f"{{source: {one.source}, match: {one.match}, {one.way}: {role}}}"
            yield f"      {role}: {value}  # guess: the values of both files fit together"
        if resources:
            yield "    resources:"
            yield from resources

    def _columns(self) -> Iterator[str]:
        """Columns in use by their roles; then the others, as comments."""
        chosen = {choice.column: role for role, choice in self.roles.chosen.items()}
        unused = [column for column in self.sample.columns if chosen.get(column) not in self.used]
        for column, role in sorted(chosen.items(), key=lambda one: one[0].place):
            if role in self.used:
                type_ = (
                    "amount" if self.is_minor and role in ("unit_price", "unit_cost") else ROLES[role].type
                )
                # it is what its role says: names of products may look like names of people
                text = _column(column, type_, ROLES[role].personal)
                yield f"      {role}: {text}{_note(self.roles.chosen[role])}"
        if unused:
            yield "      # not used, and dropped; take away the # of those that you want to map:"
        taken = set(self.used)
        for column in unused:
            role = chosen.get(column, max(column.said, key=lambda one: column.said[one], default=""))
            key = chosen.get(column) or ascii_name(column.header, taken, "column")
            taken.add(key)
            personal = _personal(column, role)
            yield f"      # {key}: {_column(column, _type(column, personal), personal)}"
        for header in self.sample.repeated_headers:
            yield f"      # {_quoted(header)} stands over several columns: rename them in the file to map them"

    def _resources(self) -> Iterator[str]:
        if self.source.resource not in ("orders", "order_lines"):
            yield from self._resource(self.source.resource) if self.source.resource else ()
            return
        has, is_line_level = self.source.has, self.roles.is_line_level
        is_lines = has("quantity", "product_id") and (has("amount", "unit_price") or not is_line_level)
        of_orders = ("order_status", "province", "discount_amount", "freight_amount", "cancelled_at")
        is_orders = not is_lines or has("order_amount") or (not is_line_level and has(*of_orders))
        below_zero = self.source.below_zero
        where = f"{{column: {below_zero[0]}, less_than: 0}}" if below_zero else ""
        for resource in ["orders"] * is_orders + ["order_lines"] * is_lines:
            yield from self._resource(resource, where=f"{{not: {where}}}" if where else "")
            yield from self._exclusion()
        if below_zero:
            self.used.add(below_zero[0])
        if below_zero and not (self.source.orders and self.source.orders.below_zero):
            yield "      # guess: rows below zero are goods that came back"
            yield from self._resource("returned", where=where)
        elif self.roles.column("refund_amount") and has("ordered_at"):
            yield "      # guess: what was paid back stands beside the order; the file does not say when"
            where = "{column: refund_amount, greater_than: 0}"
            if has("paid_at"):
                where = f"{{all: [{where}, {{column: paid_at, is_empty: false}}]}}"
            yield from self._resource("paid_back", where=where)

    def _resource(self, recipe: str, *, where: str = "") -> Iterator[str]:
        """Each field by the first way that there is."""
        resource = "refunds" if recipe in ("returned", "paid_back") else recipe
        known = {role: role for role in ROLES if self.source.has(role)}
        known |= {f"{role}_below_zero": role for role in known if self.source.is_ever_negative(role)}
        if holdout := self.roles.column("is_holdout"):
            known["yes"] = _quoted(next((word for word in self.sample.words(holdout) if word in _YES), "1"))
        yield f"      {resource}:"
        if where:
            yield f"        where: {where}"
        yield "        fields:"
        if resource == "order_lines" and self.source.orders:
            yield "          # ordered_at, paid_at: lines take those of their orders, and wait for them"
        for one in RESOURCES[resource].fields:
            if resource == "order_lines" and self.source.orders and one.name in ("ordered_at", "paid_at"):
                continue
            ways = _WAYS_OF.get(
                f"{recipe}.{one.name}", _WAYS_OF.get(f"*.{one.name}", [Template(f"${one.name}")])
            )
            way = next((way for way in ways if known.keys() >= set(way.get_identifiers())), None)
            if way is not None:
                self.used |= {known[name] for name in way.get_identifiers()}
                text = way.substitute(known)
                yield f"          {text}" if text.startswith("#") else f"          {one.name}: {text}"
            elif one.required and one.name not in _OF_THE_MAPPING:
                yield f"          # missing: {one.name}: name a column, the mapping does not load without it"

    def _exclusion(self) -> Iterator[str]:
        status = self.roles.column("order_status")
        if status is None and not self.source.orders:
            yield "        # missing: no column says which orders were cancelled; every row counts"
        if status is None or status.kinds > 30:
            return
        states = self.sample.words(status)
        void = ", ".join(_quoted(state) for state in states if VOID.search(state))
        shown = ", ".join(map(_quoted, states[:12]))
        if void:
            self.used.add("order_status")
            yield f"        exclude:  # guess: of the states {shown}"
            yield f"          - {{reason: cancelled, when: {{column: order_status, in: [{void}]}}}}"
        else:
            yield f"        # exclude: name the states that do not count; there are {shown}"


def _column(column: Column, type_: str, personal: Personal) -> str:
    format_ = f", format: {_quoted(column.formats[0])}" if type_ in ("timestamp", "date") else ""
    return f"{{from: {_quoted(column.header)}, type: {type_}{format_}, personal: {personal}}}"


def _note(choice: Choice) -> str:
    parts = [f"guess: {choice.guess}"] if choice.guess else []
    if choice.others:
        parts.append(f"alternatives: {', '.join(choice.others)}")
    if others := choice.column.formats[1:]:
        parts.append(f"guess: day and month; alternatives: {', '.join(others)}")
    return f"  # {' '.join('; '.join(parts).split())}" if parts else ""


def _personal(column: Column, role: str) -> Personal:
    """How an unused column touches a person: many different texts of which no header says anything may be of one."""
    found = ROLES[role].personal if role else Personal.NONE
    if found is Personal.NONE and column.looks_like:
        return ROLES[column.looks_like].personal
    is_plain = column.is_time or column.is_number or column.kinds <= 40 or role
    return found if is_plain else Personal.FREE_TEXT


def _type(column: Column, personal: Personal) -> str:
    """Of an unused column, by its values; a phone is no number."""
    if column.is_time:
        return "timestamp"
    if not column.is_number or personal is not Personal.NONE:
        return "text"
    return "integer" if column.is_integer and not column.has_cents else "amount"


def ascii_name(text: str, taken: set[str], otherwise: str) -> str:
    """A name that a mapping takes; it begins with `otherwise` where the text cannot be written in ASCII."""
    name = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    name = name if re.match("[a-z]", name) else f"{otherwise}_{name}".strip("_")
    return name if name not in taken else f"{name}_{len(taken) + 1}"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
