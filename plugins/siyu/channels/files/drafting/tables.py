"""Several files as one mapping: which kind of rows each holds, and where one names rows of another.

Here: kinds, keys shared between files, what a source looks up in another. Not here: columns of one file (roles.py).
"""

import os
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatch
from glob import escape
from itertools import islice
from pathlib import Path

from siyu.channels.files.drafting.roles import Choice, Hints, Roles, find_roles
from siyu.channels.files.drafting.samples import Column, Sample, sample_files
from siyu.channels.files.drafting.words import roles_of
from siyu.channels.files.drafting.writing import Lookup, Source, source_name, write
from siyu.errors import SourceError, UsageError

_INCLUDED = 0.95  # share of the values of one column that must stand in the other
_FEW_KEYS = 10  # values that two files may share by chance
_SAYS, _SURE = 0.6, 0.85  # headers that fit a role this well say so, or leave no doubt
_OF_SALES = {"order_id", "ordered_at", "amount", "unit_price"}
_PERSON = ("phone", "email", "full_name", "birth_date", "enrolled_at", "added_at", "address")


def draft_mapping(paths: Sequence[Path]) -> str:
    """The YAML of a proposed mapping for files, or every file of folders, with `# guess: …` where it is unsure.

    Files of one shape (format and headers) become one source. A file of a folder that cannot be read or has no part
    in sales, customers, campaigns or costs is left out, and a comment says so.

    Raises:
        UsageError, SourceError: A file is not there, empty or unreadable; a folder holds none that can be read;
            nothing in them looks like sales.
    """
    base, files, is_folder = _files(paths)
    left_out: list[str] = []
    samples = sample_files(files, left_out if is_folder else None)
    if not samples:
        raise SourceError(
            f"{base} holds no table", expected="CSV, xlsx, Parquet or JSON lines", do="check the path"
        )
    judged = _judge(samples)
    names: set[str] = set()
    sources = []
    for roles in judged:
        kind = kind_of(roles)
        name = source_name(roles.sample.name, names, kind or "rows")
        names.add(name)
        globs, note = _globs(roles.sample, base, samples)
        sources.append(Source(name=name, globs=globs, note=note, roles=roles, resource=kind))
    _look_up(sources)
    used = [source for source in sources if source.resource is not None or _is_looked_into(source, sources)]
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
    name = source_name(base.resolve().name if is_folder else judged[0].sample.name, set(), "shop")
    return write(name, str(paths[0]) if len(paths) == 1 else str(base), used, left_out)


_ORDER = ("customers", None, "orders", "order_lines", "refunds", "touches", "costs")


def _files(paths: Sequence[Path]) -> tuple[Path, list[Path], bool]:
    """The folder that globs are relative to, the files in it, and whether a folder was asked for."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            found = (file for file in path.rglob("*") if file.is_file())
            files += sorted(
                f for f in found if not any(p.startswith((".", "~$")) for p in f.relative_to(path).parts)
            )
        else:
            files.append(path)
    if not files:
        raise UsageError(
            f"{', '.join(map(str, paths))} holds no file", expected="exported files", do="check the path"
        )
    if len(paths) == 1 and paths[0].is_dir():
        return paths[0], files, True
    parents = [file.resolve().parent for file in files]
    base = Path(os.path.commonpath(parents))
    return (
        base,
        files if len(files) == 1 else [file.resolve() for file in files],
        any(p.is_dir() for p in paths),
    )


def _judge(samples: list[Sample]) -> list[Roles]:
    """Roles of every sample; where files share keys, what is known of one tells about the other."""
    judged = [find_roles(sample, {}) for sample in samples]
    hints: list[Hints] = [{} for _ in samples]
    for at, one in enumerate(judged):
        for key in _keys(one.sample):
            for beside, other in enumerate(judged):
                columns = other.sample.columns if other is not one else []
                for column in columns:
                    if _is_in(other.sample, column, one.sample, key):
                        role = _meaning(one, key, other, column)
                        _tell(hints[at], key, role)
                        _tell(hints[beside], column, role)
    return [
        find_roles(roles.sample, told) if told else roles for roles, told in zip(judged, hints, strict=True)
    ]


def _tell(hints: Hints, column: Column, role: str) -> None:
    if role and max(roles_of(column.header).values(), default=0.0) < _SAYS:
        hints.setdefault(column.place, role)


def _keys(sample: Sample) -> list[Column]:
    """Columns that name the rows of a sample. Not 1, 2, 3 …: such numbers are in each other whatever they count."""
    return [
        column
        for column in sample.columns
        if column.distinct_share == 1
        and column.filled_share == 1
        and len(column.counts) >= _FEW_KEYS
        and not _is_dense(sample.keys.get(column.place, set()))
    ]


def _is_dense(keys: set[str]) -> bool:
    numbers = [int(key) for key in keys if key.isdecimal()]
    return not keys or (len(numbers) == len(keys) and max(numbers) - min(numbers) < 3 * len(keys))


def _is_in(sample: Sample, column: Column, other: Sample, key: Column) -> bool:
    values, keys = sample.keys.get(column.place, set()), other.keys[key.place]
    if not _FEW_KEYS <= len(values) <= len(keys) / _INCLUDED:
        return False
    if not any(value in keys for value in islice(values, 20)):
        return False  # most pairs of columns have nothing in common: seen at once
    return len(values & keys) >= _INCLUDED * len(values)


def _meaning(one: Roles, key: Column, other: Roles, column: Column) -> str:
    """What the key of one file names: a customer, an order or a product."""
    for named in (key, column):
        said = roles_of(named.header)
        for role in ("order_id", "customer_id", "product_id"):
            if said.get(role, 0.0) >= _SAYS:
                return role
    if any(role in one.chosen for role in _PERSON) and "amount" not in one.chosen:
        return "customer_id"
    if "ordered_at" in one.chosen and column.distinct_share < 1:
        return "order_id"
    if other.column("customer_id") is column:
        return "customer_id"
    return "" if "ordered_at" in one.chosen else "product_id"


def kind_of(roles: Roles) -> str | None:
    """The resource that the rows of a sample are; None: they are none by themselves."""
    has = roles.chosen.keys()
    if len({"touch_id", "arm", "is_holdout", "touched_at"} & has) > 1 and "campaign_code" in has:
        return "touches"
    if "refund_id" in has or ("refund_amount" in has and not {"amount", "unit_price", "order_amount"} & has):
        return "refunds"
    if _is_cost(roles):
        for role, name in (("amount", "cost_amount"), ("ordered_at", "cost_date")):
            if role in has and name not in has:
                roles.chosen[name] = roles.chosen.pop(role)
        return "costs"
    money = {"amount", "unit_price", "order_amount"} & has
    is_person = "customer_id" in has and bool({*_PERSON, "province"} & has)
    if is_person and not money and "quantity" not in has and not _is_named(roles, "order_id"):
        _settle_customers(roles)
        return "customers"
    if money and ("ordered_at" in has or "order_id" in has):
        is_lines = "product_id" in has or "quantity" in has
        return "order_lines" if is_lines else "orders" if "ordered_at" in has else None
    return "orders" if {"order_id", "ordered_at"} <= has and not roles.is_line_level else None


def _is_named(roles: Roles, role: str, fit: float = _SAYS) -> bool:
    """Whether a column plays a role because its header says so."""
    choice = roles.chosen.get(role)
    return choice is not None and roles_of(choice.column.header).get(role, 0.0) >= fit


def _is_cost(roles: Roles) -> bool:
    said = {"cost_id", "cost_amount", "cost_purpose"} & roles.chosen.keys()
    is_sale = any(
        role in roles.chosen and _is_named(roles, role) for role in ("order_id", "customer_id", "product_id")
    )
    return bool(said) and not is_sale


def _settle_customers(roles: Roles) -> None:
    """In a list of customers no time is that of an order."""
    for role in ("ordered_at", "order_id", "line_id"):
        choice = roles.chosen.pop(role, None)
        if choice is None or role != "ordered_at":
            continue
        said = roles_of(choice.column.header)
        field = next((name for name in ("added_at", "enrolled_at") if said.get(name, 0.0) >= _SAYS), None)
        if field and field not in roles.chosen:
            roles.chosen[field] = choice
            choice.guess, choice.others = "", ()


def _look_up(sources: list[Source]) -> None:
    """Let each source take what only another file has."""
    for orders in _orders_without_money(sources):
        payers = [
            other for other in sources if "amount" in other.roles.chosen and _share(other, orders, "order_id")
        ]
        payers.sort(key=lambda other: other.resource is not None)  # payments before lines
        if payers:
            _take(orders, "amount", payers[0], "order_id", adds_up=True)
        elif any(
            source.resource == "order_lines" and _share(source, orders, "order_id") for source in sources
        ):
            _land_lines_only(orders, sources)
    for one in sources:
        if one.resource == "order_lines":
            _look_up_for_lines(one, sources)
        if one.resource in ("orders", "order_lines"):
            _look_up_person(one, sources)


def _orders_without_money(sources: list[Source]) -> list[Source]:
    """Files of orders that say no amount. Of several about the same orders one is kept: not reviews, not parcels."""
    poor = [
        source
        for source in sources
        if source.resource == "orders" and not (source.has("amount") or source.has("order_amount"))
    ]
    poor.sort(key=lambda source: (not source.has("customer_id"), -_order_id(source).distinct_share))
    kept: list[Source] = []
    for source in poor:
        rich = (other for other in sources if other.resource == "orders" and other not in poor)
        if any(_share(other, source, "order_id") for other in (*kept, *rich)):
            source.resource = None
        else:
            kept.append(source)
    return kept


def _order_id(source: Source) -> Column:
    return source.roles.chosen["order_id"].column


def _land_lines_only(orders: Source, sources: list[Source]) -> None:
    """Where the amount is quantity × price of lines, only they land; customer and times come from the orders."""
    orders.resource = None
    for lines in sources:
        if lines.resource == "order_lines" and _share(lines, orders, "order_id"):
            for role in ("customer_id", "ordered_at", "paid_at"):
                if role in orders.roles.chosen and not _is_named(lines.roles, role):
                    lines.roles.chosen.pop(role, None)
                    _take(lines, role, orders, "order_id")


def _look_up_for_lines(lines: Source, sources: list[Source]) -> None:
    """Names of products from their own list; no guess at a time where the order has one."""
    for other in sources:
        if other.resource == "orders" and _share(lines, other, "order_id"):
            lines.is_dated_elsewhere = True
            if not _is_named(lines.roles, "ordered_at"):
                lines.roles.chosen.pop("ordered_at", None)
        if other.resource is None and _share(lines, other, "product_id", is_key=True):
            for role in ("product_name", "category"):
                if not lines.has(role) and _is_named(other.roles, role, _SURE):
                    _take(lines, role, other, "product_id")


def _look_up_person(sales: Source, sources: list[Source]) -> None:
    """Where a customer number is new for every order, the list of customers may hold the person's own."""
    for customers in sources:
        if customers.resource != "customers" or not _share(sales, customers, "customer_id", is_key=True):
            continue
        number = customers.roles.chosen["customer_id"].column
        persons = [
            column
            for column in customers.roles.free
            if roles_of(column.header).get("customer_id", 0.0) >= _SAYS
            and column.filled_share == 1
            and len(customers.roles.sample.keys.get(column.place, ()))
            < len(customers.roles.sample.keys[number.place])
        ]
        if persons:
            customers.roles.chosen["person"] = Choice(
                column=persons[0],
                guess=f"{number.header} is another one for every order",
                others=(number.header,),
            )
            _take(sales, "person", customers, "customer_id")


def _take(source: Source, role: str, other: Source, match: str, *, adds_up: bool = False) -> None:
    source.lookups.append(Lookup(role=role, source=other.name, match=match, adds_up=adds_up))
    other.offers |= {role, match}


def _share(one: Source, other: Source, role: str, *, is_key: bool = False) -> bool:
    """Whether two files name the same orders, customers or products; `is_key`: each has one row in the other."""
    mine, theirs = (source.roles.column(role) for source in (one, other))
    if other is one or mine is None or theirs is None or (is_key and theirs.distinct_share < 1):
        return False
    keys = (one.roles.sample.keys.get(mine.place, set()), other.roles.sample.keys.get(theirs.place, set()))
    return len(keys[0] & keys[1]) > 0.5 * min(map(len, keys))


def _is_looked_into(source: Source, sources: Iterable[Source]) -> bool:
    return any(lookup.source == source.name for other in sources for lookup in other.lookups)


def _globs(sample: Sample, base: Path, samples: list[Sample]) -> tuple[list[str], str]:
    """Globs for the files of a sample, relative to the folder; and what to say about them."""
    names = [_relative(file, base) for file in sample.files]
    globs = {re.sub(r"\d+([-_.]\d+)*", "*", name, count=1) for name in names}
    glob = next(iter(globs))
    others = [_relative(file, base) for one in samples if one is not sample for file in one.files]
    if len(globs) > 1 or any(fnmatch(name, glob) for name in others) or len(glob.partition("*")[0]) < 3:
        return [escape(name) for name in names], ""
    if len(names) > 1:
        return [glob], f"guess: {len(names)} files of one shape"
    return [escape(names[0])], f'or "{glob}", to read the later ones too' if re.search(
        r"\d{4}", names[0]
    ) else ""


def _relative(file: Path, base: Path) -> str:
    name = file.relative_to(base).as_posix() if file.is_relative_to(base) else file.name
    return name.removesuffix(".gz")
