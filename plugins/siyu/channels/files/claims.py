"""Which files of a folder a mapping reads, and which nobody reads."""

import glob
from dataclasses import dataclass, field, replace
from pathlib import Path

from siyu.channels.files.mapping import Mapping, SourceMapping
from siyu.errors import SourceError, UsageError


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """A file and the name it is registered under: relative to the folder given, never absolute.

    `looks_into`: the files in which its source looks values up, by the name of their source.
    """

    path: Path
    name: str
    looks_into: dict[str, tuple["SourceFile", ...]] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a mapping reads, by source in the mapping's order, then by name; and what it does not.

    Files of a source without resources are not among `claimed`: they are read where another source looks into them.
    """

    claimed: list[tuple[SourceMapping, SourceFile]]
    unclaimed: list[Path]


def claim_files(mapping: Mapping, path: Path) -> Claims:
    """Match the globs of a mapping's sources against a folder, or the name of one file.

    A glob also matches the same name with `.gz`. Hidden files (`.x`, `~$x`) belong to nobody and are not reported.
    A file that two sources read (two sheets of one workbook) is registered once per source, as `name#source`.

    Raises:
        UsageError: The path is not there.
        SourceError: No file is claimed at all, or none of a source that a claimed file's source looks into.
    """
    if not path.exists():
        raise UsageError(f"{path} is not there", expected="a file or a folder", do="check its name")
    folder = path if path.is_dir() else path.parent
    present = {file: file.relative_to(folder).as_posix() for file in visible_files(path)}
    found: list[tuple[SourceMapping, Path]] = []
    for source in mapping.sources:
        matched = {
            folder / name
            for pattern in source.files
            for end in ("", ".gz")
            for name in glob.glob(pattern + end, root_dir=folder, recursive=True)  # noqa: PTH207 - needs root_dir
        }
        found += [(source, file) for file in sorted(matched & present.keys())]
    claimed_paths = [file for _, file in found]
    if not any(source.resources for source, _ in found):
        patterns = sorted({pattern for source in mapping.sources for pattern in source.files})
        seen = ", ".join(sorted(present.values())[:10]) or "nothing"
        raise SourceError(
            f"mapping {mapping.name} claims no file of {path} (there: {seen})",
            expected=f"a file called {' or '.join(patterns)}",
            do="give another path, or mend `files:` in the mapping",
        )
    files: dict[str, list[SourceFile]] = {}
    for source, file in found:
        name = present[file] + (f"#{source.name}" if claimed_paths.count(file) > 1 else "")
        files.setdefault(source.name, []).append(SourceFile(path=file, name=name))
    return Claims(
        claimed=[
            (source, replace(file, looks_into=_looks_into(mapping, source, files)))
            for source in mapping.sources
            for file in files.get(source.name, [])
            if source.resources
        ],
        unclaimed=sorted(set(present) - set(claimed_paths)),
    )


def _looks_into(
    mapping: Mapping, source: SourceMapping, files: dict[str, list[SourceFile]]
) -> dict[str, tuple[SourceFile, ...]]:
    others = sorted({lookup.source for lookup in source.lookups.values()})
    for other in others:
        if other not in files:
            raise SourceError(
                f"mapping {mapping.name}: source {source.name} looks into {other}, and no file of it is there",
                expected=f"a file called {' or '.join(mapping.source(other).files)}",
                do="give the folder that holds all files of the mapping",
            )
    return {other: tuple(files[other]) for other in others}


def visible_files(path: Path) -> list[Path]:
    """A file, or every file below a folder that is not hidden."""
    if path.is_file():
        return [path]
    return [
        file
        for file in path.rglob("*")
        if file.is_file() and not any(part.startswith((".", "~$")) for part in file.relative_to(path).parts)
    ]
