"""What a candidate says about itself: which tables, of what shape, with which content, made from what.

Here: the form of manifest.json. Not here: how it comes about (candidate), who believes it (gate, publish).
"""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from siyu.errors import DamagedFileError
from siyu.storage import inside, read_json, sha256_of, write_json

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a published table; `type` is DuckDB's name of it."""

    name: str
    type: str
    description: str


@dataclass(frozen=True, kw_only=True)
class Table:
    """A published table and the file that holds its rows, sorted by primary key."""

    file: str  # name inside the candidate
    schema: tuple[Column, ...]
    primary_key: tuple[str, ...]
    grain: str  # latest: replaced nightly; history: a set of rows per as_of_date
    description: str
    rows: int
    checksum: str  # of the rows, see checksum.py
    sha256: str  # of the file's bytes
    owner: str = ""
    requirement: tuple[str, ...] = ()

    @property
    def columns(self) -> list[str]:
        """Names in the order of the file, which is the order of the checksum."""
        return [column.name for column in self.schema]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """The content of manifest.json; tables by name: `models` for everybody, `restricted` for named people."""

    run_id: str
    as_of_date: date
    load_ids: tuple[str, ...]
    code_revision: str
    models: dict[str, Table]
    restricted: dict[str, Table] = field(default_factory=dict)
    missing: tuple[str, ...] = ()  # streams that were not there in time: the marts are without their news
    format: int = field(default=FORMAT)

    @property
    def tables(self) -> dict[str, Table]:
        """Every table, whoever may read it."""
        return self.models | self.restricted

    @property
    def content_checksum(self) -> str:
        """SHA-256 over all that a reader can see: names, types, keys, descriptions and rows of every table.

        Equal for equal content however the files were compressed or split.
        """
        named = self.models | {f"restricted.{name}": table for name, table in self.restricted.items()}
        seen = {
            name: {key: value for key, value in asdict(table).items() if key not in {"file", "sha256"}}
            for name, table in named.items()
        }
        return hashlib.sha256(json.dumps(seen, sort_keys=True, ensure_ascii=False).encode()).hexdigest()

    def shows_the_same_as(self, other: "Manifest") -> bool:
        """Whether a reader would see no difference: same content, same day, made from the same loads."""
        return (self.content_checksum, self.as_of_date, self.load_ids) == (
            other.content_checksum,
            other.as_of_date,
            other.load_ids,
        )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json into a candidate."""
    write_json(folder / MANIFEST, asdict(manifest) | {"content_checksum": manifest.content_checksum})


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a candidate or publication.

    Raises:
        DamagedFileError: It is missing or not as this version of siyu writes it.
    """
    path = folder / MANIFEST
    try:
        content = read_json(path)
        manifest = Manifest(
            run_id=content["run_id"],
            as_of_date=date.fromisoformat(content["as_of_date"]),
            load_ids=tuple(content["load_ids"]),
            code_revision=content["code_revision"],
            models={name: _table(table) for name, table in content["models"].items()},
            restricted={name: _table(table) for name, table in content.get("restricted", {}).items()},
            missing=tuple(content.get("missing", ())),
            format=content["format"],
        )
        if twice := manifest.models.keys() & manifest.restricted.keys():
            raise ValueError(f"{sorted(twice)} for everybody and restricted")
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise DamagedFileError(
            f"{path} cannot be read ({type(fault).__name__})",
            expected=f"a manifest of format {FORMAT}",
            do="run the transform and the audit again",
        ) from fault
    return manifest


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file with its SHA-256 in the manifest.

    Raises:
        DamagedFileError: A file is missing or has other bytes; the message names it.
        UsageError: The manifest names a file outside its folder.
    """
    for name, table in manifest.tables.items():
        path = inside(folder, table.file)
        found = sha256_of(path) if path.is_file() else "no file"
        if found != table.sha256:
            raise DamagedFileError(
                f"{path} of model {name} has SHA-256 {found}",
                expected=table.sha256,
                do="run the transform and the audit again, or restore another publication",
            )


def _table(content: dict[str, Any]) -> Table:
    return Table(
        **content
        | {
            "schema": tuple(Column(**column) for column in content["schema"]),
            "primary_key": tuple(content["primary_key"]),
            "requirement": tuple(content["requirement"]),
        }
    )
