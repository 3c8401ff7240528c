"""Rows of text to Arrow batches, record by record: what cannot be taken apart keeps its place and gets a reason."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from siyu.channels.files.casting import ROW_TEXT, SOURCE_ROW, UNREAD

BLOCK_ROWS = 20_000
Cells = Sequence[str | None]


@dataclass(frozen=True)
class Unreadable:
    """A record that could not be taken apart; `text` is what was there."""

    reason: str
    text: str
    column: str = ""

    def __len__(self) -> int:
        return 0


Row = Cells | Unreadable


def schema_of(columns: dict[str, pa.DataType]) -> pa.Schema:
    """Columns of a batch: row number, reason and text of an unreadable record, then the columns of the mapping."""
    own = {SOURCE_ROW: pa.int64(), UNREAD: pa.string(), ROW_TEXT: pa.string()}
    return pa.schema(list((own | columns).items()))


class Assembler:
    """Makes batches of blocks of rows and counts them.

    Args:
        positions: Where the cells of each key stand; None for an optional column that the file does not have.
        width: How many cells a record has.
        cell_limit: Longer cells are cut in the text of an unreadable record.
    """

    def __init__(self, positions: dict[str, int | None], width: int, cell_limit: int) -> None:
        self._positions = positions
        self._width = width
        self._cell_limit = cell_limit
        self.schema = schema_of(dict.fromkeys(positions, pa.large_string()))
        self.rows_read = 0

    def batches(self, blocks: Iterator[list[Row]]) -> Iterator[pa.RecordBatch]:
        """One batch per block; blank lines are no records."""
        for block in blocks:
            if set(map(len, block)) == {self._width}:
                rows: list[Row] = block
            else:
                rows = [self._shaped(row) for row in block if not _is_blank(row)]
            if rows:
                yield self._batch(rows)

    def _shaped(self, row: Row) -> Row:
        if isinstance(row, Unreadable):
            return Unreadable(row.reason, row.text[: self._cell_limit], row.column)
        if len(row) > self._width and not any(cell and cell.strip() for cell in row[self._width :]):
            return row[: self._width]
        if len(row) != self._width:
            return self._unreadable("too_many_cells" if len(row) > self._width else "too_few_cells", row)
        return row

    def _unreadable(self, reason: str, row: Cells, column: str = "") -> Unreadable:
        cells = [cell and cell[: self._cell_limit] for cell in row]
        return Unreadable(reason, json.dumps(cells), column)

    def _batch(self, rows: list[Row]) -> pa.RecordBatch:
        first = self.rows_read + 1
        if not any(isinstance(row, Unreadable) for row in rows):
            try:
                batch = self._of_readable(rows, first)
            except UnicodeEncodeError:
                rows = [self._encodable(row) for row in rows]
            else:
                self.rows_read += len(rows)
                return batch
        else:
            rows = [self._encodable(row) for row in rows]
        self.rows_read += len(rows)
        empty = (None,) * self._width
        unreadable = [row if isinstance(row, Unreadable) else None for row in rows]
        batch = self._of_readable([empty if isinstance(row, Unreadable) else row for row in rows], first)
        reasons = [None if bad is None else f":{bad.reason}:{bad.column}" for bad in unreadable]
        texts = [
            None if bad is None else bad.text.encode("ascii", "backslashreplace").decode()
            for bad in unreadable
        ]
        return batch.set_column(1, UNREAD, pa.array(reasons, pa.string())).set_column(
            2, ROW_TEXT, pa.array(texts, pa.string())
        )

    def _of_readable(self, rows: Sequence[Row], first: int) -> pa.RecordBatch:
        columns = list(zip(*rows, strict=True))
        count = len(rows)
        arrays = [
            pa.array(range(first, first + count), pa.int64()),
            pa.nulls(count, pa.string()),
            pa.nulls(count, pa.string()),
            *(
                pa.nulls(count, pa.large_string())
                if position is None
                else pa.array(columns[position], pa.large_string())
                for position in self._positions.values()
            ),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def _encodable(self, row: Row) -> Row:
        if isinstance(row, Unreadable):
            return row
        for key, position in self._positions.items():
            cell = None if position is None else row[position]
            if cell and not _is_unicode(cell):
                return self._unreadable("invalid_encoding", row, key)
        return row


def _is_blank(row: Row) -> bool:
    return not isinstance(row, Unreadable) and (
        len(row) == 0 or (len(row) == 1 and not (row[0] or "").strip())
    )


def _is_unicode(cell: str) -> bool:
    try:
        cell.encode()
    except UnicodeEncodeError:
        return False
    return True
