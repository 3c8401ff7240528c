"""The data dictionary: what every published table and column means, once, for a page, a CSV and the site.

Here: reading it out of dbt's manifest, as Markdown and as CSV. Not here: HTML (site), the meaning itself (the YAML of
the models).

A description is one text in English, then Chinese. The Chinese part begins with the first sentence that is punctuated
in Chinese: a Chinese term may stand in the English part, and a name of a column in the Chinese.
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from siyu.publication import run_log
from siyu.publication.exports import defused

_CHINESE = re.compile("[。，、；：？！（）]")
_SENTENCE_ENDS = re.compile(r"[.!?] +")


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A column, or a whole table where `column` is empty."""

    schema: str  # marts, or restricted: for named people
    table: str
    column: str
    type: str
    description_en: str
    description_zh: str
    grain: str  # of the table: latest, replaced nightly, or history, one set of rows per as_of_date
    key: str  # place in the primary key, from 1; empty: no part of it
    requirement: str  # rows of docs/requirements.md
    checks: str  # of the contract and of dbt, by their kind or name; those that only warn say so


@dataclass(frozen=True, kw_only=True)
class Table:
    """A published table with its columns."""

    entry: Entry
    columns: tuple[Entry, ...]

    @property
    def primary_key(self) -> list[str]:
        """Names of the columns that tell rows apart."""
        return [one.column for one in sorted(self.columns, key=lambda one: one.key) if one.key]


def bilingual(text: str) -> tuple[str, str]:
    """A description's English and Chinese part; empty where it has none."""
    text = " ".join(text.split())
    first = _CHINESE.search(text)
    if first is None:
        return text, ""
    ends = [end.end() for end in _SENTENCE_ENDS.finditer(text, 0, first.start())]
    begin = ends[-1] if ends else 0
    return text[:begin].strip(), text[begin:]


def published_models(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Nodes of the models that are published, marts first."""
    nodes = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and node["config"]["meta"].get("publish")
    ]
    return sorted(nodes, key=lambda node: (not node["path"].startswith("marts"), node["name"]))


def requirement_rows(meta: Mapping[str, Any]) -> list[str]:
    """The requirement rows that a `meta` names, as a list."""
    rows = meta.get("requirement", [])
    return [rows] if isinstance(rows, str) else list(rows)


def tables(manifest: Mapping[str, Any]) -> list[Table]:
    """Every published table, marts first, and the log of runs, which is published beside them."""
    checks = _checks(manifest)
    return [*(_of_model(node, checks) for node in published_models(manifest)), _of_run_log()]


def as_markdown(found: Iterable[Table]) -> str:
    """The page `data-dictionary.md`."""
    lines = ["# Data dictionary 数据字典\n", "The same as [CSV](data-dictionary.csv), for a spreadsheet.\n"]
    for table in found:
        key = ", ".join(f"`{name}`" for name in table.primary_key)
        lines += [
            f"## {table.entry.schema}.{table.entry.table}\n",
            f"{_both(table.entry)}\n",
            f"Primary key 主键: {key}\n",
        ]
        lines += ["| column 字段 | type 类型 | description 说明 |", "|---|---|---|"]
        lines += [f"| `{one.column}` | {one.type} | {_cell(_both(one))} |" for one in table.columns]
        lines.append("")
    return "\n".join(lines)


def as_csv(found: Iterable[Table]) -> str:
    """The same for a spreadsheet: with the mark by which Excel knows UTF-8, and no cell that it would calculate."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow([field.name for field in fields(Entry)])
    for table in found:
        for entry in (table.entry, *table.columns):
            writer.writerow([defused(value) for value in asdict(entry).values()])
    return "\N{BYTE ORDER MARK}" + text.getvalue()


def _of_model(node: Mapping[str, Any], checks: Mapping[tuple[str, str], list[str]]) -> Table:
    meta = node["config"]["meta"]
    key = list(meta["primary_key"])

    def entry(name: str, type_: str, text: str, rows: Sequence[str]) -> Entry:
        english, chinese = bilingual(text)
        return Entry(
            schema=meta["publish"],
            table=node["name"],
            column=name,
            type=type_,
            description_en=english,
            description_zh=chinese,
            grain=meta["grain"],
            key=str(key.index(name) + 1) if name in key else "",
            requirement=", ".join(rows),
            checks=", ".join(checks.get((node["unique_id"], name), [])),
        )

    return Table(
        entry=entry("", "table", node["description"], requirement_rows(meta)),
        columns=tuple(
            entry(
                column["name"],
                column["data_type"],
                column["description"],
                requirement_rows(column["config"]["meta"]),
            )
            for column in node["columns"].values()
        ),
    )


def _of_run_log() -> Table:
    """The log of runs is no model: what it holds is written down beside its SQL."""

    def entry(name: str, type_: str, text: str) -> Entry:
        english, chinese = bilingual(text)
        key = str(run_log.PRIMARY_KEY.index(name) + 1) if name in run_log.PRIMARY_KEY else ""
        return Entry(
            schema="marts",
            table=run_log.RUN_LOG,
            column=name,
            type=type_,
            description_en=english,
            description_zh=chinese,
            grain="latest",
            key=key,
            requirement="",
            checks="",
        )

    return Table(
        entry=entry("", "table", run_log.DESCRIPTION),
        columns=tuple(entry(one.name, one.type.lower(), one.description) for one in run_log.COLUMNS),
    )


def _checks(manifest: Mapping[str, Any]) -> dict[tuple[str, str], list[str]]:
    """Names of constraints and data tests by model and column; those of a whole model under an empty column."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for node in manifest["nodes"].values():
        for column in node["columns"].values():
            found[node["unique_id"], column["name"]] += [
                one["type"] for one in column.get("constraints") or []
            ]
        if node["resource_type"] != "test":
            continue
        test = node.get("test_metadata") or {}
        kind = test.get("name")
        columns = [node["column_name"]] if node.get("column_name") else []
        if kind == "accepted_range":  # of many columns in one query
            columns = test["kwargs"]["columns"]
        name = str(kind if kind and columns else node["name"])
        told = f"{name} (warn)" if node["config"]["severity"].lower() == "warn" else name
        attached = node.get("attached_node")
        for model in [attached] if attached else node["depends_on"]["nodes"]:
            for column in columns or [""]:
                found[model, column].append(told)
    return {place: sorted(set(names)) for place, names in found.items()}


def _both(entry: Entry) -> str:
    return f"{entry.description_en} {entry.description_zh}".strip()


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
