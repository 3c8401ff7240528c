"""Finding the columns of a mapping among the headers of a file."""

import re
from collections.abc import Iterable, Sequence

from siyu.channels.files.mapping import SourceMapping
from siyu.errors import SourceError

BLANKS = " \t\r\n\v\f\u00a0\u200b\u202f\u3000\ufeff"
_SHOWN = 40
_LOOKS_LIKE_A_VALUE = re.compile(r"^[^\w]*[\d.,:/\- ]+$|@|\d{5,}")


def bare(header: str | None) -> str:
    """A header without the blanks, marks and full-width blanks around it."""
    return (header or "").strip(BLANKS)


def find_columns(
    source: SourceMapping,
    file_name: str,
    found: Sequence[str | None],
    later: Iterable[Sequence[str | None]] = (),
) -> dict[str, int | None]:
    """Position of each key of the mapping; None for an optional column that the file does not have.

    Args:
        source: The mapping.
        file_name: For messages.
        found: The headers, as they stand in the file.
        later: Some records after them, to see whether one of those is the real header.

    Raises:
        SourceError: A column is missing or stands there twice; the message names the headers found.
    """
    headers = [bare(header) for header in found]
    positions: dict[str, int | None] = {}
    for key, column in source.columns.items():
        wanted = [bare(header) for header in column.headers]
        name = next((header for header in wanted if header in headers), None)
        if name is not None and headers.count(name) > 1:
            raise SourceError(
                f"{file_name} has {headers.count(name)} columns called {name!r}",
                expected="one",
                do="rename one of them, or export without it",
            )
        if name is None and not column.optional:
            raise _missing(source, file_name, headers, wanted, later)
        positions[key] = None if name is None else headers.index(name)
    return positions


def unmapped(found: Sequence[str | None], positions: dict[str, int | None]) -> list[str]:
    """Headers that no column of the mapping reads, in the file's order."""
    return [bare(header) for index, header in enumerate(found) if index not in positions.values()]


def _missing(
    source: SourceMapping,
    file_name: str,
    headers: list[str],
    wanted: list[str],
    later: Iterable[Sequence[str | None]],
) -> SourceError:
    needed = [
        {bare(header) for header in column.headers}
        for column in source.columns.values()
        if not column.optional
    ]
    for offset, row in enumerate(later, start=1):
        cells = {bare(cell) for cell in row}
        if all(names & cells for names in needed):
            return SourceError(
                f"{file_name} has its header in row {source.header_row + offset}, not {source.header_row}",
                do=f"say `header_row: {source.header_row + offset}` in source {source.name} of the mapping",
            )
    if any(_LOOKS_LIKE_A_VALUE.search(header) for header in headers if header):
        # the first row may be somebody's data: it is not repeated in a message
        return SourceError(
            f"{file_name} has no column {' or '.join(map(repr, wanted))}; its row {source.header_row} looks like data",
            expected="a line with the names of the columns",
            do="say `header: none` in the mapping, or export with headers",
        )
    shown = ", ".join(headers[:_SHOWN]) or "none"
    return SourceError(
        f"{file_name} has no column {' or '.join(map(repr, wanted))}; its columns are: {shown}",
        expected=f"the columns of source {source.name}",
        do="add the header to `from:` of the mapping, or use the mapping of this file",
    )
