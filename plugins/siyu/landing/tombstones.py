"""Whom the brand has forgotten: the table `tombstones` in `state/state.db`.

Here: who is in it. Not here: what is done to rows that name them (erasure).

A tombstone is the HMAC of a token, or of a member_id, under a key of its own. It cannot be turned back; it only tells
a name that it is shown.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from siyu.clock import utc_now
from siyu.landing.personal import IS_TOKEN, Tokenizer, open_keys, open_tombstone_key
from siyu.settings import Home
from siyu.state.database import database_file, opened

_CREATE = """
create table if not exists tombstones (
    tombstone text primary key,
    erased_at text not null
)
"""
_ADD = "insert into tombstones (tombstone, erased_at) values (?, ?) on conflict do nothing"
_IS_THERE = "select 1 from sqlite_master where type = 'table' and name = 'tombstones'"
_ALL = "select tombstone from tombstones"
_LENGTH = 32


@dataclass(frozen=True, kw_only=True)
class Tombstones:
    """All of a home at one moment; false when nobody was ever forgotten."""

    known: frozenset[str] = frozenset()
    key: bytes = field(default=b"", repr=False)
    tokenizer: Tokenizer | None = None

    def __bool__(self) -> bool:
        return bool(self.known)

    def among(self, names: Iterable[str | None]) -> frozenset[str]:
        """Which of these tokens and member ids are of somebody forgotten."""
        if not self.known or self.tokenizer is None:
            return frozenset()
        tokenizer = self.tokenizer
        return frozenset(
            name for name in names if name and _tombstone(self.key, tokenizer, name) in self.known
        )


def read_tombstones(home: Home) -> Tombstones:
    """Those of a home.

    Raises:
        EnvironmentFaultError: Their key is missing: without it, who was forgotten would come back.
    """
    if not database_file(home).exists():
        return Tombstones()
    with opened(home, "") as connection:  # who only reads writes nothing
        is_there = connection.execute(_IS_THERE).fetchone()
        known = frozenset(tombstone for (tombstone,) in connection.execute(_ALL)) if is_there else frozenset()
    if not known:
        return Tombstones()
    return Tombstones(known=known, key=open_tombstone_key(home), tokenizer=open_keys(home).tokenizer)


def add_tombstones(home: Home, names: Iterable[str]) -> int:
    """Forget these tokens and member ids from now on, all or none; how many were not forgotten already."""
    tokenizer = open_keys(home).tokenizer
    key = open_tombstone_key(home, make=True)
    at = utc_now().isoformat()
    with opened(home, _CREATE) as connection, connection:
        before = connection.total_changes
        connection.executemany(_ADD, [(_tombstone(key, tokenizer, name), at) for name in sorted(set(names))])
        return connection.total_changes - before


def _tombstone(key: bytes, tokenizer: Tokenizer, name: str) -> str:
    """Of a token as it was before any re-keying, so that a re-keying forgets nobody who was forgotten."""
    first = tokenizer.first(name) if tokenizer.later and IS_TOKEN.fullmatch(name) else name
    return hmac.digest(key, first.encode("utf-8", "surrogatepass"), "sha256").hex()[:_LENGTH]
