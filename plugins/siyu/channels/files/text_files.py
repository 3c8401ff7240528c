"""Delimited, blank-separated and fixed-width text, and JSON lines, as rows of cells."""

import csv
import json
import re
from collections.abc import Callable, Iterator
from itertools import accumulate, islice, pairwise
from typing import Any

from siyu.channels.files.mapping import SourceMapping
from siyu.channels.files.rows import BLOCK_ROWS, Row, Unreadable
from siyu.channels.files.texts import Lines
from siyu.errors import SourceError

LONGEST_CELL = 128 << 20  # characters; beyond it, a quote was never closed
_LINE_BREAK = re.compile("\r\n|\r|\n")


def rows_of_lines(source: SourceMapping, file_name: str, lines: Lines) -> Iterator[list[Row]]:
    """Blocks of rows, from line `header_row` on; blank lines come as rows without cells."""
    for _ in islice(iter(lines), source.header_row - 1):
        pass
    lines.forget()
    match source.format:
        case "csv":
            return _delimited(source.separator, file_name, lines)
        case "fixed_width":
            return _split(lines, _by_width(source.widths or ()))
        case _:
            return _split(lines, str.split)


def _delimited(delimiter: str, file_name: str, lines: Lines) -> Iterator[list[Row]]:
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
    while True:
        rows: list[Row] = []
        try:
            rows.extend(islice(reader, BLOCK_ROWS))
        except csv.Error as error:
            good_lines = sum(_lines_of(row) for row in rows)
            if "expected after" not in str(error):  # the end of the file, or of patience, inside quotes
                raise SourceError(
                    f"{file_name} line {lines.first + good_lines}: a quote is opened and never closed",
                    expected="a closing quote",
                    do="mend the line, or export the file again",
                ) from error
            rows.append(Unreadable("bad_quotes", lines.taken[good_lines]))
            lines.rewind(good_lines + 1)
            reader = csv.reader(iter(lines), delimiter=delimiter, strict=True)
        if not rows:
            return
        lines.forget()
        yield rows


def _lines_of(row: Row) -> int:
    cells = () if isinstance(row, Unreadable) else row
    return 1 + sum(len(_LINE_BREAK.findall(cell)) for cell in cells if cell)


def _split(lines: Lines, split: Callable[[str], list[str]]) -> Iterator[list[Row]]:
    stream = iter(lines)
    while block := list(islice(stream, BLOCK_ROWS)):
        lines.forget()
        yield [split(line) if line.strip() else [] for line in block]


def _by_width(widths: tuple[int, ...]) -> Callable[[str], list[str]]:
    bounds = list(pairwise(accumulate(widths, initial=0)))
    end = sum(widths)

    def split(line: str) -> list[str]:
        line = line.rstrip("\r\n")
        cells = [line[start:stop] for start, stop in bounds]
        return [*cells, line[end:]] if line[end:].strip() else cells

    return split


class JsonLines:
    """One JSON object per line, as cells in the order of the mapping's keys. `a.b` reaches into an object."""

    def __init__(self, source: SourceMapping, file_name: str) -> None:
        self._headers = [(key, column.headers) for key, column in source.columns.items()]
        self._file_name = file_name
        self._unseen = {key for key, column in source.columns.items() if not column.optional}
        self._keys: set[str] = set()

    def blocks(self, lines: Lines) -> Iterator[list[Row]]:
        """Blocks of rows.

        Raises:
            SourceError: The file is one JSON array, or no record has one of the mapping's keys.
        """
        stream = iter(lines)
        is_first = True
        while block := list(islice(stream, BLOCK_ROWS)):
            lines.forget()
            texts = [line for line in block if line.strip()]
            if is_first and texts and texts[0].lstrip().startswith("["):
                raise SourceError(
                    f"{self._file_name} is a JSON array",
                    expected="one JSON object per line",
                    do="export JSON lines, or convert it (jq -c '.[]')",
                )
            is_first = is_first and not texts
            yield [self._row(text) for text in texts]
        if self._unseen and self._keys:
            raise SourceError(
                f"{self._file_name}: no record has {', '.join(sorted(self._unseen))} of the mapping",
                expected=f"its keys among {', '.join(sorted(self._keys)[:40])}",
                do="mend `from:`, or mark the column `optional: true`",
            )

    @property
    def unmapped(self) -> list[str]:
        """Keys of the objects that the mapping does not read."""
        mapped = {header.split(".")[0] for _, headers in self._headers for header in headers}
        return sorted(self._keys - mapped)

    def _row(self, text: str) -> Row:
        try:
            record = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
            if not isinstance(record, dict):
                return Unreadable("bad_json", text)
            self._keys.update(record)
            return [self._cell(record, key, headers) for key, headers in self._headers]
        except (ValueError, RecursionError):
            return Unreadable("bad_json", text)

    def _cell(self, record: dict[str, Any], key: str, headers: tuple[str, ...]) -> str | None:
        for header in headers:
            value: Any = record
            for name in (header,) if header in record else header.split("."):
                if not isinstance(value, dict) or name not in value:
                    break
                value = value[name]
            else:
                self._unseen.discard(key)
                return _as_text(value)
        return None


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)
