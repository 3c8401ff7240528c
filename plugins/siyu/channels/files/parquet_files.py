"""A Parquet file as batches of its own types; DuckDB turns them into text exactly, one by one."""

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from siyu.channels.files.headers import find_columns, unmapped
from siyu.channels.files.mapping import SourceMapping
from siyu.channels.files.rows import schema_of
from siyu.errors import SourceError

_BATCH_ROWS = 65_536


class ParquetFile:
    """The mapped columns of a Parquet file, read batch by batch.

    Raises:
        SourceError: It is no Parquet file, or a mapped column is missing or nested.
    """

    def __init__(self, source: SourceMapping, file_name: str, stream: Any) -> None:
        try:
            self._file = pq.ParquetFile(stream)
        except (pa.ArrowInvalid, OSError, io.UnsupportedOperation) as error:
            raise SourceError(
                f"{file_name} cannot be read as Parquet: {error}", do="copy or export it again"
            ) from error
        self._file_name = file_name
        schema = self._file.schema_arrow
        positions = find_columns(source, file_name, schema.names)
        self.unmapped = unmapped(schema.names, positions)
        self._names = {key: None if at is None else schema.names[at] for key, at in positions.items()}
        types = {
            key: pa.null() if name is None else schema.field(name).type for key, name in self._names.items()
        }
        for key, type_ in types.items():
            if pa.types.is_nested(type_):
                raise SourceError(
                    f"{file_name}: column {self._names[key]!r} is nested ({type_})",
                    expected="a plain value",
                    do="flatten it before the export",
                )
        self._types = {key: _readable(type_) for key, type_ in types.items()}
        self.schema = schema_of(self._types)
        self.rows_read = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Batches of `schema`; a text that is not UTF-8 makes its record unreadable, not the file."""
        wanted = sorted({name for name in self._names.values() if name is not None})
        try:
            for batch in self._file.iter_batches(batch_size=_BATCH_ROWS, columns=wanted):
                yield self._batch(batch)
        except (pa.ArrowInvalid, OSError) as error:
            raise SourceError(
                f"{self._file_name} is damaged: {error}", do="copy or export it again"
            ) from error

    def _batch(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        count, first = batch.num_rows, self.rows_read + 1
        unread: dict[int, str] = {}
        arrays: list[Any] = []
        for key, name in self._names.items():
            if name is None:
                arrays.append(pa.nulls(count))
                continue
            array = batch.column(name)
            type_ = self._types[key]
            if pa.types.is_large_string(type_):
                array = _as_utf8(array, key, unread)
            elif array.type != type_:
                array = pc.cast(array, type_)
            arrays.append(array)
        self.rows_read += count
        own = [
            pa.array(range(first, first + count), pa.int64()),
            pa.array([unread.get(row) for row in range(count)], pa.string())
            if unread
            else pa.nulls(count, pa.string()),
            pa.nulls(count, pa.string()),  # the text of a row is made of its columns
        ]
        return pa.RecordBatch.from_arrays([*own, *arrays], schema=self.schema)


def _readable(type_: pa.DataType) -> pa.DataType:
    """The type DuckDB reads: texts of any kind as one, and the few that it does not know as text or a wider type."""
    if pa.types.is_dictionary(type_):
        type_ = type_.value_type
    if pa.types.is_float16(type_):
        return pa.float32()
    is_text = pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_)
    is_bytes = (
        pa.types.is_binary(type_) or pa.types.is_large_binary(type_) or pa.types.is_fixed_size_binary(type_)
    )
    if is_text or is_bytes or pa.types.is_binary_view(type_) or pa.types.is_decimal256(type_):
        return pa.large_string()
    return type_


def _as_utf8(array: Any, key: str, unread: dict[int, str]) -> Any:
    """Texts as UTF-8; rows that are not are noted in `unread`, their bad bytes spelled out."""
    if pa.types.is_decimal(array.type):
        return pc.cast(array, pa.large_string())
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    raw = pc.cast(array, pa.large_binary())
    try:
        text = pc.cast(raw, pa.large_string())
    except pa.ArrowInvalid:
        values = raw.to_pylist()
        for row, value in enumerate(values):
            try:
                values[row] = value and value.decode("utf-8")
            except UnicodeDecodeError:
                unread[row] = f":invalid_encoding:{key}"
                values[row] = value.decode("utf-8", "backslashreplace")
        return pa.array([value or None for value in values], pa.large_string())
    return text
