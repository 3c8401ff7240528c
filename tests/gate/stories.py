"""Run the real dbt project on a story in a second: its models as dbt compiled them, one by one.

A dbt build takes ten seconds, most of them for parsing and for tests one by one. Here the project is built by
dbt once (the template); a story runs the same compiled models and data tests on its own raw rows.
All stories therefore share the template's variables: as_of_date, zone and currency.
"""

import shutil
from collections.abc import Iterable, Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from siyu.engine import connect
from siyu.publication import export_candidate
from siyu.settings import Home
from siyu.storage import make_folder, read_json
from siyu.warehouse import Build, dbt_folder
from siyu.warehouse.records import write_build
from tests.gate.worlds import AS_OF, World

RUN = "story"  # the stem of the warehouse file is the database's name in compiled SQL


class Template:
    """The project as dbt built it in a home."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.manifest = dbt_folder(home, RUN) / "target" / "manifest.json"
        nodes: dict[str, dict[str, Any]] = read_json(self.manifest)["nodes"]
        order = TopologicalSorter(
            {key: set(node["depends_on"].get("nodes", ())) for key, node in nodes.items()}
        )
        ordered = [nodes[key] for key in order.static_order() if key in nodes]
        self.seeds = [node for node in ordered if node["resource_type"] == "seed"]
        self.models = [node for node in ordered if node["resource_type"] == "model"]
        self.tests = [
            node
            for node in ordered
            if node["resource_type"] == "test" and node["config"]["severity"].lower() == "error"
        ]

    @property
    def warehouse(self) -> Path:
        """The file dbt filled; its seeds are copied."""
        return self.home.warehouses / f"{RUN}.duckdb"


def export_story(
    template: Template, home: Home, world: World, *, seeds: Iterable[str] = (), load_id: str = "story"
) -> None:
    """Build a story in a home and export its candidate, `candidates/story`; `seeds` are statements on seed tables.

    A data test of the project that fails is an AssertionError: such a story would never reach the gate.
    """
    warehouse = make_folder(home.warehouses) / f"{RUN}.duckdb"
    with connect(warehouse) as connection:
        connection.execute("begin")
        world.show_as_raw(connection)
        _copy_seeds(connection, template)
        for statement in seeds:
            connection.execute(statement)
        for node in template.models:
            kind = "table" if node["config"]["materialized"] == "table" else "view"
            connection.execute(f"create schema if not exists {node['schema']}")
            if node["language"] == "python":
                rows = _answer(connection, node["compiled_code"])
                rows.create(f"{node['schema']}.{node['name']}")
            else:
                connection.execute(f"create {kind} {node['relation_name']} as {node['compiled_code']}")
        connection.execute("commit")
        failing = [*_failing(connection, template)]
        assert not failing, failing
    target = make_folder(dbt_folder(home, RUN) / "target")
    shutil.copy(template.manifest, target / "manifest.json")
    build = Build(
        run_id=RUN, path=warehouse, as_of_date=AS_OF, load_ids=(load_id,), code_revision="story", steps=()
    )
    write_build(home, build)
    export_candidate(home, build)


def _answer(connection: duckdb.DuckDBPyConnection, code: str) -> duckdb.DuckDBPyRelation:
    """What a Python model answers: dbt's own code around it finds the relations."""
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - ours, as dbt compiled it
    rows: duckdb.DuckDBPyRelation = names["model"](
        names["dbtObj"](lambda name: connection.sql(f"from {name}")), connection
    )
    return rows


def _copy_seeds(connection: duckdb.DuckDBPyConnection, template: Template) -> None:
    connection.execute("create schema seeds")
    with connect(template.warehouse, read_only=True) as source:
        for seed in template.seeds:
            rows = source.table(f"seeds.{seed['name']}").to_arrow_table()
            connection.from_arrow(rows).create(f"seeds.{seed['name']}")


def _failing(connection: duckdb.DuckDBPyConnection, template: Template) -> Iterator[str]:
    for test in template.tests:
        if "compiled_code" not in test:  # of staging: no test of a night
            continue
        if len(connection.sql(test["compiled_code"])):
            yield test["name"]
