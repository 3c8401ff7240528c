"""Small graphs in words, and what is expected of them worked out without siyu."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import duckdb
import pyarrow as pa

from siyu.identity import Graph, Rules, resolve

START = datetime(2024, 1, 1)  # noqa: DTZ001 - UTC without a zone, as in raw
Part = frozenset[str]

_TIME = pa.timestamp("us")
_IDENTIFIERS = pa.schema(
    [
        ("identifier", pa.string()),
        ("identifier_type", pa.string()),
        ("first_landed", pa.int64()),
        ("first_seen_at", _TIME),
        ("last_seen_at", _TIME),
    ]
)
_EDGES = pa.schema(
    [
        ("left_identifier", pa.string()),
        ("right_identifier", pa.string()),
        ("link_source", pa.string()),
        ("strength", pa.int64()),
        ("first_landed", pa.int64()),
        ("first_seen_at", _TIME),
        ("last_seen_at", _TIME),
    ]
)
_REKEYED = pa.schema(
    [
        ("identifier", pa.string()),
        ("epoch", pa.int64()),
        ("own_member_id", pa.string()),
        ("member_id", pa.string()),
    ]
)
_DECISIONS = pa.schema(
    [("left_identifier", pa.string()), ("right_identifier", pa.string()), ("decided_at", _TIME)]
)


def phone(name: str) -> str:
    return f"phone|global|{name}"


def card(name: str) -> str:
    return f"card|store|{name}"


def unionid(name: str) -> str:
    return f"unionid|global|{name}"


def buyer(name: str, shop: str = "shop1") -> str:
    return f"open_uid|{shop}|{name}"


@dataclass(frozen=True)
class Seen:
    """Two identifiers seen together from a day on, which landed in some load."""

    left: str
    right: str
    day: int | None = 0
    until: int | None = None
    load: int = 1
    strength: int = 1
    source: str = "orders"

    def turned(self) -> "Seen":
        return replace(self, left=self.right, right=self.left)


@dataclass(frozen=True)
class Decided:
    """A link or an unlink."""

    left: str
    right: str
    day: int = 1000


@dataclass(frozen=True)
class Answer:
    """What a graph was resolved to."""

    members: duckdb.DuckDBPyRelation = field(repr=False)
    rows: list[tuple[str, int, str, datetime | None, datetime | None, bool]]
    conflicts: list[dict[str, object]]

    @property
    def parts(self) -> set[Part]:
        """The partition; of a recycled identifier the day from which it is somebody's is part of its name."""
        several = {name for name, epoch, *_ in self.rows if epoch}
        found = defaultdict(set)
        for name, _, member_id, valid_from, *_ in self.rows:
            found[member_id].add(f"{name} from {valid_from}" if name in several else name)
        return set(map(frozenset, found.values()))

    def member(self, name: str, day: int | None = None) -> str:
        """The member of an identifier, on a day where it had several owners."""
        at = None if day is None else moment(day)
        (found,) = [
            member_id
            for identifier, _, member_id, valid_from, valid_to, _ in self.rows
            if identifier == name
            and (at is None or ((not valid_from or valid_from <= at) and (not valid_to or at < valid_to)))
        ]
        return found

    @property
    def ids(self) -> dict[tuple[str, int], str]:
        return {(name, epoch): member_id for name, epoch, member_id, *_ in self.rows}

    def conflict(self, reason: str) -> list[dict[str, object]]:
        return [one for one in self.conflicts if one["reason"] == reason]


def moment(day: int | None) -> datetime | None:
    return None if day is None else START + timedelta(days=day)


def graph(
    connection: duckdb.DuckDBPyConnection,
    edges: Sequence[Seen],
    *,
    alone: Mapping[str, int] | None = None,
    blocklist: Iterable[str] = (),
    links: Iterable[Decided] = (),
    unlinks: Iterable[Decided] = (),
    rekeyed: Iterable[tuple[str, int, str | None, str | None]] = (),
) -> Graph:
    """The relations of a graph; `alone` are identifiers with the load that first brought them, seen or not."""
    landed: dict[str, int] = dict(alone or {})
    days: dict[str, list[int]] = defaultdict(list)
    for edge in edges:
        for name in (edge.left, edge.right):
            landed[name] = min(landed.get(name, edge.load), edge.load)
            days[name] += [day for day in (edge.day, edge.until) if day is not None]

    def relation(rows: list[list[object]], schema: pa.Schema) -> duckdb.DuckDBPyRelation:
        named = [dict(zip(schema.names, row, strict=True)) for row in rows]
        return connection.from_arrow(pa.Table.from_pylist(named, schema))

    def decided(given: Iterable[Decided]) -> duckdb.DuckDBPyRelation:
        return relation([[one.left, one.right, moment(one.day)] for one in given], _DECISIONS)

    names = [
        [
            name,
            name.split("|")[0],
            load,
            moment(min(days[name], default=0)),
            moment(max(days[name], default=0)),
        ]
        for name, load in landed.items()
    ]
    return Graph(
        identifiers=relation(names, _IDENTIFIERS),
        edges=relation(
            [
                [
                    *(edge.left, edge.right, edge.source, edge.strength, edge.load),
                    *(moment(edge.day), moment(edge.day if edge.until is None else edge.until)),
                ]
                for edge in edges
            ],
            _EDGES,
        ),
        blocklist=relation([[name] for name in blocklist], pa.schema([("identifier", pa.string())])),
        links=decided(links),
        unlinks=decided(unlinks),
        rekeyed=relation([list(row) for row in rekeyed], _REKEYED),
    )


def resolved(
    edges: Sequence[Seen],
    rules: Rules | None = None,
    *,
    connection: duckdb.DuckDBPyConnection | None = None,
    **more: object,
) -> Answer:
    """Resolve a graph on a connection (a new one when None), and read the answer."""
    if connection is None:
        connection = duckdb.connect(config={"threads": 1})
    found = resolve(connection, graph(connection, edges, **more), rules or Rules())  # type: ignore[arg-type]
    conflicts = found.conflicts.fetchall()
    return Answer(
        members=connection.from_arrow(found.members.to_arrow_table()),  # outlives the next resolving
        rows=found.members.fetchall(),
        conflicts=sorted(
            (dict(zip(found.conflicts.columns, row, strict=True)) for row in conflicts), key=repr
        ),
    )


def components(pairs: Iterable[tuple[str, str]], names: Iterable[str] = ()) -> set[Part]:
    """Connected components by walking from neighbour to neighbour."""
    neighbours: dict[str, set[str]] = {name: set() for name in names}
    for left, right in pairs:
        neighbours.setdefault(left, set()).add(right)
        neighbours.setdefault(right, set()).add(left)
    found, reached = set(), set()
    for start in neighbours:
        if start in reached:
            continue
        part, waiting = {start}, [start]
        while waiting:
            for other in neighbours[waiting.pop()] - part:
                part.add(other)
                waiting.append(other)
        reached |= part
        found.add(frozenset(part))
    return found
