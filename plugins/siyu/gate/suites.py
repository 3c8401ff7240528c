"""Run the suites of Great Expectations over the candidate's views, all in one process.

Here: handing GX our DuckDB, and reading its answers without trusting them. Not here: what is expected
(`expectations/`). Importing GX takes ten seconds, so this module is imported when an audit runs, not before.
"""

import importlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import great_expectations as gx
from duckdb_sqlalchemy import ConnectionWrapper
from great_expectations.exceptions import GreatExpectationsError
from sqlalchemy.exc import SQLAlchemyError

from siyu.gate.counting import count_offending
from siyu.gate.tables import Tables
from siyu.gate.verdict import Status

if TYPE_CHECKING:
    from great_expectations.core import ExpectationSuite
    from great_expectations.datasource.fluent.sql_datasource import SQLDatasource

SCHEMA = "candidate"
CHECK = "check"  # the key of an expectation's meta that holds the id of its check

_KIND_OF_EXCEPTION = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception))\b", re.MULTILINE)

Answer = tuple[
    str, Status, int | None, str
]  # id of the check, status, offending rows, what is to be said besides


def suite_of(model: str) -> "ExpectationSuite":
    """The suite of a model: function `<model>` of module `expectations.<model>`."""
    suite: ExpectationSuite = getattr(importlib.import_module(f"expectations.{model}"), model)()
    return suite


def run_suites(tables: Tables, suites: Mapping[str, "ExpectationSuite"]) -> Iterator[Answer]:
    """Yield an answer for each expectation of each suite; one that GX lost or could not compute has raised.

    Args:
        tables: The candidate's views.
        suites: Per model.
    """
    readable = [model for model in suites if model in tables.candidate.manifest.models]
    readable = [model for model in readable if model not in tables.unreadable]
    datasource = _datasource(tables, readable)
    for model, suite in suites.items():
        if model not in readable:
            yield from _all_raised(
                suite, f"could not read {model}: {tables.unreadable.get(model, 'no file')}"
            )
            continue
        try:
            asset = datasource.get_asset(model)
            batch = asset.get_batch(asset.build_batch_request())
            answers = batch.validate(suite, result_format="BOOLEAN_ONLY").results
        except (GreatExpectationsError, SQLAlchemyError) as error:
            yield from _all_raised(suite, f"could not run: {type(error).__name__}")
            continue
        if len(answers) != len(suite.expectations):
            yield from _all_raised(suite, f"{len(answers)} answers to {len(suite.expectations)} expectations")
            continue
        for answer in answers:
            yield _read(tables, model, answer)


def _datasource(tables: Tables, models: Sequence[str]) -> "SQLDatasource":
    """A data source of GX on cursors of our own connection, so that it sees our views.

    GX rolls back after each query unless told not to, which loses results on DuckDB: hence the two options.
    """
    for logger in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)  # messages of GX can quote rows
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context.data_sources.add_sql(
        name="candidate",
        connection_string="duckdb:///:memory:",
        create_temp_table=False,
        kwargs={
            "isolation_level": "AUTOCOMMIT",
            "skip_autocommit_rollback": True,
            "creator": lambda: ConnectionWrapper(tables.connection.cursor()),
        },
        # at once, because GX writes its whole configuration out for every asset that is added later
        assets=[
            {"name": model, "type": "table", "table_name": model, "schema_name": SCHEMA} for model in models
        ],
    )


def _all_raised(suite: "ExpectationSuite", why: str) -> Iterator[Answer]:
    for expectation in suite.expectations:
        yield (expectation.meta or {}).get(CHECK, ""), Status.RAISED, None, why


def _read(tables: Tables, model: str, answer: Any) -> Answer:
    config = answer.expectation_config
    check = (config.meta or {}).get(CHECK, "")
    if raised := _exception_of(answer.exception_info):
        return check, Status.RAISED, None, f"could not run: {raised}"
    if answer.success is True:
        return check, Status.PASSED, 0, ""
    return (
        check,
        Status.FAILED,
        count_offending(tables.connection, model, config.type, config.kwargs),
        "",
    )


def _exception_of(info: Mapping[str, Any] | None) -> str | None:
    """The kind of exception that GX swallowed, None when there was none; its message could quote a row.

    GX writes either one record, or one per metric under the metric's id.
    """
    if not info:
        return None
    for record in [info] if "raised_exception" in info else info.values():
        if record["raised_exception"]:
            kinds = _KIND_OF_EXCEPTION.findall(str(record["exception_traceback"]))
            return kinds[-1] if kinds else "exception"
    return None
