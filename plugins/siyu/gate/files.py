"""Checks on the candidate as files: that the manifest tells the truth about the bytes beside it.

Here: hashes, row counts, schemas, the list of models. Not here: what the rows say.
"""

import re
from collections.abc import Callable
from pathlib import Path

import duckdb

from siyu.engine import quoted
from siyu.errors import SiyuError
from siyu.gate.tables import Tables
from siyu.gate.verdict import Status
from siyu.publication.checksum import checksum_of
from siyu.publication.manifest import Table
from siyu.storage import sha256_of

Outcome = tuple[Status, int | None, str]  # status, offending models, what is to be said besides

# Names under which identifiers, tokens and attributes of a person travel; none of them belongs in a mart.
_PERSONAL = re.compile(
    r"(^|_)(token|phone|mobile|email|e_mail|openid|open_uid|unionid|external_userid|oaid|full_name|real_name"
    r"|birth_date|birthday|address|id_card|wechat_id)(_|$)"
)
# says of how many, or whether; neither can hold anybody's number
_TELLS_NOBODY = re.compile(r"^boolean is_|^(bigint|integer) .*_count$|^decimal\(18,6\) .*_(rate|share)$")


def _outcome(offenders: list[str]) -> Outcome:
    """Names of models and columns are no personal values, so they may be told."""
    return (Status.FAILED if offenders else Status.PASSED), len(offenders), ", ".join(sorted(offenders))


def promised_models_are_there(tables: Tables) -> Outcome:
    """Every model that readers were promised is in the manifest."""
    from expectations import PROMISED_MODELS

    return _outcome([model for model in PROMISED_MODELS if model not in tables.candidate.manifest.models])


def files_match_manifest(tables: Tables) -> Outcome:
    """Each file is there with the bytes that were exported, and there is no other."""
    offenders = [
        model
        for model, table in tables.candidate.manifest.tables.items()
        if not tables.candidate.file(model).is_file()
        or sha256_of(tables.candidate.file(model)) != table.sha256
    ]
    known: set[Path] = {tables.candidate.file(model) for model in tables.candidate.manifest.tables}
    strays = [file.name for file in tables.candidate.path.resolve().rglob("*.parquet") if file not in known]
    return _outcome(offenders + strays)


def rows_match_manifest(tables: Tables) -> Outcome:
    """Each file has as many rows as the manifest says."""
    return _differing(tables, lambda rows, table: len(rows) != table.rows)


def checksums_match_manifest(tables: Tables) -> Outcome:
    """Each file holds the rows that the warehouse held when it was exported."""
    return _differing(tables, lambda rows, table: _sum_of(checksum_of(rows)[1]) != _sum_of(table.checksum))


def schema_matches_manifest(tables: Tables) -> Outcome:
    """Each file has the columns of the manifest, in its order, with its types."""
    return _differing(
        tables,
        lambda rows, table: (
            [*zip(rows.columns, map(str, rows.types), strict=True)]
            != [(column.name, column.type) for column in table.schema]
        ),
    )


def no_personal_columns(tables: Tables) -> Outcome:
    """No column that everybody reads is named like a token or an attribute of a person, but for counts of them."""
    return _outcome(
        [
            f"{model}.{column.name}"
            for model, table in tables.candidate.manifest.models.items()
            for column in table.schema
            if _PERSONAL.search(column.name.lower())
            and not _TELLS_NOBODY.search(f"{column.type} {column.name}".lower())
        ]
    )


def _differing(tables: Tables, differs: Callable[[duckdb.DuckDBPyRelation, Table], bool]) -> Outcome:
    """The models whose rows differ from what the manifest says of them; one that cannot be read has raised."""
    offenders = []
    for model, table in tables.candidate.manifest.tables.items():
        try:
            if differs(tables.connection.sql("from " + quoted("candidate", model)), table):
                offenders.append(model)
        except (duckdb.Error, SiyuError) as error:
            return Status.RAISED, None, f"could not read {model}: {type(error).__name__}"
    return _outcome(offenders)


def _sum_of(checksum: str) -> str:
    """The part after the number of rows, which another check is about."""
    return checksum.partition(":")[2]


FILE_CHECKS: dict[str, Callable[[Tables], Outcome]] = {
    check.__name__: check
    for check in (
        promised_models_are_there,
        files_match_manifest,
        rows_match_manifest,
        checksums_match_manifest,
        schema_matches_manifest,
        no_personal_columns,
    )
}
