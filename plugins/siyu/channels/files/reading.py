"""A source file as a stream of Arrow batches of text, record by record, whatever its format.

Here: which reader a format has, and what is known of a file while it is open. Not here: types, rules, records.
"""

import codecs
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

import pyarrow as pa

from siyu.channels.files.claims import SourceFile
from siyu.channels.files.headers import bare, find_columns, unmapped
from siyu.channels.files.mapping import SourceMapping
from siyu.channels.files.parquet_files import ParquetFile
from siyu.channels.files.rows import Assembler, Cells, Row, Unreadable
from siyu.channels.files.text_files import JsonLines, rows_of_lines
from siyu.channels.files.texts import Lines, find_encoding, open_bytes, open_text
from siyu.channels.files.workbooks import Sheet
from siyu.errors import SourceError

_HEADER_SEARCH_ROWS = 50
_COMMON_ENCODINGS = ("utf-8", "gb18030", "cp1252", "big5")


@dataclass(kw_only=True)
class Reading:
    """An open file. The counts and `unmapped` are final once `batches` is exhausted."""

    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    headers: dict[str, str]  # by key, as found; empty where the file has no header line
    encoding: str | None
    _counter: Any
    _unmapped: Any

    @property
    def rows_read(self) -> int:
        """Records so far, unreadable ones included."""
        count: int = self._counter.rows_read
        return count

    @property
    def unmapped(self) -> list[str]:
        """Headers that the mapping does not read."""
        names: list[str] = self._unmapped() if callable(self._unmapped) else self._unmapped
        return names


@contextmanager
def open_source(source: SourceMapping, file: SourceFile, cell_limit_bytes: int) -> Iterator[Reading]:
    """Open a file as its mapping says.

    Raises:
        SourceError: The file as a whole is not what the mapping says (also while batches are read).
    """
    with ExitStack() as stack:
        if source.format == "parquet":
            # Parquet is read from its end: a zipped one is unzipped into memory first
            with open_bytes(file.path) as probe:
                magic = probe.read(4)
            is_zipped = file.path.suffix == ".gz" and magic == b"PAR1"
            stream: Any = pa.BufferReader(_content(file)) if is_zipped else str(file.path)
            parquet = ParquetFile(source, file.name, stream)
            yield Reading(
                schema=parquet.schema,
                batches=parquet.batches(),
                headers={},
                encoding=None,
                _counter=parquet,
                _unmapped=parquet.unmapped,
            )
            return
        if source.format == "xlsx":
            sheet = Sheet(source, file.name, _content(file))
            rows: list[Row] = list(sheet.rows[: _HEADER_SEARCH_ROWS + 1])
            columns = _Columns(source, file.name, rows)
            blocks = sheet.blocks(columns.positions, 0 if source.header == "none" else 1)
            yield _reading(columns, blocks, cell_limit_bytes, None)
            return
        encoding = find_encoding(file.path) if source.encoding == "auto" else source.encoding
        newline = "\n" if source.format == "jsonl" else ""
        lines = Lines(stack.enter_context(open_text(file.path, encoding, newline=newline)))
        if source.format == "jsonl":
            objects = JsonLines(source, file.name)
            assembler = Assembler(
                {key: index for index, key in enumerate(source.columns)},
                len(source.columns),
                cell_limit_bytes,
            )
            yield Reading(
                schema=assembler.schema,
                batches=assembler.batches(objects.blocks(lines)),
                headers={},
                encoding=encoding,
                _counter=assembler,
                _unmapped=lambda: objects.unmapped,
            )
            return
        blocks = rows_of_lines(source, file.name, lines)
        first: list[Row] = next(blocks, [])
        try:
            columns = _Columns(source, file.name, first)
        except SourceError:
            if other := _encoding_with_the_columns(source, file, but=encoding):
                raise SourceError(
                    f"{file.name} has not the columns of source {source.name} when it is read as {encoding}",
                    expected=f"what it has as {other}",
                    do=f"say `encoding: {other}` in source {source.name} of the mapping",
                ) from None
            raise
        yield _reading(columns, chain([first[columns.skip :]], blocks), cell_limit_bytes, encoding)


def _encoding_with_the_columns(source: SourceMapping, file: SourceFile, *, but: str) -> str | None:
    """A common encoding in which the file has the mapping's columns."""
    for encoding in _COMMON_ENCODINGS:
        if codecs.lookup(encoding) == codecs.lookup(but):
            continue
        with suppress(SourceError), open_text(file.path, encoding) as text:
            _Columns(source, file.name, next(rows_of_lines(source, file.name, Lines(text)), []))
            return encoding
    return None


class _Columns:
    """Where the columns of a mapping stand in a table of rows, by its header row or by number."""

    def __init__(self, source: SourceMapping, file_name: str, rows: list[Row]) -> None:
        self.skip = 0 if source.header == "none" else 1
        first = rows[0] if rows else []
        if isinstance(first, Unreadable) or (self.skip and not any(bare(cell) for cell in first)):
            raise SourceError(
                f"{file_name} has no header in row {source.header_row}",
                expected="a row with the names of the columns",
                do="say `header_row:` or `header: none` in the mapping",
            )
        readable: list[Cells] = [row for row in rows if not isinstance(row, Unreadable)]
        if self.skip:
            found: Cells = first
            self.width = len(first)
            later = readable[1 : _HEADER_SEARCH_ROWS + 1]
        else:
            # without a header, most rows say how many columns there are
            sizes = [len(row) for row in readable if row]
            self.width = max(sizes, key=sizes.count) if len(sizes) < _HEADER_SEARCH_ROWS else _mode(sizes)
            found, later = [str(number + 1) for number in range(self.width)], []
        self.positions = find_columns(source, file_name, found, later)
        self.unmapped = unmapped(found, self.positions)
        self.headers = (
            {key: bare(found[at]) for key, at in self.positions.items() if at is not None}
            if self.skip
            else {}
        )


def _mode(sizes: list[int]) -> int:
    return max(set(sizes), key=sizes.count)


def _reading(
    columns: _Columns, blocks: Iterator[list[Row]], cell_limit_bytes: int, encoding: str | None
) -> Reading:
    assembler = Assembler(columns.positions, columns.width, cell_limit_bytes)
    return Reading(
        schema=assembler.schema,
        batches=assembler.batches(blocks),
        headers=columns.headers,
        encoding=encoding,
        _counter=assembler,
        _unmapped=columns.unmapped,
    )


def _content(file: SourceFile) -> bytes:
    with open_bytes(file.path) as stream:
        return stream.read()
