"""Apply a registered corruption to a copy of a candidate, as someone would who also keeps the manifest in step."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

from expectations.registry import Check
from siyu.engine import connect
from siyu.publication.checksum import checksum_of
from siyu.publication.manifest import MANIFEST, Column, read_manifest, write_manifest
from siyu.storage import sha256_of


def corrupted_copy(candidate: Path, copy: Path, *checks: Check) -> None:
    """Copy a candidate and make these checks, and hopefully no other, fire on the copy."""
    shutil.copytree(candidate, copy)
    for check in checks:
        if check.corruption:
            change_tables(copy, check.corruption)
        if check.lie:
            content = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
            check.lie(content)
            (copy / MANIFEST).write_text(json.dumps(content), encoding="utf-8")


def apart(one: Check, other: Check) -> bool:
    """Whether neither check reads what the other's corruption changes, so that both can be shown on one copy."""
    if "candidate" in one.models + other.models:
        return False
    return not any(
        re.search(rf"\b{model}\b", corrupted.corruption or "")
        for corrupted, reader in ((one, other), (other, one))
        for model in reader.models
    )


def change_tables(folder: Path, statements: str) -> None:
    """Run statements on the candidate's tables, write those they name again, and let the manifest say what is there."""
    manifest = read_manifest(folder)
    named = {name: table for name, table in manifest.models.items() if re.search(rf"\b{name}\b", statements)}
    models = dict(manifest.models)
    with connect() as connection:
        for name, table in named.items():
            connection.read_parquet(str(folder / table.file)).create(name)
        connection.execute(statements)
        left = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
        for name, table in named.items():
            file = folder / table.file
            if name not in left:
                file.unlink()
                del models[name]
                continue
            rows = connection.table(name)
            rows.write_parquet(str(file), compression="zstd")
            count, checksum = checksum_of(rows)
            schema = tuple(
                Column(name=column, type=str(type_), description="")
                for column, type_ in zip(rows.columns, rows.types, strict=True)
            )
            models[name] = replace(
                table, rows=count, checksum=checksum, sha256=sha256_of(file), schema=schema
            )
    write_manifest(folder, replace(manifest, models=models))
