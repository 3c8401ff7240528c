"""A small shop for the tests of the files channel: one mapping, one file, and what comes out."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from siyu.channels.files import claim_files, extract, load_mapping
from siyu.channels.files.mapping import Mapping
from siyu.settings import Home, Settings

ORDER_COLUMNS: dict[str, Any] = {
    "order_no": {"from": ["订单号", "order"], "type": "id", "personal": "none"},
    "placed": {"from": ["下单时间", "placed"], "type": "timestamp", "personal": "none"},
    "total": {"from": ["金额", "total"], "type": "amount", "personal": "none"},
}
ORDER_FIELDS: dict[str, Any] = {"order_id": "order_no", "ordered_at": "placed", "paid_amount": "total"}
ORDERS: dict[str, Any] = {"orders": {"fields": ORDER_FIELDS}}
HEADER = "订单号,下单时间,金额"
ROW = "A1,2026-03-01 10:00:00,12.50"


def mapping_of(
    *,
    columns: dict[str, Any] | None = None,
    resources: dict[str, Any] | None = None,
    top: dict[str, Any] | None = None,
    **source: Any,
) -> dict[str, Any]:
    """A mapping as plain data: a Shanghai shop whose one source reads every file of the folder."""
    return {
        "version": 1,
        "name": "small_shop",
        "channel": "own_web",
        "timezone": "Asia/Shanghai",
        "currency": "CNY",
        "sources": [
            {
                "name": "orders",
                "files": ["*"],
                "format": "csv",
                "columns": columns or ORDER_COLUMNS,
                "resources": resources or ORDERS,
            }
            | source
        ],
    } | (top or {})


@dataclass(frozen=True)
class Part:
    """What one resource got."""

    records: list[dict[str, Any]]
    rejects: list[tuple[int, str, str | None, str]]
    rows_read: int
    rows_elsewhere: int

    @property
    def reasons(self) -> list[tuple[int, str, str | None]]:
        """Row, reason and column of each reject."""
        return [reject[:3] for reject in self.rejects]

    def column(self, name: str) -> list[Any]:
        """Values of one field, in the order of the file."""
        return [record[name] for record in self.records]


class Shop:
    """Writes a file and its mapping, and reads the one through the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "exports"
        self.folder.mkdir()
        self.home = Home(folder / "home").create()
        self.mapping_file = folder / "mapping.yml"
        self.settings = Settings()

    def mapping(self, **changes: Any) -> Mapping:
        """Write a mapping and load it."""
        self.mapping_file.write_text(
            yaml.safe_dump(mapping_of(**changes), allow_unicode=True, sort_keys=False), encoding="utf-8"
        )
        return load_mapping(self.mapping_file)

    def put(self, content: bytes | str, name: str = "orders.csv") -> Path:
        """Write an exported file."""
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def read(
        self, content: bytes | str | Path, *, name: str = "orders.csv", **changes: Any
    ) -> dict[str, Part]:
        """Every resource of one file."""
        path = content if isinstance(content, Path) else self.put(content, name)
        mapping = self.mapping(**changes)
        (source, file), *_ = claim_files(mapping, path).claimed
        with extract(mapping, source, file, self.settings, self.home) as (connection, _, batches):
            return {
                batch.resource.name: Part(
                    records=_rows(connection, batch.records),
                    rejects=[tuple(row.values()) for row in _rows(connection, batch.rejects)],
                    rows_read=batch.rows_read,
                    rows_elsewhere=batch.rows_elsewhere,
                )
                for batch in batches
            }

    def orders(self, content: bytes | str | Path, **changes: Any) -> Part:
        """The orders of one file."""
        return self.read(content, **changes)["orders"]

    def values(
        self,
        type_: str,
        texts: list[str],
        field: str,
        *,
        cells: Any = None,
        key: str = "value",
        **column: Any,
    ) -> Part:
        """Texts cast as a type, through JSON lines so that any text can be written; `key` names the column."""
        columns = ORDER_COLUMNS | {key: {"from": "value", "type": type_, "personal": "none"} | column}
        fields = ORDER_FIELDS | {field: key}
        lines = [
            json.dumps({"order": f"A{index}", "placed": "2026-03-01", "total": "1", "value": text})
            for index, text in enumerate(cells or texts)
        ]
        return self.orders(
            "\n".join(lines),
            name="orders.jsonl",
            format="jsonl",
            columns=columns,
            resources={"orders": {"fields": fields}},
        )


def _rows(connection: Any, table: str) -> list[dict[str, Any]]:
    relation = connection.table(table).order("_source_row")
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]
