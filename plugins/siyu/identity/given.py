"""What the caller hands over: the graph as relations, the rules as values.

An identifier is text `type|scope|token`: `phone|global|ab12…`, `external_userid|corp1|…`. Its token was made of a
normalised value, and nothing can be seen in a token: zero-like values (`0`, `13800138000`, one digit throughout) must
be kept out before tokens are made. What slips through is a node of large degree, which `max_degree` catches.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from duckdb import DuckDBPyRelation

LAST_PRIORITY = 1_000_000


@dataclass(frozen=True, kw_only=True)
class TypeRule:
    """What holds for the identifiers of one type.

    priority: 1 is the best; where several landed first together, the best one anchors the member.
    max_per_member: How many of one scope a member may have; None: any number.
    recycle_days: After how many days of silence somebody new is taken for another owner; None: it is given to one
        person for good. Only such a one can be the somebody new.
    max_degree: With how many others it may have been seen; with more it names nobody (the phone of a store or guide).
        None: any number.
    """

    priority: int = LAST_PRIORITY
    max_per_member: int | None = None
    recycle_days: int | None = None
    max_degree: int | None = None


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The rules by type of identifier; a type that is not named has none."""

    types: Mapping[str, TypeRule] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Graph:
    """All that is known, as relations of one connection. Times are UTC without a zone.

    identifiers: identifier (unique), identifier_type, first_landed (bigint, the rank of the load that first brought
        it, kept through supersede), first_seen_at, last_seen_at. One that nothing was seen with is a member of its own.
    edges: left_identifier, right_identifier, link_source, strength (integer, larger is stronger), first_landed,
        first_seen_at, last_seen_at. The same pair may come in any number of rows and either way round; both ends must
        be in `identifiers`. Without times it is of the first owner of a recycled one.
    blocklist: identifier. What it names is nobody's.
    links, unlinks: left_identifier, right_identifier, decided_at: what a person decided (columns that say who and why
        may follow). A link joins whatever the rules say, as of the time it was decided; an unlink forbids that the two
        be in one member. One that names an identifier which has not landed waits.
    rekeyed: identifier, epoch, own_member_id, member_id. Who was who when tokens were re-keyed last: the id that was
        made of the identifier when its token was another one (null: none was), and whose it was (null: unknown). Where
        it anchors a member, the member's id is that one; where nothing else tells which of two edges is the stronger,
        it is the one whose ends were one member's.
    """

    identifiers: DuckDBPyRelation
    edges: DuckDBPyRelation
    blocklist: DuckDBPyRelation | None = None
    links: DuckDBPyRelation | None = None
    unlinks: DuckDBPyRelation | None = None
    rekeyed: DuckDBPyRelation | None = None
