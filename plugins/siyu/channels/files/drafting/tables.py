"""Several files as one mapping: which kind of rows each holds, and where one names rows of another.

Here: kinds, keys shared between files, what a source looks up in another. Not here: columns of one file (roles.py).
"""

import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from glob import escape
from itertools import chain, islice, permutations, product
from pathlib import Path

from siyu.channels.files.claims import visible_files
from siyu.channels.files.drafting.roles import LIKELY, SURE, Choice, Roles
from siyu.channels.files.drafting.samples import Sample, sample_files
from siyu.channels.files.drafting.values import MOSTLY, Column
from siyu.channels.files.drafting.writing import Lookup, Source, ascii_name, write
from siyu.errors import SourceError, UsageError

_FEW_KEYS = 10  # values that two files may share by chance
_OF_SALES = {"order_id", "ordered_at", "amount", "unit_price"}
_OF_A_PERSON = {"phone", "email", "full_name", "birth_date", "enrolled_at", "added_at", "address"}
_ORDER = ("customers", None, "orders", "order_lines", "refunds", "touches", "costs")


def draft_mapping(paths: Sequence[Path]) -> str:
    """The YAML of a proposed mapping for files, or every file of folders, with `# guess: …` where it is unsure.

    Files of one shape (format and headers) become one source. A file of a folder that cannot be read or has no part
    in sales, customers, campaigns or costs is left out, and a comment says so.

    Raises:
        UsageError, SourceError: A file is not there, empty or unreadable; a folder holds none that can be read;
            nothing in them looks like sales.
    """
    is_folder = any(path.is_dir() for path in paths)
    files = [file for path in paths for file in (sorted(visible_files(path)) if path.is_dir() else [path])]
    if not files:
        raise UsageError(f"{paths[0]} holds no file", expected="exported files", do="check the path")
    base = Path(
        os.path.commonpath([path if path.is_dir() else path.parent for path in map(Path.resolve, paths)])
    )
    left_out: list[str] = []
    samples = sample_files(files, left_out if is_folder else None)
    if not samples:
        raise SourceError(
            f"{base} holds no table", expected="CSV, xlsx, Parquet or JSON lines", do="check the path"
        )
    sources: list[Source] = []
    for roles in _judge(samples):
        kind = _kind(roles)
        name = ascii_name(roles.sample.name, {source.name for source in sources}, kind or "rows")
        globs, note = _globs(roles.sample, base, samples)
        sources.append(Source(name=name, globs=globs, note=note, roles=roles, resource=kind))
    _look_up(sources)
    looked_into = {lookup.source for source in sources for lookup in source.lookups.values()}
    used = [source for source in sources if source.resource or source.name in looked_into]
    if not used:  # a file on the way to sales: the draft says what it lacks
        used = [source for source in sources if len(_OF_SALES & source.roles.chosen.keys()) > 1][:1]
        if not used:
            raise UsageError(
                f"{', '.join(file.name for file in files)}: no columns look like an order, its date and its amount",
                expected="sales, refunds, customers, campaigns or costs",
                do="write its mapping by hand (docs/how-to/bring-your-own-data.md)",
            )
        used[0].resource = "orders"
    left_out += [
        f"{', '.join(source.globs)} is left out: neither sales nor customers, campaigns or costs are seen in it"
        for source in sources
        if source not in used
    ]
    used.sort(key=lambda source: _ORDER.index(source.resource))
    name = ascii_name(base.name if paths[0].is_dir() and len(paths) == 1 else samples[0].name, set(), "shop")
    return write(name, str(paths[0] if len(paths) == 1 else base), used, left_out)


def _judge(samples: list[Sample]) -> list[Roles]:
    """Roles of every sample; where files share keys, what is known of one tells about the other."""
    judged = {sample: Roles(sample, {}) for sample in samples}
    hints: dict[Sample, dict[int, str]] = {sample: {} for sample in samples}
    for one, other in permutations(samples, 2):
        for key, column in product(_row_names(one), other.columns):
            if _is_in(other.keys(column), one.keys(key)):
                role = _meaning(judged[one], key, judged[other], column)
                for sample, named in ((one, key), (other, column)):
                    if role and max(named.said.values(), default=0.0) < LIKELY:
                        hints[sample].setdefault(named.place, role)
    return [Roles(sample, hints[sample]) if hints[sample] else judged[sample] for sample in samples]


def _row_names(sample: Sample) -> Iterator[Column]:
    """Columns that name the rows of a sample. Not 1, 2, 3 …: such numbers are in each other whatever they count."""
    for column in sample.columns:
        if column.distinct_share == column.filled_share == 1 and column.kinds >= _FEW_KEYS:
            keys = sample.keys(column)
            numbers = [int(key) for key in keys if key.isdecimal()]
            if len(numbers) < len(keys) or (keys and max(numbers) - min(numbers) >= 3 * len(keys)):
                yield column


def _is_in(values: set[str], keys: set[str]) -> bool:
    if not _FEW_KEYS <= len(values) <= len(keys) / MOSTLY or keys.isdisjoint(islice(values, 20)):
        return False  # most pairs of columns have nothing in common: seen at once
    return len(values & keys) >= MOSTLY * len(values)


def _meaning(one: Roles, key: Column, other: Roles, column: Column) -> str:
    """What the key of one file names: a customer, an order or a product."""
    for named in (key, column):
        for role in ("order_id", "customer_id", "product_id"):
            if named.said.get(role, 0.0) >= LIKELY:
                return role
    if _OF_A_PERSON & one.chosen.keys() and "amount" not in one.chosen:
        return "customer_id"
    if "ordered_at" in one.chosen and column.distinct_share < 1:
        return "order_id"
    if other.column("customer_id") is column:
        return "customer_id"
    if "ordered_at" in other.chosen and column.distinct_share == 1:
        return "order_id"
    return "" if "ordered_at" in one.chosen else "product_id"


def _is_named(roles: Roles, role: str, fit: float = LIKELY) -> bool:
    """Whether a column plays a role because its header says so."""
    column = roles.column(role)
    return column is not None and column.said.get(role, 0.0) >= fit


def _kind(roles: Roles) -> str | None:
    """The resource that the rows of a sample are; None: they are none by themselves."""
    has = roles.chosen.keys()
    money = {"amount", "unit_price", "order_amount"} & has
    if len({"touch_id", "arm", "is_holdout", "touched_at"} & has) > 1 and "campaign_code" in has:
        return "touches"
    if "refund_id" in has or ("refund_amount" in has and not money):
        return "refunds"
    is_sale = any(_is_named(roles, role) for role in ("order_id", "customer_id", "product_id"))
    if {"cost_id", "cost_amount", "cost_purpose"} & has and not is_sale:
        _rename(roles, "amount", "cost_amount")
        _rename(roles, "ordered_at", "cost_date")
        return "costs"
    is_person = "customer_id" in has and {*_OF_A_PERSON, "province"} & has
    if is_person and not money and "quantity" not in has and not _is_named(roles, "order_id"):
        for role in ("added_at", "enrolled_at"):  # in a list of customers no time is that of an order
            if "ordered_at" in has and roles.chosen["ordered_at"].column.said.get(role, 0.0) >= LIKELY:
                _rename(roles, "ordered_at", role)
        for role in ("ordered_at", "order_id", "line_id"):
            roles.chosen.pop(role, None)
        return "customers"
    if money and ("ordered_at" in has or "order_id" in has):
        is_lines = "product_id" in has or "quantity" in has
        return "order_lines" if is_lines else "orders" if "ordered_at" in has else None
    return "orders" if {"order_id", "ordered_at"} <= has and not roles.is_line_level else None


def _rename(roles: Roles, role: str, name: str) -> None:
    if role in roles.chosen and name not in roles.chosen:
        roles.chosen[name] = Choice(column=roles.chosen.pop(role).column)


def _look_up(sources: list[Source]) -> None:
    """Let each source take what only another file has."""
    for orders in _orders_without_money(sources):
        beside = [other for other in sources if _share(other, orders, "order_id")]
        lines = [other for other in beside if other.resource == "order_lines"]
        payers = [other for other in beside if other.roles.column("amount")]
        if payers:
            payers.sort(key=lambda other: other.resource is not None)  # payments before lines
            _take(orders, "amount", payers[0], "order_id", way="sum")
        elif lines:
            orders.resource = None  # the amount is quantity × price: customer and times go to the lines
            for one, role in product(lines, ("customer_id", "ordered_at", "paid_at")):
                if orders.roles.column(role) and not _is_named(one.roles, role):
                    _take(one, role, orders, "order_id")
    for one, other in permutations(sources, 2):
        if one.resource == "order_lines":
            _look_up_for_lines(one, other)
        if one.resource in ("orders", "order_lines") and other.resource == "customers":
            _look_up_person(one, other)


def _orders_without_money(sources: list[Source]) -> list[Source]:
    """Files of orders that say no amount. Of several about the same orders one is kept: not reviews, not parcels."""
    orders = [source for source in sources if source.resource == "orders"]
    poor = [source for source in orders if not source.has("amount", "order_amount")]
    kept = [source for source in orders if source not in poor]
    for source in sorted(poor, key=lambda source: not source.has("customer_id")):
        if any(_share(other, source, "order_id") for other in kept):
            source.resource = None
        else:
            kept.append(source)
    return [source for source in poor if source.resource]


def _look_up_for_lines(lines: Source, other: Source) -> None:
    """Names of products from their own list; dates from the orders, which may be cancelled."""
    if other.resource == "orders" and _share(lines, other, "order_id"):
        lines.orders = other
    if other.resource is None and _share(lines, other, "product_id", is_key=True):
        for role in ("product_name", "category"):
            if not lines.has(role) and _is_named(other.roles, role, SURE):
                _take(lines, role, other, "product_id")


def _look_up_person(sales: Source, customers: Source) -> None:
    """Where a customer number is new for every order, the list of customers may hold the person's own."""
    if not _share(sales, customers, "customer_id", is_key=True):
        return
    roles, sample = customers.roles, customers.roles.sample
    number = roles.chosen["customer_id"].column
    for column in roles.free:
        is_person = column.said.get("customer_id", 0.0) >= LIKELY and column.filled_share == 1
        if is_person and len(sample.keys(column)) < len(sample.keys(number)):
            why = f"{number.header} is another one for every order"
            roles.chosen["person"] = Choice(column=column, guess=why, others=(number.header,))
            break
    if "person" in roles.chosen:
        _take(sales, "person", customers, "customer_id")


def _take(source: Source, role: str, other: Source, match: str, *, way: str = "take") -> None:
    source.roles.chosen.pop(role, None)
    source.lookups[role] = Lookup(source=other.name, match=match, way=way)
    other.offers |= {role, match}


def _share(one: Source, other: Source, role: str, *, is_key: bool = False) -> bool:
    """Whether two files name the same orders, customers or products; `is_key`: each has one row in the other."""
    mine, theirs = one.roles.column(role), other.roles.column(role)
    if other is one or mine is None or theirs is None or (is_key and theirs.distinct_share < 1):
        return False
    keys = one.roles.sample.keys(mine), other.roles.sample.keys(theirs)
    return len(keys[0] & keys[1]) > 0.5 * min(map(len, keys))


def _globs(sample: Sample, base: Path, samples: list[Sample]) -> tuple[list[str], str]:
    """Globs for the files of a sample, relative to the folder; and what to say about them."""
    names = {
        one: [file.resolve().relative_to(base).as_posix().removesuffix(".gz") for file in one.files]
        for one in samples
    }
    own = names.pop(sample)
    glob, *more = {re.sub(r"\d+([-_.]\d+)*", "*", name, count=1) for name in own}
    is_taken = any(fnmatch(name, glob) for name in chain(*names.values()))
    if more or is_taken or len(glob.partition("*")[0]) < 3:
        return [escape(name) for name in own], ""
    if len(own) > 1:
        return [glob], f"guess: {len(own)} files of one shape"
    is_dated = re.search(r"\d{4}", own[0])
    return [escape(own[0])], f'or "{glob}", to read the later ones too' if is_dated else ""
