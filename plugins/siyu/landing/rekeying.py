"""New tokens in the place of the old ones in what has landed: raw, quarantine and vault.

Here: the sweep, by supersede. Not here: the keys (personal), what is published (publication.rekeying).

Every file is written anew, since the hashes of rows are made of tokens too. A file that is done bears the re-keying in
its name, so that the next call after a kill goes on with those that are not.
"""

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.landing.erasure import ERASED, raw_files, remove_uncounted, tokens_in_raw
from siyu.landing.personal import IS_TOKEN, Rekeying, Tokenizer, seal, unseal
from siyu.landing.quarantine import write_quarantine
from siyu.landing.raw_views import registered_rows
from siyu.landing.records import LoadRecord, StoredFile, live, read_records, resources_of, verify
from siyu.landing.redaction import compared_columns, names_in, token_columns
from siyu.landing.sql import SEPARATOR, column
from siyu.landing.stage import rehashed
from siyu.landing.supersede import supersede, supersede_file, superseding
from siyu.resources import Personal, Resource
from siyu.settings import Home, Settings

_HASHES = ("_row_hash", "_group_hash")


def check_landed(home: Home) -> None:
    """Look at every byte of what has landed and counts.

    Raises:
        DamagedFileError: A file is not what was registered; the message says what brings it back.
    """
    for record in live(read_records(home)):
        for stored in record.files:
            verify(home, record, stored)


def rekey_landed(home: Home, settings: Settings, keys: Rekeying) -> frozenset[str]:
    """Rewrite every file that counts with the tokens of the last key, and remove all others.

    Call it under the warehouse lock: a build in progress reads the files that this deletes. Landings wait meanwhile,
    and refuse then. Killed anywhere, the next call goes on.

    Returns:
        Every token that some row has now.

    Raises:
        DamagedFileError: A file cannot be trusted. What is done is done; run it again when it is back.
    """
    reason = f"rekey{keys.generation}"
    with superseding(home, settings, reason) as connection:
        remove_uncounted(home)
        for (channel, name), files in raw_files(home).items():
            resource = resources_of(read_records(home), channel)[name]
            for file, loads in files.items():
                if not _is_done(file, reason):
                    _rekey_raw(
                        connection,
                        home,
                        keys.tokenizer,
                        channel=channel,
                        resource=resource,
                        loads=loads,
                        reason=reason,
                    )
        for record in live(read_records(home)):
            _rekey_sealed(home, keys, record, reason)
        return frozenset(tokens_in_raw(connection, home))


def rekeyed_columns(
    connection: DuckDBPyConnection, rows: DuckDBPyRelation, columns: Iterable[str], tokenizer: Tokenizer
) -> DuckDBPyRelation:
    """The same rows, in any order, with new tokens in these columns: of a token, or of `type|scope|token`."""
    for name in columns:
        old = sorted(set(names_in(rows, [name])))
        new = [rekeyed_name(value, tokenizer) for value in old]
        names = {f"_old_{name}": pa.array(old, pa.string()), f"_new_{name}": pa.array(new, pa.string())}
        pairs = connection.from_arrow(pa.table(names))
        joined = rows.join(pairs, column(name) == column(f"_old_{name}"), how="left")
        kept = [column(f"_new_{name}").alias(name) if one == name else column(one) for one in rows.columns]
        rows = joined.select(*kept)
    return rows


def rekeyed_name(value: str, tokenizer: Tokenizer) -> str:
    """A token, or `type|scope|token`, with the token that it has now; any other text as it is."""
    before, bar, token = value.rpartition("|")
    return f"{before}{bar}{tokenizer.rekeyed(token)}" if IS_TOKEN.fullmatch(token) else value


def _is_done(file: str, reason: str) -> bool:
    return Path(file).name.startswith(f"{reason}-")


def _rekey_raw(
    connection: DuckDBPyConnection,
    home: Home,
    tokenizer: Tokenizer,
    *,
    channel: str,
    resource: Resource,
    loads: dict[str, StoredFile],
    reason: str,
) -> None:
    records = tuple(record for record in read_records(home) if record.load_id in loads)
    verify(home, records[0], loads[records[0].load_id])
    rows = registered_rows(connection, home, records, resource)
    columns = (*token_columns(resource), *compared_columns(resource))
    rows = rekeyed_columns(connection, rows, columns, tokenizer)
    last = tokenizer.hash_keys[-1:]
    rows = rows.select(
        *(
            rehashed(column(name), last).alias(name) if name in _HASHES else column(name)
            for name in rows.columns
        )
    )
    supersede(connection, home, channel=channel, resource=resource, loads=loads, rows=rows, reason=reason)


def _rekey_sealed(home: Home, keys: Rekeying, record: LoadRecord, reason: str) -> None:
    if record.vault and not _is_done(record.vault.file, reason):
        path = verify(home, record, record.vault)
        left = (_rekeyed_value(one, keys.tokenizer) for one in unseal(path, keys.vault_private_key))
        write = partial(seal, records=left, public_key=keys.vault_public_key)
        supersede_file(home, record, room="vault", reason=reason, write=write)
    for name, resource in resources_of([record], record.source.channel).items():
        landed = record.resources.get(name)
        has_tokens = any(field.personal is not Personal.NONE for field in resource.key_fields)
        if landed is None or landed.quarantine is None or not has_tokens:
            continue
        if not _is_done(landed.quarantine.file, reason):
            rows = pq.read_table(verify(home, record, landed.quarantine)).to_pylist()
            rekeyed = [
                row | {"group_key": _rekeyed_key(row["group_key"], resource, keys.tokenizer)} for row in rows
            ]
            write = partial(write_quarantine, rows=rekeyed)
            supersede_file(home, record, room="quarantine", resource=name, reason=reason, write=write)


def _rekeyed_value(sealed: Mapping[str, Any], tokenizer: Tokenizer) -> Mapping[str, Any]:
    if sealed == ERASED or sealed["kind"] == "row":
        return sealed
    name = "token" if sealed["kind"] == "identifier" else "owner"
    return {**sealed, name: sealed[name] and tokenizer.rekeyed(sealed[name])}


def _rekeyed_key(key: str | None, resource: Resource, tokenizer: Tokenizer) -> str | None:
    """The key of a quarantined row, where it could be read."""
    if key is None:
        return None
    parts = zip(resource.key_fields, key.split(SEPARATOR), strict=True)
    return SEPARATOR.join(
        value if field.personal is Personal.NONE else tokenizer.rekeyed(value) for field, value in parts
    )
