"""The table `run_log`: one row per finished step of every run that the home still remembers.

Here: its columns, its rows, how it gets into marts.duckdb. Not here: who writes the journal (orchestration) and the
record of a build (warehouse).

A row holds counts and times, never the text of an error, which is for those who repair and may name files. What the
steps after the publication do, publishing itself among them, shows in the next publication's table.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from siyu.publication.manifest import Column
from siyu.settings import Home
from siyu.storage import inside, read_json

RUN_LOG = "run_log"
PRIMARY_KEY = ("run_id", "step_number")
DESCRIPTION = (
    "One row per finished step of a run, also of runs that failed; as long as logs are kept. "
    "每次运行的每个已结束步骤一行（含失败的运行），保留期同日志。"
)
COLUMNS = (
    Column(name="run_id", type="VARCHAR", description="The run. 运行编号。"),
    Column(
        name="step_number",
        type="INTEGER",
        description="Order within the run: tasks from 1, a rerun adds one; nodes of the build from 1001. "
        "运行内序号：任务从1起（重跑会新增），建模节点从1001起。",
    ),
    Column(name="step", type="VARCHAR", description="Task, or node of the build. 任务名或建模节点名。"),
    Column(
        name="kind", type="VARCHAR", description="task, seed, model or test. 类别：任务、种子、模型、测试。"
    ),
    Column(
        name="status",
        type="VARCHAR",
        description="succeeded or failed; of a node the word of dbt (success, pass, warn). "
        "任务为succeeded或failed；节点为dbt的状态词。",
    ),
    Column(
        name="started_at",
        type="TIMESTAMP",
        description="When it began (UTC); empty where unknown. 开始时间（UTC），未知为空。",
    ),
    Column(name="seconds", type="DOUBLE", description="How long it took. 耗时（秒）。"),
    Column(
        name="rows",
        type="BIGINT",
        description="Rows landed, exported or published by a task, in the table of a node, found by a test; "
        "empty where it has none. 任务写入的行数、节点表的行数或测试发现的行数，不适用为空。",
    ),
    Column(
        name="bytes",
        type="BIGINT",
        description="Bytes written; empty where unknown. 写入的字节数，未知为空。",
    ),
    Column(
        name="peak_memory_bytes",
        type="BIGINT",
        description="Greatest memory of the task's process up to its end; empty for a node. "
        "任务所在进程截至其结束的内存峰值，节点为空。",
    ),
    Column(
        name="api_calls",
        type="BIGINT",
        description="Calls of a platform's API; empty where the step has none. 平台接口调用次数，不适用为空。",
    ),
)
_FIRST_NODE = 1001
_UNREADABLE = (ValueError, KeyError, TypeError)  # damaged, or written by another siyu
_CREATE = """
create table main.run_log (
    run_id varchar not null,
    step_number integer not null,
    step varchar not null,
    kind varchar not null,
    status varchar not null,
    started_at timestamp,
    seconds double not null,
    rows bigint,
    bytes bigint,
    peak_memory_bytes bigint,
    api_calls bigint,
    primary key (run_id, step_number)
)
"""
# lists of columns: row by row a month of nights takes seconds
_INSERT = """
insert into main.run_log
select
    unnest(?::varchar[]), unnest(?::integer[]), unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::varchar[]),
    unnest(?::timestamp[]), unnest(?::double[]), unnest(?::bigint[]), unnest(?::bigint[]), unnest(?::bigint[]),
    unnest(?::bigint[])
"""


@dataclass(frozen=True, kw_only=True)
class RunLogRow:
    """A row of the table; the fields are its columns, in their order."""

    run_id: str
    step_number: int
    step: str
    kind: str
    status: str
    started_at: datetime | None  # naive, UTC
    seconds: float
    rows: int | None
    bytes: int | None
    peak_memory_bytes: int | None
    api_calls: int | None


def run_log_rows(home: Home) -> list[RunLogRow]:
    """All rows, ordered by run and number. What cannot be read is left out: no publication waits for its log."""
    return [row for folder in sorted(home.runs.glob("*")) for row in _rows_of(folder)]


def run_log_of(home: Home, run_id: str) -> list[RunLogRow]:
    """The rows of one run, by number, its newest steps too; empty once its logs have been removed."""
    return list(_rows_of(inside(home.runs, run_id)))


def write_run_log(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Create the table in the file that is being built and fill it; the caller writes the comments."""
    connection.execute(_CREATE)
    if rows := run_log_rows(home):
        connection.execute(
            _INSERT, [[getattr(row, field.name) for row in rows] for field in fields(RunLogRow)]
        )


def _rows_of(folder: Path) -> Iterator[RunLogRow]:
    yield from _tasks(folder)
    yield from _nodes(folder / "build.json")


def _tasks(folder: Path) -> Iterator[RunLogRow]:
    journal = folder / "steps.jsonl"
    lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
    for number, line in enumerate(lines, start=1):
        with suppress(*_UNREADABLE):
            step = json.loads(line)
            yield RunLogRow(
                run_id=folder.name,
                step_number=number,
                step=step["name"],
                kind="task",
                status="failed" if step["error"] else "succeeded",
                started_at=_utc(step.get("started_at")),
                seconds=step["seconds"],
                rows=step.get("rows"),
                bytes=step.get("bytes"),
                peak_memory_bytes=step.get("peak_memory_bytes"),
                api_calls=step.get("api_calls"),
            )


def _nodes(build: Path) -> Iterator[RunLogRow]:
    steps: list[dict[str, Any]] = []
    with suppress(FileNotFoundError, *_UNREADABLE):
        steps = read_json(build)["steps"]
    for number, step in enumerate(steps, start=_FIRST_NODE):
        yield RunLogRow(
            run_id=build.parent.name,
            step_number=number,
            step=step["name"],
            kind=step["kind"],
            status=step["status"],
            started_at=_utc(step.get("started_at")),
            seconds=step["seconds"],
            rows=step["rows"],
            bytes=None,
            peak_memory_bytes=None,
            api_calls=None,
        )


def _utc(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None) if text else None
