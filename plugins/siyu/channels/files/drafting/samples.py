"""The first rows of a file as typed columns: format, delimiter, header, numbers, times.

Here: what can be seen in one column by itself. Not here: what a column means.
"""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import python_calamine
from duckdb import ColumnExpression, Expression

from siyu.channels.files.casting import create_macros
from siyu.channels.files.claims import SourceFile
from siyu.channels.files.headers import BLANKS, bare
from siyu.channels.files.mapping import FileFormat, SourceMapping
from siyu.channels.files.reading import open_source
from siyu.channels.files.texts import find_encoding, open_bytes, open_text
from siyu.engine import call, connect
from siyu.errors import SourceError, UsageError

SAMPLE_ROWS = 5_000  # what columns are judged by
KEY_ROWS = 200_000  # what is read to find keys that several files share
_PEEKED_LINES = 60
_CELL_LIMIT = 1_000_000
_MOSTLY = 0.95  # share of values that must fit before a column is of a type
_FORMATS: dict[str, FileFormat] = {
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_DELIMITERS = {",": ",", "\t": "tab", ";": ";", "|": "|"}

_DAY, _CLOCK = r"\d{1,2}", r"[T ]\d{1,2}:\d{2}"
_DATES = (
    ("%Y/%m/%d", r"\d{4}/\d{1,2}/\d{1,2}"),
    ("%Y.%m.%d", r"\d{4}\.\d{1,2}\.\d{1,2}"),
    ("%Y年%m月%d日", r"\d{4}年\d{1,2}月\d{1,2}日"),
    ("%Y%m%d", r"(19|20)\d{6}"),
    ("%d.%m.%Y", r"\d{1,2}\.\d{1,2}\.\d{4}"),
    ("%d/%m/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
    ("%m/%d/%Y", r"\d{1,2}/\d{1,2}/\d{4}"),
    ("%d-%m-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
    ("%m-%d-%Y", r"\d{1,2}-\d{1,2}-\d{4}"),
    ("%d.%m.%y", r"\d{1,2}\.\d{1,2}\.\d{2}"),
    ("%d/%m/%y", r"\d{1,2}/\d{1,2}/\d{2}"),
    ("%m/%d/%y", r"\d{1,2}/\d{1,2}/\d{2}"),
    ("%d-%b-%Y", r"\d{1,2}-[A-Za-z]{3}-\d{4}"),
    ("%d-%b-%y", r"\d{1,2}-[A-Za-z]{3}-\d{2}"),
    ("%d %b %Y", r"\d{1,2} [A-Za-z]{3} \d{4}"),
    ("%b %d, %Y", r"[A-Za-z]{3} \d{1,2}, \d{4}"),
    ("%B %d, %Y", r"[A-Za-z]{4,} \d{1,2}, \d{4}"),
)
_CLOCKS = (
    ("", ""),
    (" %H:%M:%S", r" \d{1,2}:\d{2}:\d{2}"),
    (" %H:%M", r" \d{1,2}:\d{2}"),
    (" %I:%M:%S %p", r" \d{1,2}:\d{2}:\d{2} [AaPp][Mm]"),
    (" %I:%M %p", r" \d{1,2}:\d{2} [AaPp][Mm]"),
)
_ISO = r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?([zZ]|[+-]\d{2}:?\d{2}))?)?"
_EPOCHS = (("epoch_milliseconds", r"1\d{12}(\.0)?"), ("epoch_seconds", r"1\d{9}(\.0)?"))
_TIME_FORMATS = [
    (name, re.compile(shape))
    for name, shape in (
        ("iso", _ISO),
        *((date + clock, shape + tail) for date, shape in _DATES for clock, tail in _CLOCKS),
        ("%Y%m%d%H%M%S", r"(19|20)\d{12}"),
        *_EPOCHS,
    )
]
# An epoch is believed within these years only; a running number of ten digits would be one too.
_EPOCH_YEARS = range(2005, 2040)

_TIME_OF_DAY = re.compile(r"\d{1,2}:\d{2}(:\d{2})?( ?[AaPp][Mm])?")
_PHONE = re.compile(r"(\+?86[- ]?)?1[3-9]\d[\d*]{4}\d{4}|\+\d{1,3}[ \d()/-]{7,16}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w+")
_CHINESE_NAME = re.compile("[\u4e00-\u9fff]{2,4}")
_SIGNS = {"¥": "CNY", "￥": "CNY", "元": "CNY", "£": "GBP", "€": "EUR", "$": "USD"}
_LOOKS_LIKE_DATA = re.compile(r"[-+]?[¥￥$£€]?\s*\d[\d.,]*\s*[元€]?|.*\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*")


@dataclass(eq=False, kw_only=True)
class Column:
    """One column of a sample, by row: its texts, and what they are as numbers and as times. None: empty, or not one."""

    place: int
    header: str
    texts: list[str | None]
    numbers: list[float | None] = field(default_factory=list)
    moments: list[datetime | None] = field(default_factory=list)
    format: str = ""  # of its times
    other_formats: tuple[str, ...] = ()  # that fit as well

    @cached_property
    def filled(self) -> list[str]:
        """Its values, without the empty ones."""
        return [text for text in self.texts if text is not None]

    @cached_property
    def counts(self) -> Counter[str]:
        """How often each value stands there."""
        return Counter(self.filled)

    @property
    def filled_share(self) -> float:
        """Share of rows with a value; 0 where there are no rows."""
        return len(self.filled) / max(len(self.texts), 1)

    @property
    def distinct_share(self) -> float:
        """Different values per value; 1: no value repeats."""
        return len(self.counts) / max(len(self.filled), 1)

    @property
    def is_time(self) -> bool:
        """Whether its values are dates or times."""
        return bool(self.format)

    @property
    def is_clock(self) -> bool:
        """Whether its values are times of a day, without a date."""
        return bool(self.counts) and all(_TIME_OF_DAY.fullmatch(text) for text in islice(self.counts, 50))

    @cached_property
    def is_number(self) -> bool:
        """Whether its values are numbers, and none of them a code with leading zeros."""
        known = sum(number is not None for number in self.numbers)
        is_code = any(re.match(r"0\d", text) for text in self.filled)
        return bool(self.filled) and not is_code and known >= _MOSTLY * len(self.filled)

    @cached_property
    def is_integer(self) -> bool:
        """Whether its values are numbers without a fraction."""
        return self.is_number and all(number.is_integer() for number in self.numbers if number is not None)

    @cached_property
    def has_cents(self) -> bool:
        """Whether its values are written like money: a sign of a currency, or places after the point."""
        cents = re.compile(r"[.,]\d\d(\s*[元€])?$" if self.is_integer else r"[.,]\d{1,2}(\s*[元€])?$")
        places = sum(bool(cents.search(text)) for text in self.filled)
        return self.is_number and (self.currency != "" or places > 0.5 * len(self.filled))

    @cached_property
    def currency(self) -> str:
        """Currency of the sign beside its numbers; empty where there is none."""
        signs = Counter(
            _SIGNS[letter] for text in self.filled if self.is_number for letter in text if letter in _SIGNS
        )
        return signs.most_common(1)[0][0] if signs else ""

    @cached_property
    def looks_like(self) -> str:
        """phone, email or full_name where most values have that shape; else empty."""
        shapes = (("phone", _PHONE), ("email", _EMAIL), ("full_name", _CHINESE_NAME))
        for name, shape in shapes:
            fitting = sum(bool(shape.fullmatch(text)) for text in self.filled)
            if fitting > 0.8 * len(self.filled) and (name != "full_name" or len(self.counts) > 40):
                return name
        return ""


@dataclass(eq=False, kw_only=True)
class Sample:
    """The first rows of one or more files of the same shape."""

    files: list[Path]
    source: dict[str, str]  # format, delimiter, header … as a mapping writes them
    columns: list[Column]
    repeated_headers: list[str]  # of several columns: no mapping can name them
    keys: dict[
        int, set[str]
    ]  # by place: every value of the columns that may be keys; empty for a single shape

    @property
    def name(self) -> str:
        """The first file's name without its endings."""
        return self.files[0].name.split(".")[0]

    @property
    def rows(self) -> int:
        """Rows in the sample."""
        return len(self.columns[0].texts) if self.columns else 0


def sample_files(files: list[Path], left_out: list[str] | None = None) -> list[Sample]:
    """One sample per shape: files with the same format and headers are one source of a mapping.

    Args:
        files: What to read.
        left_out: Where given, a file that cannot be read adds a sentence to it instead of raising.

    Raises:
        UsageError, SourceError: A file is not there, empty or unreadable.
    """
    shapes: dict[tuple[object, ...], list[Path]] = {}
    sniffed: dict[Path, tuple[dict[str, str], list[str]]] = {}
    samples: list[Sample] = []
    for file in files:
        if not file.is_file():
            raise UsageError(f"{file} is not there", expected="a file", do="check its name")
        with _leaving_out(file, left_out):
            source, headers = sniffed[file] = _sniff(file)
            shapes.setdefault((*source.items(), *headers), []).append(file)
    with connect() as connection:
        create_macros(connection)
        for group in shapes.values():
            with _leaving_out(group[0], left_out):
                samples.append(_sample(connection, group, *sniffed[group[0]], with_keys=len(shapes) > 1))
    return samples


@contextmanager
def _leaving_out(file: Path, left_out: list[str] | None) -> Iterator[None]:
    try:
        yield
    except SourceError as error:
        if left_out is None:
            raise
        left_out.append(f"{file.name} is left out: {error.found}")


def _sniff(file: Path) -> tuple[dict[str, str], list[str]]:
    """How a mapping describes the file, and its headers (1, 2, 3 … where it has none)."""
    suffixes = [suffix.lower() for suffix in file.suffixes if suffix.lower() != ".gz"]
    with open_bytes(file) as stream:
        head = stream.read(4)
    format_ = "parquet" if head == b"PAR1" else _FORMATS.get(suffixes[-1] if suffixes else "", "csv")
    match format_:
        case "parquet":
            return {"format": format_}, _parquet_headers(file)
        case "xlsx":
            return _sniff_workbook(file)
        case "jsonl":
            return {"format": format_}, _json_keys(file)
        case _:
            return _sniff_text(file)


def _sniff_text(file: Path) -> tuple[dict[str, str], list[str]]:
    encoding = find_encoding(file)
    with open_text(file, encoding) as text:
        lines = list(islice(text, _PEEKED_LINES))
    if lines and lines[0].lstrip().startswith("{"):
        return {"format": "jsonl"}, _json_keys(file)
    found: dict[str, str] = {"format": "csv"}
    if encoding == "gb18030":
        found["encoding"] = encoding
    tables = {delimiter: _table(csv.reader(lines, delimiter=delimiter)) for delimiter in _DELIMITERS}
    delimiter = max(tables, key=lambda one: (_regularity(tables[one]), _width(tables[one])))
    rows = tables[delimiter]
    blank = [cells for cells in (line.split() for line in lines) if cells]
    if _width(rows) == 1 and _regularity(blank) > _MOSTLY:
        found["format"], rows = "blank_separated", blank
    else:
        found["delimiter"] = _DELIMITERS[delimiter]
    return found | (told := _header_place(rows)), _headers(rows, told)


def _table(rows: Iterable[list[str]]) -> list[list[str]]:
    try:
        return list(rows)
    except csv.Error:
        return []


def _width(rows: list[list[str]]) -> int:
    """How many cells most rows have."""
    sizes = Counter(len(row) for row in rows if row)
    return max(sizes, key=lambda size: (sizes[size], size)) if sizes else 0


def _regularity(rows: list[list[str]]) -> float:
    """Share of rows of the usual width; 0 for one cell per row: that delimiter is not in the file."""
    width = _width(rows)
    return sum(len(row) == width for row in rows) / len(rows) if width > 1 else 0.0


def _header_place(rows: list[list[str]]) -> dict[str, str]:
    """Where the header stands, as a mapping says it: nothing for the first row."""
    width = _width(rows)
    for number, row in enumerate(rows, start=1):
        if len(row) < width or sum(bool(bare(cell)) for cell in row) < 0.5 * width:
            continue
        if any(_LOOKS_LIKE_DATA.fullmatch(bare(cell)) for cell in row):
            return {"header": "none"} if number == 1 else {}
        return {} if number == 1 else {"header_row": str(number)}
    return {}


def _headers(rows: list[list[str]], told: dict[str, str]) -> list[str]:
    if "header" in told:
        return [str(number + 1) for number in range(_width(rows))]
    first = int(told.get("header_row", "1")) - 1
    return rows[first] if first < len(rows) else []


def _parquet_headers(file: Path) -> list[str]:
    """Names of the columns that hold one value each: no mapping reads lists and objects of Parquet."""
    try:
        with open_bytes(file) as stream:
            return [
                field.name
                for field in pq.ParquetFile(stream).schema_arrow
                if not pa.types.is_nested(field.type)
            ]
    except (OSError, ValueError) as error:
        raise SourceError(f"{file.name} cannot be read as Parquet", do="export it again") from error


def _sniff_workbook(file: Path) -> tuple[dict[str, str], list[str]]:
    with open_bytes(file) as stream:
        content = stream.read()
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(BytesIO(content))
        filled = [name for name in book.sheet_names if book.get_sheet_by_name(name).height]
        sheet = book.get_sheet_by_name((filled or book.sheet_names)[0])
        cells = sheet.to_python(skip_empty_area=False)[:_PEEKED_LINES]
    except python_calamine.CalamineError as error:
        raise SourceError(f"{file.name} cannot be read as xlsx: {error}", do="save it again") from error
    rows = [[str(cell) for cell in row] for row in cells]
    told = _header_place(rows)
    found = {"format": "xlsx"} | ({"sheet": filled[0]} if len(filled) > 1 else {})
    return found | told, _headers(rows, told)


def _json_keys(file: Path) -> list[str]:
    """Keys of the first objects; those of objects inside, as a.b."""
    keys: dict[str, None] = {}
    with open_text(file, "utf-8", newline="\n") as text:
        for line in islice(text, SAMPLE_ROWS):
            try:
                record = json.loads(line) if line.strip().startswith("{") else {}
            except ValueError:
                continue  # the landing puts it into quarantine
            keys |= dict.fromkeys(_flat_keys(record))
    return list(keys)


def _flat_keys(record: dict[str, Any]) -> Iterator[str]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from (f"{key}.{inner}" for inner in _flat_keys(value))
        else:
            yield key


def _sample(
    connection: duckdb.DuckDBPyConnection,
    files: list[Path],
    source: dict[str, str],
    headers: list[str],
    *,
    with_keys: bool,
) -> Sample:
    names = [bare(header) for header in headers]
    places = [place for place, name in enumerate(names) if name and names.count(name) == 1]
    if len(places) < 1 + ("header" not in source):
        raise SourceError(
            f"{files[0].name} is no table",
            expected="several columns, with a header",
            do="export it as CSV or xlsx",
        )
    limit = KEY_ROWS if with_keys else SAMPLE_ROWS
    batches = [batch for file in files for batch in _batches(file, source, names, places, limit)]
    if not batches:
        raise SourceError(
            f"{files[0].name} has no rows", expected="rows below the header", do="export it again"
        )
    rows = connection.from_arrow(pa.Table.from_batches(batches)).select(
        *(_known(f"c{place}") for place in places)
    )
    texts = zip(*rows.limit(SAMPLE_ROWS).fetchall(), strict=True)
    columns = [
        Column(place=place, header=names[place], texts=list(values))
        for place, values in zip(places, texts, strict=True)
    ]
    _read_times(connection, columns)
    if _read_numbers(connection, columns, source):
        source["decimal"] = ","
    may_be_keys = [column for column in columns if with_keys and not column.is_time and not column.has_cents]
    return Sample(
        files=files,
        source=source,
        columns=columns,
        repeated_headers=sorted({name for name in names if name and names.count(name) > 1}),
        keys={
            column.place: {
                str(value).removesuffix(".0")
                for (value,) in rows.select(f"c{column.place}").distinct().fetchall()
                if value
            }
            for column in may_be_keys
        },
    )


def _batches(
    file: Path, source: dict[str, str], names: list[str], places: list[int], limit: int
) -> Iterator[pa.RecordBatch]:
    """The first rows of a file through the readers that a mapping uses; column c0 is the first one of the file."""
    described = SourceMapping.model_validate(
        source
        | {
            "name": "draft",
            "files": file.name,
            "columns": {f"c{at}": {"from": names[at], "type": "text", "personal": "none"} for at in places},
        }
    )
    read = 0
    with open_source(described, SourceFile(path=file, name=file.name), _CELL_LIMIT) as reading:
        for batch in reading.batches:
            yield batch.slice(0, limit - read)
            read += batch.num_rows
            if read >= limit:
                return


def _known(name: str) -> Expression:
    return call("known", call("trim", ColumnExpression(name).cast("varchar"), BLANKS)).alias(name)


def _values(
    connection: duckdb.DuckDBPyConnection, texts: Iterable[str], *values: Expression
) -> dict[str, tuple[Any, ...]]:
    """Expressions over the column `text`, for each of the texts."""
    table = pa.table({"text": pa.array(list(texts), pa.string())})
    rows = connection.from_arrow(table).select("text", *values).fetchall()
    return {text: tuple(found) for text, *found in rows}


def _read_numbers(
    connection: duckdb.DuckDBPyConnection, columns: list[Column], source: dict[str, str]
) -> bool:
    """Numbers of every column, with the decimal sign that more columns speak for. True where it is the comma."""
    text = ColumnExpression("text")
    macros = (
        call("as_decimal", call(name, text)).cast("double") for name in ("number_text", "number_text_comma")
    )
    distinct = {value for column in columns for value in column.counts}
    read = _values(connection, distinct, *(number.alias(f"n{at}") for at, number in enumerate(macros)))
    votes = 0
    for column in columns:
        by_point, by_comma = (
            sum(count for value, count in column.counts.items() if read[value][at] is not None)
            for at in (0, 1)
        )
        needed = _MOSTLY * len(column.filled)
        if not column.is_time and column.filled and (by_point >= needed) != (by_comma >= needed):
            votes += 1 if by_comma >= needed else -1
    is_comma = votes > 0 and source["format"] in ("csv", "blank_separated")
    for column in columns:
        column.numbers = [None if value is None else read[value][is_comma] for value in column.texts]
    return is_comma


def _count(values: list[Any]) -> int:
    return sum(value is not None for value in values)


def _read_times(connection: duckdb.DuckDBPyConnection, columns: list[Column]) -> None:
    for column in columns:
        few = list(islice(column.counts, 50))
        fits = [
            name
            for name, shape in _TIME_FORMATS
            if few and sum(map(bool, map(shape.fullmatch, few))) >= 0.9 * len(few)
        ]
        if not fits:
            continue
        values = _values(
            connection, column.counts, *(_moment(name).alias(f"m{at}") for at, name in enumerate(fits))
        )
        read = {
            name: [None if text is None else values[text][at] for text in column.texts]
            for at, name in enumerate(fits)
        }
        good = {
            name: moments
            for name, moments in read.items()
            if _count(moments) >= _MOSTLY * len(column.filled) and _is_believable(name, moments)
        }
        if good:
            # 03/04/2026: the format that fits more values, then the one that puts them closer together
            names = sorted(good, key=lambda name: (-_count(good[name]), _span(good[name])))
            column.format, *others = names
            column.other_formats = tuple(n for n in others if _count(good[n]) == _count(good[column.format]))
            column.moments = good[column.format]


def _moment(format_: str) -> Expression:
    text = ColumnExpression("text")
    match format_:
        case "iso":
            return call("iso_utc", text, "UTC")
        case "epoch_seconds":
            return call("epoch_utc", text, 1_000_000)
        case "epoch_milliseconds":
            return call("epoch_utc", text, 1_000)
        case _:
            return call("plausible", call("try_strptime", text, format_))


def _is_believable(format_: str, moments: list[datetime | None]) -> bool:
    known = [moment for moment in moments if moment is not None]
    if format_.startswith("epoch"):
        return all(moment.year in _EPOCH_YEARS for moment in known) and _span(moments) > 86_400
    return True


def _span(moments: list[datetime | None]) -> float:
    known = [moment for moment in moments if moment is not None]
    return (max(known) - min(known)).total_seconds() if known else 0.0
