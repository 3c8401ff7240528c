"""Which published files are no longer what was published.

Here: comparing bytes with manifests and with what was served. Not here: mending (publish: the next publication
makes marts.duckdb anew; a damaged publication is replaced by the next one, a rollback, or its copy in a backup).
"""

from pathlib import Path

from siyu.errors import DamagedFileError
from siyu.publication.manifest import MANIFEST, read_manifest
from siyu.publication.records import RECORD
from siyu.publication.serving import intact_id
from siyu.settings import Home
from siyu.storage import inside, sha256_of


def damaged_files(folder: Path) -> list[str]:
    """Files of a publication that are missing or have other bytes than its manifest says, by name; empty: all well."""
    try:
        tables = read_manifest(folder).models.values()
    except DamagedFileError:
        return [MANIFEST]
    paths = {table.file: (inside(folder, table.file), table.sha256) for table in tables}
    return [name for name, (path, wanted) in paths.items() if not path.is_file() or sha256_of(path) != wanted]


def damage(home: Home, *, everywhere: bool = False) -> tuple[str, ...]:
    """Damaged files of the current publication and marts.duckdb, by name relative to the home; empty: all well.

    Every byte is read. `everywhere` looks at the older publications too.
    """
    folders = sorted(record.parent for record in home.publications.glob(f"[0-9]*/{RECORD}"))
    found = [
        str((folder / name).relative_to(home.root))
        for folder in (folders if everywhere else folders[-1:])
        for name in damaged_files(folder)
    ]
    if home.marts_file.exists() and intact_id(home) is None:
        found.append(str(home.marts_file.relative_to(home.root)))
    return tuple(found)
