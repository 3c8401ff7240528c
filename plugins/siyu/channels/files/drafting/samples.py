"""The first rows of files: how a mapping describes them, and their cells for judging.

Here: format, encoding, delimiter, header, rows. Not here: what the rows hold (values.py) or mean (roles.py).
"""

import csv
import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine

from siyu.channels.files.casting import create_macros
from siyu.channels.files.claims import SourceFile
from siyu.channels.files.drafting.evidence import Evidence
from siyu.channels.files.drafting.values import MOSTLY, Column, read_values
from siyu.channels.files.headers import BLANKS, bare
from siyu.channels.files.mapping import SourceMapping
from siyu.channels.files.reading import open_source
from siyu.channels.files.texts import find_encoding, find_western_encoding, open_bytes, open_text
from siyu.channels.files.workbooks import as_text
from siyu.engine import connect
from siyu.errors import SourceError, UsageError

SAMPLE_ROWS = 5_000  # what columns are judged by
KEY_ROWS = 100_000  # what is read on, where keys of several files are compared
_PEEKED = 60  # lines, or rows of a sheet
_CELL_LIMIT = 1_000_000
_FORMATS = {"parquet": "parquet", "xlsx": "xlsx", **dict.fromkeys(("jsonl", "ndjson", "json"), "jsonl")}
_DELIMITERS = {",": ",", "\t": "tab", ";": ";", "|": "|"}
_LOOKS_LIKE_DATA = re.compile(r"[-+]?[¥￥$£€]?\s*\d[\d.,]*\s*[元€]?|.*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")
_TEXTS = r"""
create table {name} as
select row, cast(name[2:] as integer) as place, known(trim(cell, $blanks)) as text
from (
    select row_number() over (order by place) - 1 as row, * exclude (place)
    from (
        -- a row that stands there twice says nothing more, and would hide what names the rows
        select min(place) as place, * exclude (place)
        from (select row_number() over () as place, columns('^(c\d+)$')::varchar as '\1' from wide limit $limit)
        group by all
    )
) unpivot include nulls (cell for name in (columns('^c\d+')))
"""


@dataclass(eq=False, kw_only=True)
class Sample:
    """The first rows of one or more files of the same shape."""

    files: list[Path]
    source: dict[str, str]  # format, delimiter, header … as a mapping writes them
    headers: list[str]  # 1, 2, 3 … where the files have none
    is_cut: bool = False  # there are more rows than are judged,
    are_keys_cut: bool = False  # and more than keys were compared by

    def __post_init__(self) -> None:
        self._connection = connect()
        create_macros(self._connection)
        self._connection.execute("set threads = 1")  # so few rows are not worth the dividing
        self.is_cut = self._read("texts", SAMPLE_ROWS)
        is_text = self.source["format"] in ("csv", "blank_separated")
        self.columns, is_comma = read_values(self._connection, self._named, may_have_comma=is_text)
        self.source |= {"decimal": ","} if is_comma else {}
        self.evidence = Evidence(self._connection, self.columns)

    @property
    def name(self) -> str:
        """The first file's name without its endings."""
        return self.files[0].name.split(".")[0]

    @property
    def repeated_headers(self) -> list[str]:
        """Headers of several columns: no mapping can name them."""
        return sorted(name for name, count in Counter(self.headers).items() if name and count > 1)

    @property
    def _named(self) -> dict[int, str]:
        """Headers that a mapping can name, by place."""
        return {at: name for at, name in enumerate(self.headers) if name and self.headers.count(name) == 1}

    def words(self, column: Column) -> list[str]:
        """The different texts of a column, the commonest first."""
        query = "select text from cells where place = ? and text is not null group by text order by count(*) desc, text"
        return [text for (text,) in self._connection.execute(query, [column.place]).fetchall()]

    def keys(self, column: Column) -> set[str]:
        """Every value of a column that may be a key, else nothing; of the first KEY_ROWS where there are more."""
        return set() if column.is_time or column.has_cents else self._keys.get(column.place, set())

    @cached_property
    def _keys(self) -> dict[int, set[str]]:
        table = "texts"
        if self.is_cut:
            table = "key_texts"
            self.are_keys_cut = self._read(table, KEY_ROWS)
        texts = self._connection.table(table).filter("text is not null")
        return {
            place: set(keys)
            for place, keys in texts.aggregate("place, list(distinct plain_id(text))").fetchall()
        }

    def _read(self, table: str, limit: int) -> bool:
        """Make a table (row, place, text) of the first rows of the files, and say whether there are more."""
        batches: list[pa.RecordBatch] = []
        for batch in chain.from_iterable(
            _batches(file, self.source, self._named, limit) for file in self.files
        ):
            batches.append(batch)
            if sum(map(len, batches)) > limit:
                break
        if not any(map(len, batches)):
            raise SourceError(
                f"{self.name} has no rows", expected="rows below the header", do="export it again"
            )
        wide = pa.Table.from_batches(batches)
        self._connection.register("wide", wide)
        self._connection.execute(_TEXTS.format(name=table), {"blanks": BLANKS, "limit": limit})
        return len(wide) > limit


def sample_files(files: list[Path], left_out: list[str] | None = None) -> list[Sample]:
    """One sample per shape: files with the same format and headers are one source of a mapping.

    Args:
        files: What to read.
        left_out: Where given, a file that cannot be read adds a sentence to it instead of raising.

    Raises:
        UsageError, SourceError: A file is not there, empty or unreadable.
    """
    shapes: dict[str, list[Path]] = {}
    samples: list[Sample] = []
    for file in files:
        if not file.is_file():
            raise UsageError(f"{file} is not there", expected="a file", do="check its name")
        with _leaving_out(file, left_out):
            shapes.setdefault(repr(_describe(file)), []).append(file)
    for group in shapes.values():
        with _leaving_out(group[0], left_out):
            source, headers = _describe(group[0])
            samples.append(Sample(files=group, source=source, headers=headers))
    return samples


@contextmanager
def _leaving_out(file: Path, left_out: list[str] | None) -> Iterator[None]:
    try:
        yield
    except SourceError as error:
        if left_out is None:
            raise
        left_out.append(f"{file.name} is left out: {error.found}")


def _describe(file: Path) -> tuple[dict[str, str], list[str]]:
    """What a mapping says of a file, and its headers.

    Raises:
        SourceError: It is empty, damaged or no table.
    """
    with open_bytes(file) as stream:
        magic = stream.read(4)
    suffix = file.name.lower().removesuffix(".gz").rpartition(".")[2]
    source = {"format": "parquet" if magic == b"PAR1" else _FORMATS.get(suffix, "csv")}
    describe = {"parquet": _parquet, "xlsx": _workbook, "jsonl": _json_lines, "csv": _text}[source["format"]]
    headers = [bare(header) for header in describe(file, source)]
    usable = sum(headers.count(header) == 1 for header in headers if header)
    if usable < (1 if "header" in source else 2):
        raise SourceError(
            f"{file.name} is no table",
            expected="several columns, with a header",
            do="export it as CSV or xlsx",
        )
    return source, headers


# Each of these returns the headers of a file and adds what a mapping must say of it to `source`.


def _text(file: Path, source: dict[str, str]) -> list[str]:
    encoding = find_encoding(file)
    if encoding == "utf-8-sig":
        encoding = find_western_encoding(file) or encoding
    with open_text(file, encoding) as text:
        lines = list(islice(text, _PEEKED))
    if lines and lines[0].lstrip().startswith("{"):
        source["format"] = "jsonl"
        return _json_lines(file, source)
    source |= {} if encoding.startswith("utf") else {"encoding": encoding}
    tables = {mark: _split(lines, mark) for mark in _DELIMITERS}
    delimiter = max(tables, key=lambda mark: _regularity(tables[mark]))
    by_blanks = [cells for line in lines if (cells := line.split())]
    if _regularity(tables[delimiter])[0] == 0 and _regularity(by_blanks)[0] > MOSTLY:
        source["format"] = "blank_separated"
        return _headers(by_blanks, source)
    source["delimiter"] = _DELIMITERS[delimiter]
    return _headers(tables[delimiter], source)


def _split(lines: list[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=delimiter))
    except csv.Error:
        return []


def _regularity(rows: list[list[str]]) -> tuple[float, int]:
    """Share of rows of the usual width, and that width. Of one cell per row it is 0: that delimiter is not there."""
    sizes = Counter(len(row) for row in rows if row)
    width = max(sizes, key=lambda size: (sizes[size], size), default=0)
    return (sizes[width] / len(rows) if width > 1 else 0.0), width


def _headers(rows: list[list[str]], source: dict[str, str]) -> list[str]:
    """The first row that is as wide as most and half filled, unless that looks like data."""
    width = _regularity(rows)[1]
    for number, row in enumerate(rows, start=1):
        cells = [bare(cell) for cell in row]
        if len(row) < width or sum(map(bool, cells)) < 0.5 * width:
            continue
        if not any(map(_LOOKS_LIKE_DATA.fullmatch, cells)):
            source |= {"header_row": str(number)} if number > 1 else {}
            return cells
        if number == 1:
            source["header"] = "none"
            return [str(place + 1) for place in range(width)]
        break
    return rows[0] if rows else []


def _parquet(file: Path, _: dict[str, str]) -> list[str]:
    """Columns that hold one value each: no mapping reads lists and objects of Parquet."""
    try:
        with open_bytes(file) as stream:
            schema = pq.ParquetFile(stream).schema_arrow
    except (OSError, ValueError) as error:
        raise SourceError(f"{file.name} cannot be read as Parquet", do="export it again") from error
    return [field.name for field in schema if not pa.types.is_nested(field.type)]


def _json_lines(file: Path, _: dict[str, str]) -> list[str]:
    """Keys of the first objects; those of objects inside, as a.b."""
    keys: dict[str, None] = {}
    with open_text(file, "utf-8", newline="\n") as text:
        for line in islice(text, SAMPLE_ROWS):
            try:
                keys |= dict.fromkeys(_flat_keys("", json.loads(line)))
            except ValueError:
                continue  # the landing puts it into quarantine
    return [key for key in keys if key]


def _flat_keys(key: str, value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat_keys(f"{key}.{name}" if key else name, inner)
    else:
        yield key


def _workbook(file: Path, source: dict[str, str]) -> list[str]:
    """Of the first sheet with rows."""
    rows: list[list[str]] = []
    with _open_workbook(file) as book:
        for name in book.sheet_names:
            rows = _sheet_rows(book, name, _PEEKED)
            if any(map(any, rows)):
                source |= {"sheet": name} if len(book.sheet_names) > 1 else {}
                break
    return _headers(rows, source)


@contextmanager
def _open_workbook(file: Path) -> Iterator[python_calamine.CalamineWorkbook]:
    with open_bytes(file) as stream:
        content = BytesIO(stream.read())
    try:
        yield python_calamine.CalamineWorkbook.from_filelike(content)
    except (python_calamine.CalamineError, zipfile.BadZipFile) as error:
        raise SourceError(f"{file.name} cannot be read as xlsx: {error}", do="save it again") from error


def _sheet_rows(book: python_calamine.CalamineWorkbook, sheet: str, count: int) -> list[list[str]]:
    """The first rows of a sheet. To make texts of all takes far longer than to unpack them."""
    rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False, nrows=count)
    return [[as_text(cell) for cell in row] for row in rows]


def _batches(
    file: Path, source: dict[str, str], names: dict[int, str], limit: int
) -> Iterator[pa.RecordBatch]:
    """The rows of a file through the readers that a mapping uses; column c0 is the first one of the file."""
    if source["format"] == "xlsx":  # the landing's reader makes texts of a whole sheet
        first = 0 if "header" in source else int(source.get("header_row", "1"))
        with _open_workbook(file) as book:
            rows = _sheet_rows(book, source.get("sheet", book.sheet_names[0]), first + limit + 1)[first:]
        filled = [row for row in rows if any(row)]
        yield pa.RecordBatch.from_pydict({f"c{at}": [row[at] for row in filled] for at in names})
        return
    columns = {f"c{at}": {"from": name, "type": "text", "personal": "none"} for at, name in names.items()}
    described = SourceMapping.model_validate(
        {"name": "draft", "files": file.name, "columns": columns} | source
    )
    with open_source(described, SourceFile(path=file, name=file.name), _CELL_LIMIT) as reading:
        yield from reading.batches
