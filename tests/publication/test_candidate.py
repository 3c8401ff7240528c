"""Exporting: which models leave the warehouse, in which order and with which words."""

import dataclasses
from datetime import date
from typing import Any

import duckdb
import pytest

from siyu.errors import UsageError
from siyu.publication import export_candidate, publish_candidate
from siyu.publication.manifest import read_manifest
from siyu.settings import Home, Settings
from siyu.storage import read_json, sha256_of, write_json
from siyu.warehouse import Build, dbt_folder
from siyu.warehouse.records import write_build
from tests.publication.small_candidates import leftovers, write_verdict

META = {
    "publish": "marts",
    "primary_key": ["day", "brand"],
    "grain": "latest",
    "owner": "analytics",
    "requirement": ["A8"],
}


def built(home: Home, *, meta: dict[str, Any] | None = None, statement: str = "") -> Build:
    """A build of two models, one of which is to be published."""
    build = Build(
        run_id="night1",
        path=home.warehouses / "night1.duckdb",
        as_of_date=date(2026, 11, 20),
        load_ids=("load1", "load2"),
        code_revision="c0ffee+dbt.1",
        steps=(),
    )
    home.warehouses.mkdir(exist_ok=True)
    with duckdb.connect(str(build.path)) as connection:
        connection.execute("create schema if not exists marts")
        connection.execute(
            statement
            or "create table marts.sales as select * from (values (date '2026-11-20', 'b', 2.50::decimal(18,2)),"
            " (date '2026-11-19', 'b', 1.00), (date '2026-11-20', 'a', null)) as t(day, brand, amount)"
        )
    write_json(
        dbt_folder(home, "night1") / "target" / "manifest.json",
        {
            "nodes": {
                "model.siyu.sales": node("sales", meta or META),
                "model.siyu.inner": node("inner", META | {"publish": None}),
                "model.siyu.secret": node("secret", META) | {"config": {"access": "private", "meta": META}},
                "test.siyu.sales": node("sales_test", META) | {"resource_type": "test"},
            }
        },
    )
    write_build(home, build)
    return build


def node(name: str, meta: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "alias": name,
        "schema": "marts",
        "resource_type": "model",
        "description": "One row per day and brand. 每天每品牌一行。",
        "columns": {"amount": {"name": "amount", "description": "Net. 净额。"}},
        "config": {"access": "public", "meta": meta},
    }


def test_an_export_lacks_order_words_or_its_origin(home: Home) -> None:
    folder = export_candidate(home, built(home))
    assert folder == home.candidates / "night1"
    assert sorted(file.name for file in folder.iterdir()) == ["manifest.json", "sales.parquet"]
    with duckdb.connect() as connection:
        rows = connection.execute(
            "select day::varchar, brand, amount::varchar from read_parquet(?)",
            [str(folder / "sales.parquet")],
        )
        assert rows.fetchall() == [
            ("2026-11-19", "b", "1.00"),
            ("2026-11-20", "a", None),
            ("2026-11-20", "b", "2.50"),
        ]
        codecs = connection.execute(
            "select distinct compression from parquet_metadata(?)", [str(folder / "sales.parquet")]
        )
        assert codecs.fetchall() == [("ZSTD",)]
    manifest = read_json(folder / "manifest.json")
    assert manifest["models"]["sales"] | {"checksum": ""} == {
        "file": "sales.parquet",
        "schema": [
            {"name": "day", "type": "DATE", "description": ""},
            {"name": "brand", "type": "VARCHAR", "description": ""},
            {"name": "amount", "type": "DECIMAL(18,2)", "description": "Net. 净额。"},
        ],
        "primary_key": ["day", "brand"],
        "grain": "latest",
        "description": "One row per day and brand. 每天每品牌一行。",
        "rows": 3,
        "checksum": "",
        "sha256": sha256_of(folder / "sales.parquet"),
        "owner": "analytics",
        "requirement": ["A8"],
    }
    assert {key: manifest[key] for key in ("run_id", "as_of_date", "load_ids", "code_revision")} == {
        "run_id": "night1",
        "as_of_date": "2026-11-20",
        "load_ids": ["load1", "load2"],
        "code_revision": "c0ffee+dbt.1",
    }
    assert leftovers(home) == []


def test_a_restricted_model_is_exported_for_everybody_or_not_at_all(home: Home) -> None:
    build = built(home)
    nodes = {
        "model.siyu.sales": node("sales", META),
        "model.siyu.crosswalk": node("crosswalk", META | {"publish": "restricted"}),
    }
    write_json(dbt_folder(home, "night1") / "target" / "manifest.json", {"nodes": nodes})
    with duckdb.connect(str(build.path)) as connection:
        connection.execute("create table marts.crosswalk as select * from marts.sales where amount > 2")
    folder = export_candidate(home, build)
    manifest = read_manifest(folder)
    assert [*manifest.models] == ["sales"]
    assert [*manifest.restricted] == ["crosswalk"]
    assert manifest.restricted["crosswalk"].rows == 1
    assert manifest.restricted["crosswalk"].file == "restricted.crosswalk.parquet"
    assert (folder / "restricted.crosswalk.parquet").stat().st_mode & 0o077 == 0
    as_mart = dataclasses.replace(manifest, models=manifest.tables, restricted={})
    assert as_mart.content_checksum != manifest.content_checksum
    assert manifest == read_manifest(folder)


def test_exporting_again_after_publishing_makes_another_publication(home: Home, settings: Settings) -> None:
    build = built(home)
    for is_new in (True, False):
        write_verdict(export_candidate(home, build))
        publication = publish_candidate(home, settings, "night1")
        assert (publication.id, publication.is_new) == (1, is_new)


def test_exporting_again_keeps_a_verdict_about_other_bytes(home: Home) -> None:
    build = built(home)
    write_verdict(export_candidate(home, build))
    export_candidate(home, build)
    assert not (home.candidates / "night1" / "verdict.json").exists()


def test_a_changed_description_is_taken_for_nothing_new(home: Home) -> None:
    manifest = read_manifest(export_candidate(home, built(home)))
    path = dbt_folder(home, "night1") / "target" / "manifest.json"
    content = read_json(path)
    content["nodes"]["model.siyu.sales"]["description"] = "One row per brand and day."
    write_json(path, content)
    described = read_manifest(export_candidate(home, built_again(home)))
    assert not described.shows_the_same_as(manifest)
    assert described.models["sales"].checksum == manifest.models["sales"].checksum


def built_again(home: Home) -> Build:
    from siyu.warehouse import read_build

    return read_build(home, "night1")


@pytest.mark.parametrize(
    ("meta", "statement", "complaint"),
    [
        (META | {"primary_key": []}, "", r"model sales has primary key \[\]"),
        (META | {"primary_key": ["id"]}, "", r"model sales has primary key \['id'\]"),
        (
            META,
            "create table marts.sales (day date, brand varchar, total hugeint)",
            "model sales: column total has type HUGEINT",
        ),
        (META | {"publish": "nowhere"}, "", "no model of the dbt project asks to be published"),
    ],
)
def test_a_model_that_cannot_be_published_leaves_a_candidate(
    home: Home, meta: dict[str, Any], statement: str, complaint: str
) -> None:
    build = built(home, meta=meta, statement=statement)
    with pytest.raises(UsageError, match=complaint):
        export_candidate(home, build)
    assert not home.candidates.exists() or list(home.candidates.iterdir()) == []


def test_a_build_that_was_redone_or_failed_is_exported(home: Home) -> None:
    build = built(home)
    write_build(home, Build(**{**vars(build), "load_ids": ("load1",)}))
    with pytest.raises(UsageError, match="built again since"):
        export_candidate(home, build)
    (home.runs / "night1" / "build.json").unlink()
    with pytest.raises(UsageError, match="no finished warehouse"):
        export_candidate(home, build)
