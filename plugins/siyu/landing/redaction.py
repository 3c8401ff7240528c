"""What is left of rows when persons are forgotten.

Here: the rule, on any relation that has the columns of a resource's raw rows. Not here: who is forgotten (tombstones),
where rows lie (erasure).

A row with an amount of money on it stays in the books, without the person: where it is of an account of theirs, all
its tokens become null. Every other row that is about the person goes: its key names them, or where the key names
nobody, an account of theirs does. In a row that is about somebody else only the token goes.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import product
from operator import or_
from pathlib import Path

from duckdb import CaseExpression, CoalesceOperator, DuckDBPyRelation, Expression

from siyu.landing.personal import Tokenizer
from siyu.landing.rules import SEEDS, known_codes
from siyu.landing.sql import column, constant
from siyu.resources import Personal, Resource

_CUSTOMER = "customer_id"
_CONTACTS = {"phone", "email", "address"}  # of a receiver, say: other kinds are of whose account it is
_PIECES = re.compile(r"[\s,;|\"'<>(){}\[\]]+")
_SHORTEST_ID = 6  # a shorter one may be a quantity, in a row that nobody understood
_IN_A_TEXT = re.compile(r"(?:\+?86[\s-]?)?1[3-9](?:[\s-]?\d){9}|[\w.+-]+@[\w-]+\.[\w.-]+")


def stays_in_books(resource: Resource) -> bool:
    """Whether rows of a resource stay, without the person, once the person is forgotten."""
    has_money = any(field.type == "amount" for field in resource.fields)
    return has_money and all(field.personal is Personal.NONE for field in resource.key_fields)


def token_columns(resource: Resource) -> tuple[str, ...]:
    """The columns of a raw row that hold tokens of identifiers: they name somebody."""
    return tuple(field.token_column for field in resource.fields if field.personal is Personal.IDENTIFIER)


def compared_columns(resource: Resource) -> tuple[str, ...]:
    """The columns of a raw row that hold tokens of attributes: they name nobody, and go as their row goes."""
    return tuple(field.token_column for field in resource.fields if field.personal is Personal.COMPARED)


def names_in(rows: DuckDBPyRelation, columns: Iterable[str]) -> Iterator[str]:
    """The distinct values of some columns, null left out."""
    for name in columns:
        values = rows.select(column(name)).distinct().to_arrow_table().column(0)
        yield from (value for value in values.to_pylist() if value is not None)


def without(rows: DuckDBPyRelation, resource: Resource, erased: frozenset[str]) -> DuckDBPyRelation:
    """What stays of rows of a resource when these tokens are forgotten; their columns are the same."""
    tokens = {field.token_column: field for field in resource.fields if field.personal is Personal.IDENTIFIER}
    hits = {name: is_among(name, erased) for name in tokens}
    accounts = [name for name, field in tokens.items() if field.identifier_kind not in _CONTACTS]
    is_theirs: Expression = constant(False)
    if stays_in_books(resource):
        is_theirs = reduce(or_, (hits[name] for name in accounts), is_theirs)
    else:
        own = [name for name, field in tokens.items() if field in resource.key_fields]
        for name in own or accounts:
            rows = rows.filter(~hits[name])
    is_hit = is_any_among(tokens, erased)
    compared = compared_columns(resource)

    def kept(name: str) -> Expression:
        if name in hits:
            return null_where(hits[name] | is_theirs, name)
        # what is told beside a name that goes; while a row lands, what will be sealed of it
        is_told = name in compared or name.startswith("_attribute_")
        return null_where(is_hit, name) if is_told else column(name)

    return rows.select(*map(kept, rows.columns))


def null_where(condition: Expression, name: str) -> Expression:
    """A column, empty where the condition holds."""
    return CaseExpression(condition, constant(None)).otherwise(column(name)).alias(name)


def is_among(name: str, values: frozenset[str]) -> Expression:
    """Whether a column's value is one of these; never null."""
    return CoalesceOperator(column(name).isin(*map(constant, sorted(values))), constant(False))


def is_any_among(names: Iterable[str], values: frozenset[str]) -> Expression:
    """Whether one of several columns at least has one of these values; never null."""
    return reduce(or_, (is_among(name, values) for name in names))


def row_count(rows: DuckDBPyRelation) -> int:
    """How many rows."""
    found = rows.count("*").fetchone()
    return int(found[0]) if found else 0


class PossibleNames:
    """The tokens that a clear row could hold: it was not understood, so a value may be of any kind."""

    def __init__(self, tokenizer: Tokenizer, resources: Iterable[Resource], seeds: Path = SEEDS) -> None:
        self._tokenizer = tokenizer
        self._kinds = {
            field.identifier_kind
            for resource in resources
            for field in resource.fields
            if field.personal is Personal.IDENTIFIER
        }
        self._scopes = tuple(product(known_codes("brand_code", seeds), known_codes("channel_code", seeds)))

    def of(self, row_text: str | None) -> Iterator[str]:
        """Those of one row, as quarantine seals it."""
        for value in set(_values(row_text or "")):
            for kind in self._kinds - {_CUSTOMER}:
                yield self._tokenizer.token(kind, value)
            if _CUSTOMER not in self._kinds or len(value) < _SHORTEST_ID:
                continue
            for brand, channel in self._scopes:
                yield self._tokenizer.customer(brand, channel, value)


def _values(text: str) -> Iterator[str]:
    """The values of the fields of a JSON row, or the pieces of another one; and numbers and addresses within them."""
    yield from _IN_A_TEXT.findall(text)
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        yield from filter(None, _PIECES.split(text))
        return
    waiting = [row]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
        elif one is not None and (value := str(one).strip()):
            yield value
