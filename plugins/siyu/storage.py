"""Files that appear whole or not at all: write beside, fsync, rename; digests; paths that stay inside the home.

Here: how bytes reach a disk. Not here: what they mean.
"""

import fcntl
import glob
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from siyu.errors import UsageError

PRIVATE_FILE = 0o600
PRIVATE_FOLDER = 0o700
_CHUNK = 1 << 20


def make_folder(folder: Path) -> Path:
    """Create a folder and its missing parents, all for their owner alone; an existing one is left as it is."""
    if not folder.parent.exists():
        make_folder(folder.parent)  # mkdir(parents=True) would give the parents the default mode
    folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    return folder


def sha256_of(path: Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def fsync_path(path: Path) -> None:
    """Force a file's bytes, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish_file(staged: Path, target: Path) -> None:
    """Rename a finished file into place so that a crash shows the old state or the new one, nothing between.

    Both must be on one file system. The target becomes private to its owner.
    """
    make_folder(target.parent)
    staged.chmod(PRIVATE_FILE)
    fsync_path(staged)
    staged.replace(target)
    fsync_path(target.parent)


@contextmanager
def written_whole(target: Path) -> Iterator[Path]:
    """Yield a path beside `target` to write to; on a clean exit it becomes `target`, else it is removed.

    What a killed process left half written of the same target is removed first.
    """
    make_folder(target.parent)
    _remove_half_written(target)
    descriptor, staged = _locked_beside(target)
    try:
        yield staged
        publish_file(staged, target)
    finally:
        staged.unlink(missing_ok=True)
        os.close(descriptor)


def _locked_beside(target: Path) -> tuple[int, Path]:
    """A new file beside the target, locked for as long as its process lives or its descriptor is open."""
    while True:
        descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        if Path(name).exists():
            return descriptor, Path(name)
        os.close(descriptor)  # taken for a dead process's before it was locked


def _remove_half_written(target: Path) -> None:
    """Remove the unfinished files of dead processes; those of living ones, frozen ones too, are locked."""
    for leftover in target.parent.glob(f".{glob.escape(target.name)}.*.tmp"):
        try:
            descriptor = os.open(leftover, os.O_RDONLY)
        except FileNotFoundError:
            continue  # its owner finished just now
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            leftover.unlink(missing_ok=True)
        except BlockingIOError:
            pass
        finally:
            os.close(descriptor)


def write_json(target: Path, content: Any) -> None:
    """Write one JSON document whole: sorted keys, UTF-8, a final newline."""
    with written_whole(target) as staged:
        staged.write_text(
            json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True, default=str) + "\n",
            encoding="utf-8",
        )


def read_json(path: Path) -> Any:
    """Read one JSON document."""
    return json.loads(path.read_text(encoding="utf-8"))


def inside(root: Path, relative: str) -> Path:
    """The path of a file named in a manifest or load record, which must lie inside `root`.

    Raises:
        UsageError: The name is absolute, climbs out with `..`, or goes through a link that leaves `root`.
    """
    resolved_root = root.resolve()
    try:
        candidate = (resolved_root / relative).resolve()
    except (RuntimeError, ValueError, OSError):
        candidate = None  # links in a circle, a NUL, a name too long for the file system
    if candidate is None or Path(relative).is_absolute() or not candidate.is_relative_to(resolved_root):
        raise UsageError(
            f"the file name {relative!r} leads out of {root}",
            expected="a relative name inside the home",
            do="restore the record that holds it from a backup",
        )
    return candidate
