"""Export what a build wants published: one sorted Parquet file per model, and a manifest.

Here: which models are published and how their rows leave the warehouse. Not here: whether they may (gate).
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
from duckdb import ColumnExpression, DuckDBPyRelation

from siyu.engine import connect, quoted
from siyu.errors import EnvironmentFaultError, UsageError
from siyu.publication.checksum import checksum_of
from siyu.publication.manifest import Column, Manifest, Table, write_manifest
from siyu.publication.records import publish_lock
from siyu.settings import Home, load_settings
from siyu.storage import PRIVATE_FILE, fsync_path, make_folder, read_json, sha256_of
from siyu.warehouse import Build, checked_run_id, dbt_folder, read_build, warehouse_lock


def candidate_folder(home: Home, run_id: str) -> Path:
    """Where a run's candidate lies until it is published or removed."""
    return home.candidates / checked_run_id(run_id)


def export_candidate(home: Home, build: Build) -> Path:
    """Write `candidates/<run_id>/`: `<model>.parquet` (zstd, sorted by primary key) per model, and manifest.json.

    Published are dbt's models with `access: public` and `meta.publish: marts`, and with `restricted` those that hold
    tokens or what only named people may see: `restricted.<model>.parquet`. The folder appears whole; an older
    candidate of the same run, and its verdict, is replaced.

    Raises:
        LockedError: A run is writing the warehouse or publishing.
        UsageError: The build is gone or was redone since, no model asks to be published, or one lacks a primary
            key or has a column of a type that cannot be published. Nothing has been written.
        EnvironmentFaultError: The warehouse file is damaged, or there is no room. Nothing has been written.
    """
    settings = load_settings(home)
    target = candidate_folder(home, build.run_id)
    staged = home.candidates / f".{build.run_id}.tmp"
    with warehouse_lock(home, settings, run_id=build.run_id):
        if read_build(home, build.run_id) != build:
            raise UsageError(f"run {build.run_id} was built again since", do="export the newer build")
        nodes = _published_nodes(home, build.run_id)
        shutil.rmtree(staged, ignore_errors=True)
        make_folder(staged)
        try:
            with connect(build.path, settings=settings, read_only=True) as connection:
                models = {
                    name: _export(connection, node, staged / f"{name}.parquet")
                    for name, node in nodes["marts"].items()
                }
                restricted = {
                    name: _export(connection, node, staged / f"restricted.{name}.parquet")
                    for name, node in nodes["restricted"].items()
                }
            manifest = Manifest(
                run_id=build.run_id,
                as_of_date=build.as_of_date,
                load_ids=build.load_ids,
                code_revision=build.code_revision,
                models=models,
                restricted=restricted,
                missing=build.missing,
            )
            write_manifest(staged, manifest)
            fsync_path(staged)
            # no older candidate of this run is pulled away under a process that is publishing it
            with publish_lock(home, settings, run_id=build.run_id):
                shutil.rmtree(target, ignore_errors=True)
                staged.rename(target)
                fsync_path(home.candidates)
        except duckdb.Error as fault:  # its text may quote a row
            raise EnvironmentFaultError(
                f"{build.path} could not be exported ({type(fault).__name__})",
                expected="the file as the build wrote it, and room on the disk and in memory",
                do="make room, or build it again: a warehouse is made from raw",
            ) from None
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    return target


def _published_nodes(home: Home, run_id: str) -> dict[str, dict[str, Mapping[str, Any]]]:
    """dbt's nodes that are published, for `marts` and for `restricted`, each by model name in alphabetical order."""
    path = dbt_folder(home, run_id) / "target" / "manifest.json"
    published: dict[str, dict[str, Mapping[str, Any]]] = {"marts": {}, "restricted": {}}
    for node in sorted(read_json(path)["nodes"].values(), key=lambda node: str(node["name"])):
        if (
            node["resource_type"] == "model"
            and node["config"].get("access", node.get("access")) == "public"
            and (where := node["config"]["meta"].get("publish")) in published
        ):
            published[where][node["name"]] = node
    if not published["marts"]:
        raise UsageError(
            "no model of the dbt project asks to be published",
            expected="models with access: public and meta.publish: marts",
            do=f"add them, or read {path}",
        )
    return published


def _export(connection: duckdb.DuckDBPyConnection, node: Mapping[str, Any], file: Path) -> Table:
    name, meta = node["name"], node["config"]["meta"]
    rows_of_model = connection.table(quoted(node["schema"], node["alias"]))
    primary_key = tuple(meta.get("primary_key") or ())
    if not primary_key or not set(primary_key) <= set(rows_of_model.columns):
        raise UsageError(
            f"model {name} has primary key {list(primary_key)}",
            expected=f"columns of it ({', '.join(rows_of_model.columns)})",
            do="set meta.primary_key in its YAML",
        )
    try:
        rows, checksum, sha256 = write_table(rows_of_model, primary_key, file)
    except UsageError as fault:
        raise UsageError(f"model {name}: {fault.found}", expected=fault.expected, do=fault.do) from fault
    described = {column["name"].lower(): column["description"] for column in node["columns"].values()}
    return Table(
        file=file.name,
        schema=tuple(
            Column(name=column, type=str(type_), description=described.get(column.lower(), ""))
            for column, type_ in zip(rows_of_model.columns, rows_of_model.types, strict=True)
        ),
        primary_key=primary_key,
        grain=str(meta.get("grain", "latest")),
        description=node["description"],
        rows=rows,
        checksum=checksum,
        sha256=sha256,
        owner=str(meta.get("owner", "")),
        requirement=tuple(_as_list(meta.get("requirement"))),
    )


def write_table(rows: DuckDBPyRelation, primary_key: tuple[str, ...], file: Path) -> tuple[int, str, str]:
    """Write a published table, sorted by its key; its number of rows, their checksum, and the file's SHA-256.

    Raises:
        UsageError: As `checksum_of`. Nothing has been written.
    """
    count, checksum = checksum_of(rows)
    rows.sort(*map(ColumnExpression, primary_key)).write_parquet(str(file), compression="zstd")
    file.chmod(PRIVATE_FILE)
    fsync_path(file)
    return count, checksum, sha256_of(file)


def _as_list(value: object) -> list[str]:
    if value is None:
        return []
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]
