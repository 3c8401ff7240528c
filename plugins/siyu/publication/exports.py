"""Write a published table as CSV or XLSX, for people with a spreadsheet.

Here: whose rows may leave for what, and how rows become cells that no spreadsheet takes for a formula. Not here: which
tables there are (manifest), what a person has consented to (the mart member_consent).

A spreadsheet runs a cell that starts like a formula, and what a customer or a shop typed can start so. In CSV such
text gets an apostrophe in front; in XLSX it is typed as text. Numbers are never changed: a negative amount stays one.
"""

import csv
import math
import os
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from siyu.engine import connect
from siyu.errors import DamagedFileError, EnvironmentFaultError, UsageError
from siyu.publication.manifest import Table, read_manifest
from siyu.publication.records import publication_folder, standing_publication
from siyu.settings import Home, load_settings
from siyu.storage import inside, sha256_of, written_whole

ANALYSIS = "analysis"  # the purpose for which nobody is contacted
CONSENTS = "member_consent"
XLSX_ROWS = 1_048_576  # of a sheet, its header among them
XLSX_CELL = 32_767  # characters of a cell
_ROWS_AT_ONCE = 5_000
_FIRST_DATE_OF_EXCEL = date(1900, 3, 1)  # Excel counts a 29 February 1900, so earlier serials are a day off

_STARTS = frozenset("=+-@\N{MINUS SIGN}")
_UNSEEN = frozenset({"Zs", "Zl", "Zp", "Cc", "Cf"})  # Unicode's spaces, controls and formatting characters
_CELL_ENDS = re.compile(r"([;\t\r\n])")
# What XML cannot hold, and text that Excel would take for the escape of such a character (ECMA-376, ST_Xstring).
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")

Cell = str | int | float | bool | Decimal | date | datetime | None
_Rows = Iterator[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What was written."""

    model: str
    publication: int
    rows: int
    left_out: int  # rows of persons who have not consented
    file: Path


def export_table(
    home: Home,
    model: str,
    file: Path,
    *,
    purpose: str | None = None,
    contact_channel: str | None = None,
    publication_id: int | None = None,
    force: bool = False,
) -> Exported:
    """Write one published table to `file`, whose ending says how: `.csv` or `.xlsx`.

    The file appears whole and is private to its owner. Timestamps are UTC; null is an empty cell.

    Args:
        home: Where the publications are.
        model: Name of a published table.
        file: What to write; its folder must exist.
        purpose: What rows about persons leave for; not needed where a table has none. `analysis` takes all rows: nobody
            is contacted. Any other takes those of persons who consent to it today, as the current publication's
            member_consent says, whichever publication is exported.
        contact_channel: How they will be contacted, where that is the purpose.
        publication_id: None takes the current publication.
        force: Replace an existing file.

    Raises:
        UsageError: No such publication, table, ending or folder; the file exists; the rows or a text do not fit
            a sheet; rows about persons without a purpose. Nothing has been written.
        DamagedFileError: The publication's bytes are not those that were published. Nothing has been written.
        EnvironmentFaultError: The file could not be written; what was there before stands.
    """
    write = _WRITERS.get(file.suffix.lower())
    if write is None:
        raise UsageError(
            f"{file.name} ends with {file.suffix!r}", expected="a name ending with .csv or .xlsx"
        )
    if not file.parent.is_dir() or file.is_dir():
        raise UsageError(f"{file} cannot be written", expected="a file name in a folder that is there")
    if os.path.lexists(file) and not force:
        raise UsageError(f"{file} is there already", do="choose another name, or --force to replace it")
    found_id, folder = _publication(home, publication_id)
    table = _table(folder, model)
    _check_purpose(table, model, purpose, contact_channel)
    try:
        with connect(settings=load_settings(home)) as connection:
            rows = _rows_of(connection, folder, table)
            if contact_channel is not None:
                consented = _consented(connection, home, str(purpose), contact_channel)
                rows = rows.join(consented, "brand_code, member_id", how="semi")
            (count,) = rows.count("*").fetchone() or (0,)
            if file.suffix.lower() == ".xlsx" and count >= XLSX_ROWS:
                raise UsageError(
                    f"{model} has {count:,} rows",
                    expected=f"at most {XLSX_ROWS - 1:,}, which is what a sheet holds below its header",
                    do="export it as .csv",
                )
            if contact_channel is not None:  # a join keeps no order
                rows = rows.sort(*map(duckdb.ColumnExpression, table.primary_key))
            with written_whole(file) as staged:
                write(staged, model, rows)
    except (OSError, duckdb.Error) as error:
        raise EnvironmentFaultError(
            f"{file} could not be written ({type(error).__name__})", do="look at the disk and its permissions"
        ) from error
    return Exported(model=model, publication=found_id, rows=count, left_out=table.rows - count, file=file)


def _check_purpose(table: Table, model: str, purpose: str | None, contact_channel: str | None) -> None:
    """UsageError unless the purpose says whose rows may leave."""
    columns = set(table.columns)
    if purpose is None and any(name.endswith("member_id") for name in columns):
        raise UsageError(
            f"{model} has rows about persons",
            expected="what they leave for",
            do=f"add --for {ANALYSIS}, or --for marketing --via sms (who has consented to that)",
        )
    if (contact_channel is None) != (purpose in (None, ANALYSIS)):
        raise UsageError(
            f"--for {purpose or 'nothing'} with --via {contact_channel or 'nothing'}",
            expected=f"--for {ANALYSIS} alone, or another purpose with the way of contact",
            do="say for instance --for marketing --via sms",
        )
    if contact_channel is not None and not columns >= {"brand_code", "member_id"}:
        raise UsageError(
            f"{model} does not say of each row whose it is and which brand's",
            expected="a table with brand_code and member_id, e.g. member_360",
        )


def _consented(
    connection: duckdb.DuckDBPyConnection, home: Home, purpose: str, contact_channel: str
) -> duckdb.DuckDBPyRelation:
    """Brands and persons that consent today, one row each."""
    folder = standing_publication(home).folder
    consents = _rows_of(connection, folder, _table(folder, CONSENTS))
    known = set(consents.select("purpose", "contact_channel").distinct().fetchall())
    if (purpose, contact_channel) not in known:
        raise UsageError(
            f"nobody has said anything of {purpose} by {contact_channel}",
            expected=" or ".join(f"--for {said} --via {way}" for said, way in sorted(known))
            or "consents, which no source of this home gives",
            do="land the consents first: docs/how-to/record-consent.md",
        )
    is_asked = (duckdb.ColumnExpression("purpose") == duckdb.ConstantExpression(purpose)) & (
        duckdb.ColumnExpression("contact_channel") == duckdb.ConstantExpression(contact_channel)
    )
    return consents.filter(is_asked & duckdb.ColumnExpression("is_consented")).select(
        "brand_code", "member_id"
    )


def _rows_of(connection: duckdb.DuckDBPyConnection, folder: Path, table: Table) -> duckdb.DuckDBPyRelation:
    parquet = inside(folder, table.file)
    if not parquet.is_file() or sha256_of(parquet) != table.sha256:
        raise DamagedFileError(
            f"{parquet} is not what was published", expected=table.sha256, do="export another publication"
        )
    return connection.read_parquet(os.fspath(parquet))


def could_be_a_formula(text: str) -> bool:
    """Whether a spreadsheet might run this cell: it starts with = + - @, or a control, as far as a person can see.

    Spaces of any kind, invisible characters and full-width or small forms in front or instead count as well.
    """
    if text and unicodedata.category(text[0]) == "Cc":
        return True
    seen = next((sign for sign in text if unicodedata.category(sign) not in _UNSEEN), "")
    return unicodedata.normalize("NFKC", seen)[:1] in _STARTS if seen else False


def defused(text: str) -> str:
    """Text for a CSV: an apostrophe before all that could be a formula.

    Also after a semicolon, tab or line break inside: where a spreadsheet separates by those, a cell starts there.
    """
    parts = _CELL_ENDS.split(text)  # text, separator, text, …
    parts[::2] = ["'" + part if could_be_a_formula(part) else part for part in parts[::2]]
    safe = "".join(parts)
    return "'" + safe if could_be_a_formula(safe) else safe


def _publication(home: Home, publication_id: int | None) -> tuple[int, Path]:
    if publication_id is None:
        current = standing_publication(home)
        return current.id, current.folder
    folder = publication_folder(home, publication_id)
    if publication_id < 1 or not folder.is_dir():
        raise UsageError(
            f"publication {publication_id} is not in {home}",
            expected="a publication whose files are kept",
            do="siyu status --details lists them",
        )
    return publication_id, folder


def _table(folder: Path, model: str) -> Table:
    models = read_manifest(folder).models
    if model not in models:
        raise UsageError(f"no table {model!r} is published", expected=f"one of {', '.join(sorted(models))}")
    return models[model]


def _batches(rows: duckdb.DuckDBPyRelation) -> _Rows:
    while batch := rows.fetchmany(_ROWS_AT_ONCE):
        yield from batch


def _cell(value: Any) -> Cell:
    """A value of DuckDB as a cell: lists joined, moments in UTC, numbers that are none as text."""
    if isinstance(value, list):
        return "; ".join("" if item is None else str(item) for item in value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value  # type: ignore[no-any-return]


def _write_csv(staged: Path, _: str, rows: duckdb.DuckDBPyRelation) -> None:
    """UTF-8 with a byte order mark, by which Excel knows it, comma-separated, all text quoted."""
    with staged.open("w", encoding="utf-8-sig", newline="") as output:
        writer = csv.writer(output, quoting=csv.QUOTE_NONNUMERIC)
        writer.writerow([defused(name) for name in rows.columns])
        for row in _batches(rows):
            writer.writerow([_csv_cell(_cell(value)) for value in row])


def _csv_cell(value: Cell) -> str | int | float | Decimal | None:
    match value:
        case str():
            return defused(value)
        case bool():
            return str(value).upper()
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case _:
            return value


def _write_xlsx(staged: Path, model: str, rows: duckdb.DuckDBPyRelation) -> None:
    """One sheet, its header frozen; every text is typed as text."""
    from openpyxl import Workbook  # takes a quarter of a second that other commands need not wait
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title=model[:31])
    sheet.freeze_panes = "A2"
    formats = [_number_format(str(type_)) for type_ in rows.types]

    def cell(value: Cell, number_format: str) -> Any:
        made = WriteOnlyCell(sheet)
        if isinstance(value, str):
            made.value = _xlsx_text(value)
            made.data_type = "s"  # openpyxl takes what starts with "=" for a formula
            made.quotePrefix = could_be_a_formula(value)  # so that it stays text when a person edits the cell
        else:
            made.value = value
            made.number_format = number_format
        return made

    try:
        sheet.append([cell(name, "General") for name in rows.columns])
        for row in _batches(rows):
            sheet.append(
                [
                    cell(_in_excel(_cell(value)), form) if value is not None else None
                    for value, form in zip(row, formats, strict=True)
                ]
            )
    finally:
        sheet.close()  # else openpyxl writes to a closed file when it is collected, and says so
    book.save(staged)


def _number_format(type_: str) -> str:
    if places := re.fullmatch(r"DECIMAL\(\d+,(\d+)\)", type_):
        return "0" + ("." + "0" * int(places[1]) if int(places[1]) else "")
    return {"DATE": "yyyy-mm-dd"}.get(
        type_, "yyyy-mm-dd hh:mm:ss" if type_.startswith("TIMESTAMP") else "General"
    )


def _in_excel(value: Cell) -> Cell:
    """Dates that Excel has no serial for become ISO text."""
    if isinstance(value, datetime):
        return value if value.date() >= _FIRST_DATE_OF_EXCEL else value.isoformat(sep=" ")
    if isinstance(value, date) and value < _FIRST_DATE_OF_EXCEL:
        return value.isoformat()
    return value


def _xlsx_text(text: str) -> str:
    escaped = _NOT_IN_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    if len(escaped) > XLSX_CELL:
        raise UsageError(
            f"a text of {len(text):,} characters",
            expected=f"at most {XLSX_CELL:,} in a cell of Excel",
            do="export the table as .csv",
        )
    return escaped


_WRITERS: dict[str, Callable[[Path, str, duckdb.DuckDBPyRelation], None]] = {
    ".csv": _write_csv,
    ".xlsx": _write_xlsx,
}
