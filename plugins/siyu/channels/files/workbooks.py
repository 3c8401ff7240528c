"""A sheet of an xlsx workbook as rows of text. A formula is no value: its row is refused where the mapping reads it."""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import python_calamine

from siyu.channels.files.headers import bare
from siyu.channels.files.mapping import SourceMapping
from siyu.channels.files.rows import BLOCK_ROWS, Cells, Row, Unreadable
from siyu.errors import SourceError

_FORMULA = re.compile(rb"<(\w+:)?f[\s/>]")
_CHUNK = 1 << 20
_EXACT_FLOAT = 1e15  # digits that a spreadsheet keeps


class Sheet:
    """The rows of one sheet, from its header row on.

    Raises:
        SourceError: It is no workbook, the sheet is not there or empty, or there are several and none is named.
    """

    def __init__(self, source: SourceMapping, file_name: str, content: bytes) -> None:
        self._source = source
        self._content = content
        try:
            workbook = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
            self.name = _sheet_name(source, file_name, workbook)
            rows = workbook.get_sheet_by_name(self.name).to_python(skip_empty_area=False)
        except (python_calamine.CalamineError, zipfile.BadZipFile) as error:
            raise SourceError(
                f"{file_name} cannot be read as an xlsx workbook: {error}",
                expected="a workbook without a password",
                do="save it again as .xlsx",
            ) from error
        self.rows: list[Cells] = [[as_text(cell) for cell in row] for row in rows[source.header_row - 1 :]]
        if not any(any(row) for row in self.rows):
            raise SourceError(f"sheet {self.name!r} of {file_name} is empty", expected="a header and rows")

    def blocks(self, positions: dict[str, int | None], first: int) -> Iterator[list[Row]]:
        """Blocks of rows from index `first` on; rows without any value are no records."""
        formulas = self._formulas()
        mapped = {position: key for key, position in positions.items() if position is not None}
        block: list[Row] = []
        for index, row in enumerate(self.rows[first:], start=first + self._source.header_row):
            key = next((mapped[column] for column in formulas.get(index, ()) if column in mapped), None)
            if key is not None:
                block.append(Unreadable("formula", str(list(row)), key))
            elif any(bare(cell) for cell in row):
                block.append(row)
            if len(block) == BLOCK_ROWS:
                yield block
                block = []
        yield block

    def _formulas(self) -> dict[int, list[int]]:
        """Positions of formulas: 0-based columns by 1-based row. Workbooks without any are not parsed again."""
        with zipfile.ZipFile(io.BytesIO(self._content)) as archive:
            sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
            if not any(_has_formula(archive, name) for name in sheets):
                return {}
        workbook = openpyxl.load_workbook(io.BytesIO(self._content), read_only=True)
        found: dict[int, list[int]] = {}
        for row in workbook[self.name].iter_rows():
            for cell in row:
                if getattr(cell, "data_type", None) == "f" and cell.row and cell.column:
                    found.setdefault(cell.row, []).append(cell.column - 1)
        workbook.close()
        return found


def _sheet_name(source: SourceMapping, file_name: str, workbook: Any) -> str:
    names: list[str] = workbook.sheet_names
    if source.sheet is not None:
        if source.sheet not in names:
            raise SourceError(
                f"{file_name} has no sheet {source.sheet!r}", expected=f"one of {', '.join(names)}"
            )
        return source.sheet
    filled = [name for name in names if workbook.get_sheet_by_name(name).height]
    if len(filled) > 1:
        raise SourceError(
            f"{file_name} has {len(filled)} sheets: {', '.join(filled)}",
            expected="one, or `sheet:` in the mapping",
            do=f"say `sheet: {filled[0]}` in source {source.name}",
        )
    return filled[0] if filled else names[0]


def _has_formula(archive: zipfile.ZipFile, name: str) -> bool:
    with archive.open(name) as part:
        tail = b""
        while chunk := part.read(_CHUNK):
            if _FORMULA.search(tail + chunk):
                return True
            tail = chunk[-16:]
    return False


def as_text(cell: Any) -> str:  # noqa: PLR0911 - one return per type
    """A cell as the text that the landing reads."""
    match cell:
        case str():
            return cell
        case bool():
            return "true" if cell else "false"
        case float() if cell.is_integer() and abs(cell) < _EXACT_FLOAT:
            return str(int(cell))  # a spreadsheet knows no integers: 3 is kept as 3.0
        case datetime():
            return cell.isoformat(sep=" ")
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
        case _:
            return repr(cell)
