"""Who a request is about: the tokens and member ids of a person, from an id or an identifier that somebody gives us.

Here: reading requests and finding persons. Not here: what is done to them (erase, export).
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.engine import connect
from siyu.errors import UsageError
from siyu.landing import read_records
from siyu.landing.personal import Tokenizer, open_keys
from siyu.landing.raw_views import registered_rows
from siyu.landing.records import live, of_channel, resources_of
from siyu.landing.redaction import token_columns
from siyu.landing.rules import known_codes
from siyu.landing.sql import column, concatenated, constant
from siyu.publication import current_publication
from siyu.publication.manifest import read_manifest
from siyu.settings import Home, Settings
from siyu.state.staging import staging_folder
from siyu.storage import inside

MEMBER = "member_id"
_ACCOUNTS = ("openid", "external_userid")
KINDS = (MEMBER, "phone", "email", "unionid", *_ACCOUNTS)
_CUSTOMER = "customer"
_ID_LENGTH = 20


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request: `kind` is one of KINDS; the value is never shown again."""

    kind: str
    value: str = field(repr=False)
    row: int = 1  # of its file, 1-based

    def __post_init__(self) -> None:
        if self.kind not in KINDS or not self.value.strip():
            found = "no value" if self.kind in KINDS else "a kind that names nobody"
            raise UsageError(
                f"request {self.row} has {found}",
                expected=f"a value, and a kind of {', '.join(KINDS)}",
                do="mend the request; an account of another kind is found by its member_id, in the crosswalk",
            )


@dataclass(frozen=True, kw_only=True)
class Person:
    """What names one person in the home; `identifiers` are `type|scope|token`.

    What another person has by now is left out: a number that was given to its next owner is theirs.
    """

    tokens: frozenset[str] = field(repr=False)
    member_ids: frozenset[str] = field(repr=False)
    identifiers: tuple[str, ...] = field(default=(), repr=False)

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.tokens | self.member_ids


def read_requests(path: Path, *, name: str = "") -> tuple[Request, ...]:
    """The requests in a CSV file with the columns `kind` and `value`; a file without rows has none.

    `name` is what errors call the file, where that is not its own name.

    Raises:
        UsageError: A column is missing, or a row has another kind or no value; the message names the row alone.
    """
    name = name or path.name
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if not {"kind", "value"} <= set(rows.fieldnames or ()):
                raise UsageError(
                    f"{name} lacks the columns kind and value",
                    expected="a first line `kind,value`, then one request per line",
                    do="add it",
                )
            return tuple(
                Request(kind=(row["kind"] or "").strip(), value=row["value"] or "", row=number)
                for number, row in enumerate(rows, start=1)
            )
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise UsageError(
            f"{name} cannot be read ({type(fault).__name__})",
            expected="a CSV file in UTF-8",
            do="mend it",
        ) from None


def find_persons(home: Home, settings: Settings, requests: Sequence[Request]) -> tuple[Person | None, ...]:
    """Whom each request is about, as of the publication that stands; None: nobody whom this home knows.

    A former member_id means whom it leads to today, an identifier whoever has it now by the crosswalk: a number that
    is many people's names nobody. What landed since that night is not known yet.
    """
    tokenizer = open_keys(home).tokenizer
    with (
        staging_folder(home, settings, "persons") as spill,
        connect(settings=settings, spill=spill) as connection,
    ):
        crosswalk = _Crosswalk.read(connection, home, requests, tokenizer)
        asked = [_possible_ids(request, crosswalk, tokenizer) for request in requests]
        alone = _accounts_alone(
            connection, home, {one for ids in asked for one in ids if one not in crosswalk.of_member}
        )
        return tuple(_person(crosswalk, alone, ids) for ids in asked)


def _possible_ids(request: Request, crosswalk: "_Crosswalk", tokenizer: Tokenizer) -> list[str]:
    """The member ids that a request can mean today; an account that is known alone may be of any channel."""
    if request.kind == MEMBER:
        return [crosswalk.today(request.value.strip())]
    token = tokenizer.token(request.kind, request.value)
    if member_id := crosswalk.of_token.get(token):
        return [member_id]
    return sorted(_ids([], [token])) if request.kind in _ACCOUNTS else []


@dataclass(frozen=True, kw_only=True)
class _Crosswalk:
    """The crosswalk of the publication that stands, of those asked about; empty before the first."""

    of_member: dict[str, list[str]]  # identifiers whom the member has now or had last
    of_token: dict[str, str]  # member who has it now
    redirects: dict[str, str]

    def today(self, member_id: str) -> str:
        return self.redirects.get(member_id, member_id)

    @classmethod
    def read(
        cls, connection: DuckDBPyConnection, home: Home, requests: Sequence[Request], tokenizer: Tokenizer
    ) -> "_Crosswalk":
        former = _published(connection, home, "member_id_redirects")
        redirects = dict(former.select("old_member_id", "member_id").fetchall()) if former else {}
        of_member: dict[str, list[str]] = {}
        of_token: dict[str, str] = {}
        # of the owners of an identifier the one whom no other followed counts, else the latest
        for identifier, _, _, member_id in sorted(
            _owners(connection, home, requests, tokenizer, redirects), key=_place_of_owner
        ):
            token = identifier.rpartition("|")[2]
            if (before := of_token.get(token)) and before != member_id:
                of_member[before] = [one for one in of_member[before] if one != identifier]
            of_token[token] = member_id
            of_member.setdefault(member_id, []).append(identifier)
        return cls(of_member=of_member, of_token=of_token, redirects=redirects)


def _owners(
    connection: DuckDBPyConnection,
    home: Home,
    requests: Sequence[Request],
    tokenizer: Tokenizer,
    redirects: Mapping[str, str],
) -> list[tuple[Any, ...]]:
    """Everybody who has or had an identifier of a member that a request is about."""
    owners = _published(connection, home, "dim_member_identifiers")
    if owners is None:
        return []
    named = [
        redirects.get(one.value.strip(), one.value.strip())
        if one.kind == MEMBER
        else tokenizer.token(one.kind, one.value)
        for one in requests
    ]
    asked = connection.from_arrow(pa.table({"asked": pa.array(named, pa.string())}))
    members = (
        _with_any(owners, "token", asked)
        .select("member_id")
        .union(_with_any(owners, "member_id", asked).select("member_id"))
    )
    theirs = _with_any(owners, "member_id", members).select("identifier")
    found = _with_any(owners, "identifier", theirs)
    return found.select("identifier", "valid_to", "valid_from", "member_id").fetchall()


def _with_any(rows: DuckDBPyRelation, name: str, values: DuckDBPyRelation) -> DuckDBPyRelation:
    """Rows with one of these values, the only column of the others, in a column."""
    wanted = values.select(column(values.columns[0]).alias("_wanted")).distinct()
    return rows.join(wanted, column(name) == column("_wanted"), how="semi")


def _place_of_owner(owner: tuple[Any, ...]) -> tuple[Any, ...]:
    identifier, valid_to, valid_from, member_id = owner
    return identifier, valid_to is None, valid_from or datetime.min, member_id  # noqa: DTZ901 - as the mart has it


def _published(connection: DuckDBPyConnection, home: Home, name: str) -> DuckDBPyRelation | None:
    current = current_publication(home)
    table = read_manifest(current.folder).tables.get(name) if current else None
    if current is None or table is None:
        return None
    return connection.read_parquet(str(inside(current.folder, table.file)))


def _accounts_alone(connection: DuckDBPyConnection, home: Home, members: set[str]) -> dict[str, str]:
    """By member_id the identifier of an account that was never seen with another one: its id is made of it alone."""
    found: dict[str, str] = {}
    for rows in _named_rows(connection, home) if members else ():
        for identifier in rows.distinct().to_arrow_table().column(0).to_pylist():
            if identifier and (member_id := id_of(identifier)) in members:
                found[member_id] = identifier
    return found


def _named_rows(connection: DuckDBPyConnection, home: Home) -> Iterator[DuckDBPyRelation]:
    """Each column of tokens in raw, as identifiers of customers of the channel that they landed from."""
    records = live(read_records(home))
    for channel in sorted({record.source.channel for record in records}):
        loads = of_channel(records, channel)
        for resource in resources_of(loads, channel).values():
            rows = registered_rows(connection, home, loads, resource)
            for name in token_columns(resource):
                parts = [constant(f"{_CUSTOMER}|"), column("channel_code"), constant("|"), column(name)]
                yield rows.select(concatenated(parts))


def _person(crosswalk: _Crosswalk, alone: dict[str, str], ids: list[str]) -> Person | None:
    known = next((one for one in ids if one in crosswalk.of_member or one in alone), None)
    if known is None:
        return None
    identifiers = crosswalk.of_member.get(known) or ([alone[known]] if known in alone else [])
    tokens = {identifier.rpartition("|")[2] for identifier in identifiers}
    former = {old for old, new in crosswalk.redirects.items() if new == known}
    return Person(
        tokens=frozenset(tokens),
        member_ids=frozenset({known, *former, *_ids(identifiers, tokens)}),
        identifiers=tuple(sorted(identifiers)),
    )


def _ids(identifiers: Iterable[str], tokens: Iterable[str]) -> set[str]:
    """The ids that a publication may know the person by: each is made of an identifier."""
    as_customers = (f"{_CUSTOMER}|{code}|{token}" for code in known_codes("channel_code") for token in tokens)
    return {id_of(identifier) for identifier in (*identifiers, *as_customers)}


def id_of(identifier: str) -> str:
    """The member_id that is made of an identifier (macro customer_key, siyu.identity)."""
    return "m" + sha256(identifier.encode()).hexdigest()[:_ID_LENGTH]
