"""What dbt made of the project's files, kept so that the next build of the same files need not parse them again.

Here: keeping and finding it. Not here: calling dbt (dbt_runner).

Parsing takes a quarter of a build's CPU and depends on the project's files, on dbt, and on the vars, save those that
only end up in SQL, which is rendered when a node runs: the day, the time zone and the currency. Whatever else differs
is another key, so nothing stale is found; what cannot be kept is parsed again.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from siyu.storage import make_folder, sha256_of, written_whole

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

CACHE_VARIABLE = "XDG_CACHE_HOME"
PARSED_BY_DBT = "partial_parse.msgpack"  # in a target folder, where a build parsed
_WRITTEN_BY_DBT = {"target", "logs", "dbt_packages", ".user.yml"}
ONLY_IN_SQL = {"as_of_date", "business_timezone", "reporting_currency"}
_KEPT = 8
_DIGEST = hashlib.sha256().digest_size


def hash_of_project(project: Path) -> str:
    """Digest of the names and bytes of a dbt project's files, without what dbt writes into it."""
    digest = hashlib.sha256()
    for file in sorted(project.rglob("*")):
        relative = file.relative_to(project)
        if file.is_file() and relative.parts[0] not in _WRITTEN_BY_DBT:
            digest.update(f"{relative.as_posix()}\n{sha256_of(file)}\n".encode())
    return digest.hexdigest()


def parsed_file(project: Path, variables: Mapping[str, object]) -> Path:
    """Where the parse of a project with these vars is kept, whether it is there or not."""
    key = [
        *(f"{name} {metadata.version(name)}" for name in ("dbt-core", "dbt-duckdb")),
        str(project.resolve()),  # seeds are found by it
        hash_of_project(project),
        {name: value for name, value in sorted(variables.items()) if name not in ONLY_IN_SQL},
    ]
    cache = Path(os.environ.get(CACHE_VARIABLE) or Path.home() / ".cache")
    digest = hashlib.sha256(json.dumps(key, default=str).encode()).hexdigest()
    return cache / "siyu" / "dbt" / f"{digest[:32]}.parsed"


def find_parsed(file: Path, database: str) -> "Manifest | None":
    """The parse that is kept in a file, for a warehouse of this name; None where there is none, or it is damaged."""
    from dbt.contracts.graph.manifest import Manifest

    try:
        content = file.read_bytes()
        os.utime(file)  # those used last are kept
    except OSError:
        return None
    digest, packed = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(packed).digest() != digest:
        return None
    manifest: Manifest = Manifest.from_msgpack(packed)
    for node in (*manifest.nodes.values(), *manifest.sources.values()):
        if node.relation_name:
            node.relation_name = node.relation_name.replace(f'"{node.database}".', f'"{database}".', 1)
        node.database = database
    return manifest


def keep_parsed(file: Path, target: Path) -> None:
    """Keep what a build parsed, if it did; a cache that cannot be written costs the next build its parse alone."""
    parsed = target / PARSED_BY_DBT
    if not parsed.exists():
        return
    packed = parsed.read_bytes()
    with suppress(OSError):
        make_folder(file.parent)
        with written_whole(file) as staged:
            staged.write_bytes(hashlib.sha256(packed).digest() + packed)
        kept = sorted(file.parent.glob("*.parsed"), key=lambda path: path.stat().st_mtime_ns)
        for old in kept[:-_KEPT]:
            old.unlink(missing_ok=True)
