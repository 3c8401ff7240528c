"""A person's data, for the person: all that the home holds of them, with the clear values.

Here: gathering it. Not here: where it goes (cli).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.engine import connect
from siyu.errors import UsageError
from siyu.landing import read_records
from siyu.landing.personal import open_keys, open_private_key, unseal
from siyu.landing.raw_views import registered_rows
from siyu.landing.records import live, of_channel, resources_of, verify
from siyu.landing.redaction import PossibleNames, compared_columns, is_any_among, token_columns
from siyu.privacy.persons import Person, Request, find_persons
from siyu.publication import current_publication
from siyu.publication.erasure import columns_of_people
from siyu.publication.manifest import read_manifest
from siyu.resources import PIPELINE_COLUMNS
from siyu.settings import Home, Settings
from siyu.state import audit_log
from siyu.state.staging import staging_folder
from siyu.storage import inside

ACTION = "export-member"


@dataclass(frozen=True, kw_only=True)
class Exported:
    """All that a home holds of a person. Empty parts: it holds nothing of that kind.

    identifiers: kind and clear value of each identifier.
    attributes: name and clear value of what was told of them (name, birthday, address).
    rows: by `<channel>.<resource>` the rows that landed, in their order, with the clear values; moments in UTC.
        Whoever else is named in a row is left out.
    not_understood: the clear rows in quarantine in which they are named.
    published: by table the rows about them that BI reads, or named people.
    """

    identifiers: list[dict[str, str]] = field(repr=False)
    attributes: list[dict[str, str]] = field(repr=False)
    rows: dict[str, list[dict[str, Any]]] = field(repr=False)
    not_understood: list[str] = field(repr=False)
    published: dict[str, list[dict[str, Any]]] = field(repr=False)


def export_member(home: Home, settings: Settings, request: Request, *, by: str, reason: str) -> Exported:
    """Gather what the home holds of whom the request is about; who asked and why is kept in the audit log.

    Raises:
        UsageError: Nobody is known by it, or `by` or `reason` is empty.
        DamagedFileError: A file that may hold something cannot be read.
    """
    (person,) = find_persons(home, settings, [request])
    if person is None:
        raise UsageError(
            f"nobody is known by this {request.kind}",
            expected="a member_id of today or before, or an identifier that landed",
            do="look the account up in restricted.dim_member_identifiers",
        )
    audit_log.record(home, by=by, reason=reason, action=ACTION, details={"kind": request.kind})
    clear, attributes, not_understood = _unsealed(home, person)
    with (
        staging_folder(home, settings, ACTION) as spill,
        connect(settings=settings, spill=spill) as connection,
    ):
        return Exported(
            identifiers=[{"kind": kind, "value": value} for kind, value in sorted(set(clear.values()))],
            attributes=attributes,
            rows=_landed(connection, home, person, {token: value for token, (_, value) in clear.items()}),
            not_understood=not_understood,
            published=_published(connection, home, person),
        )


def _unsealed(
    home: Home, person: Person
) -> tuple[dict[str, tuple[str, str]], list[dict[str, str]], list[str]]:
    """By token the kind and clear value of each identifier; attributes; clear rows of quarantine."""
    tokenizer, private = open_keys(home).tokenizer, open_private_key(home)
    clear: dict[str, tuple[str, str]] = {}
    attributes: dict[tuple[str, str], None] = {}
    not_understood: dict[str, None] = {}
    for record in live(read_records(home)):
        if record.vault is None:
            continue
        possible = PossibleNames(tokenizer, resources_of((record,), record.source.channel).values())
        for one in unseal(verify(home, record, record.vault), private):
            match one["kind"]:
                case "identifier" if one["token"] in person.tokens:
                    clear[one["token"]] = (one["field"], one["value"])
                case "row" if not person.tokens.isdisjoint(possible.of(one["row"])):
                    not_understood[one["row"]] = None
                case "attribute" | "free_text" | "compared" if one["owner"] in person.tokens:
                    attributes[one["field"], one["value"]] = None
    told = [{"field": name, "value": value} for name, value in attributes]
    return clear, told, list(not_understood)


def _landed(
    connection: DuckDBPyConnection, home: Home, person: Person, clear: dict[str, str]
) -> dict[str, list[dict[str, Any]]]:
    records = live(read_records(home))
    found = {}
    for channel in sorted({record.source.channel for record in records}):
        loads = of_channel(records, channel)
        for name, resource in resources_of(loads, channel).items():
            columns, left_out = token_columns(resource), {*PIPELINE_COLUMNS, *compared_columns(resource)}
            rows = registered_rows(connection, home, loads, resource)
            if columns and (own := list(_about(rows, columns, person))):
                shown = [
                    {
                        column: clear.get(value) if column in columns else value
                        for column, value in row.items()
                        if column not in left_out
                    }
                    for row in own
                ]
                found[f"{channel}.{name}"] = shown
    return found


def _published(connection: DuckDBPyConnection, home: Home, person: Person) -> dict[str, list[dict[str, Any]]]:
    current = current_publication(home)
    if current is None:
        return {}
    found = {}
    for name, table in read_manifest(current.folder).tables.items():
        columns = tuple(columns_of_people(table))
        rows = connection.read_parquet(str(inside(current.folder, table.file)))
        if columns and (own := list(_about(rows, columns, person))):
            found[name] = [
                {
                    column: None if column in columns and value not in _names(person) else value
                    for column, value in row.items()
                }
                for row in own
            ]
    return found


def _names(person: Person) -> frozenset[str]:
    return person.names | frozenset(person.identifiers)


def _about(rows: DuckDBPyRelation, columns: tuple[str, ...], person: Person) -> Iterator[dict[str, Any]]:
    own = rows.filter(is_any_among(columns, _names(person)))
    yield from own.to_arrow_table().to_pylist()
