"""Which published files are no longer what was published.

Here: comparing bytes with manifests and with what was served. Not here: mending (publish: the next publication
makes marts.duckdb anew; a damaged publication is replaced by the next one, a rollback, or its copy in a backup).
"""

from collections.abc import Collection, Mapping
from pathlib import Path

from siyu.errors import DamagedFileError
from siyu.publication.manifest import MANIFEST, Manifest, read_manifest
from siyu.publication.records import RECORD
from siyu.publication.serving import damaged_served_files
from siyu.settings import Home
from siyu.storage import inside, sha256_of


def damaged_files(folder: Path) -> list[str]:
    """Files of a publication that are missing or have other bytes than its manifest says, by name; empty: all well."""
    try:
        tables = read_manifest(folder).tables.values()
    except DamagedFileError:
        return [MANIFEST]
    return _damaged(folder, {table.file: table.sha256 for table in tables})


def _damaged(folder: Path, files: Mapping[str, str]) -> list[str]:
    paths = {name: inside(folder, name) for name in files}
    return [name for name, path in paths.items() if not path.is_file() or sha256_of(path) != files[name]]


def last_whole(home: Home, names: Collection[str]) -> tuple[Path, Manifest] | None:
    """Folder and manifest of the newest publication that has these tables, none of them damaged."""
    records = sorted(home.publications.glob(f"[0-9]*/{RECORD}"), reverse=True)
    for folder in (record.parent for record in records):
        try:
            manifest = read_manifest(folder)
        except DamagedFileError:
            continue
        tables = [manifest.tables[name] for name in names if name in manifest.tables]
        if len(tables) == len(names) and not _damaged(folder, {one.file: one.sha256 for one in tables}):
            return folder, manifest
    return None


def damage(home: Home, *, everywhere: bool = False) -> tuple[str, ...]:
    """Damaged files of the current publication and those served, by name relative to the home; empty: all well.

    Every byte is read. `everywhere` looks at the older publications too.
    """
    folders = sorted(record.parent for record in home.publications.glob(f"[0-9]*/{RECORD}"))
    found = [
        str((folder / name).relative_to(home.root))
        for folder in (folders if everywhere else folders[-1:])
        for name in damaged_files(folder)
    ]
    if home.marts_file.exists():
        found += [str(file.relative_to(home.root)) for file in damaged_served_files(home)]
    return tuple(found)
