"""One dbt build in our process, on a project of three models: quiet, offline, honest about failures."""

import os
import shutil
import socket
from pathlib import Path
from typing import NoReturn

import duckdb
import pytest

from siyu.errors import RefusedError, UsageError
from siyu.settings import Settings
from siyu.warehouse.dbt_runner import run_dbt_build
from siyu.warehouse.parsed import PARSED_BY_DBT, parsed_file
from siyu.warehouse.records import Step
from tests.warehouse.empty_project import EMPTY_PROJECT

PROJECT = {
    **EMPTY_PROJECT,
    "models/sold.sql": "select 13800138000 as phone, cast('{{ var('as_of_date') }}' as date) as as_of_date",
    "models/sums.sql": "select count(*) as sold_count from {{ ref('sold') }}",
    "models/schema.yml": """
models:
  - name: sold
    columns:
      - name: phone
        data_tests: [not_null]
unit_tests:
  - name: sums__would_fail
    model: sums
    given: [{input: ref('sold'), rows: []}]
    expect: {rows: [{sold_count: 99}]}
""",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    for name, text in PROJECT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def build(project: Path, *, warehouse: str = "built", **variables: object) -> list[Step]:
    return run_dbt_build(
        project.parent / f"{warehouse}.duckdb",
        project.parent / "run",
        Settings(duckdb_threads=1),
        variables={"as_of_date": "2026-11-20", **variables},
        project=project,
    )


def parses(project: Path) -> bool:
    """Whether the last build parsed the project's files."""
    return (project.parent / "run" / "target" / PARSED_BY_DBT).exists()


def refuse_to_connect(*_: object) -> NoReturn:
    raise AssertionError("dbt reached for the network")


def test_a_build_needs_the_network_or_leaves_traces(
    project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(socket.socket, "connect", refuse_to_connect)
    monkeypatch.setattr(socket, "getaddrinfo", refuse_to_connect)
    monkeypatch.setenv("DBT_TARGET", "elsewhere")
    monkeypatch.setenv("DBT_PROFILES_DIR", "/nowhere")
    before, folder = dict(os.environ), Path.cwd()

    steps = build(project)

    assert [(step.name, step.kind, step.status) for step in steps] == [
        ("sold", "model", "success"),
        ("not_null_sold_phone", "test", "pass"),
        ("sums", "model", "success"),
    ]
    assert dict(os.environ) == before
    assert Path.cwd() == folder
    assert capfd.readouterr() == ("", "")
    assert sorted(path.name for path in project.iterdir()) == ["dbt_project.yml", "models", "profiles.yml"]
    # opened with another configuration: DuckDB refuses while dbt still holds the file
    with duckdb.connect(str(project.parent / "built.duckdb"), config={"threads": 1}) as connection:
        assert connection.execute("select as_of_date::varchar, sold_count from sold, sums").fetchall() == [
            ("2026-11-20", 1)
        ]


def test_a_build_of_a_parsed_project_parses_again_or_shows_the_day_of_the_parse(project: Path) -> None:
    build(project)
    assert parses(project)
    shutil.rmtree(project.parent / "run")
    steps = build(project, warehouse="another", as_of_date="2026-11-21")
    assert not parses(project)
    assert [step.status for step in steps] == ["success", "pass", "success"]
    with duckdb.connect(str(project.parent / "another.duckdb")) as connection:
        assert connection.execute("select as_of_date::varchar, sold_count from sold, sums").fetchall() == [
            ("2026-11-21", 1)
        ]


@pytest.mark.parametrize("change", ["model", "var", "damage"])
def test_a_parse_of_something_else_or_a_damaged_one_is_used(project: Path, change: str) -> None:
    build(project)
    shutil.rmtree(project.parent / "run")
    variables = {}
    if change == "model":
        (project / "models" / "sums.sql").write_text("select 7 as sold_count from {{ ref('sold') }}")
    elif change == "var":
        variables = {"channels": ["files"]}
    else:
        kept = parsed_file(project, {"as_of_date": "2026-11-20"})
        kept.write_bytes(kept.read_bytes()[:-1] + b"x")
    assert [step.status for step in build(project, **variables)] == ["success", "pass", "success"]
    assert parses(project)
    with duckdb.connect(str(project.parent / "built.duckdb")) as connection:
        assert connection.execute("select sold_count from sums").fetchall() == [
            (7 if change == "model" else 1,)
        ]


def test_a_failed_test_is_not_named_or_shows_a_value(project: Path) -> None:
    schema = project / "models" / "schema.yml"
    schema.write_text(schema.read_text().replace("[not_null]", "[{accepted_values: {values: ['1']}}]"))
    with pytest.raises(RefusedError) as refusal:
        build(project)
    message = str(refusal.value)
    assert "1 of 3 dbt nodes failed: test accepted_values_sold_phone__1 (1 rows)" in message
    assert "138001" not in message
    assert str(project.parent / "run" / "logs" / "dbt.log") in message
    assert (project.parent / "run" / "logs" / "dbt.log").stat().st_size > 0


def test_a_model_that_does_not_build_is_not_named_or_shows_a_value(project: Path) -> None:
    (project / "models" / "sums.sql").write_text("select cast('13800138000x' as integer) as phone")
    with pytest.raises(RefusedError, match="model sums;") as refusal:
        build(project)
    assert "138001" not in str(refusal.value)


def test_a_null_that_a_contract_forbids_is_built_or_not_named(project: Path) -> None:
    (project / "models" / "sums.sql").write_text(
        "select null::bigint as sold_count, '13800138000' as phone from {{ ref('sold') }}"
    )
    (project / "models" / "sums.yml").write_text("""
models:
  - name: sums
    config: {materialized: table, contract: {enforced: true}}
    columns:
      - {name: sold_count, data_type: bigint, constraints: [{type: not_null}]}
      - {name: phone, data_type: varchar}
""")
    with pytest.raises(RefusedError, match=r"model sums \(null in sold_count\);") as refusal:
        build(project)
    assert "138001" not in str(refusal.value)


def test_a_warning_stops_the_build(project: Path) -> None:
    schema = project / "models" / "schema.yml"
    text = schema.read_text().replace(
        "[not_null]", "[{accepted_values: {values: ['1'], config: {severity: warn}}}]"
    )
    schema.write_text(text)
    assert ("warn", 1) in [(step.status, step.rows) for step in build(project)]


def test_a_broken_project_passes_for_a_finished_build(project: Path) -> None:
    (project / "models" / "sums.sql").write_text("select * from {{ ref('nowhere') }}")
    with pytest.raises(UsageError, match="nowhere"):
        build(project)
