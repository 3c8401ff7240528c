"""No statement reads the clock: a rerun of yesterday's night must give yesterday's answer."""

import re

import pytest

from siyu.settings import PROJECT

READS_THE_CLOCK = re.compile(
    r"\b(now|today|get_current_timestamp|transaction_timestamp)\s*\(|\bcurrent_(date|time|timestamp)\b|\blocaltime",
    re.IGNORECASE,
)
SQL_FILES = sorted(
    path
    for folder in ("dbt_project", "expectations", "plugins")
    for path in (PROJECT / folder).rglob("*.sql")
    if "target" not in path.parts
)


def without_comments(sql: str) -> str:
    return re.sub(r"--[^\n]*|\{#.*?#\}|/\*.*?\*/", "", sql, flags=re.DOTALL)


def test_there_is_sql_to_look_at() -> None:
    assert len(SQL_FILES) > 20


@pytest.mark.parametrize("statement", ["select now()", "select current_date", "where day < today ()"])
def test_the_rule_sees_a_statement_that_reads_the_clock(statement: str) -> None:
    assert READS_THE_CLOCK.search(without_comments(statement))


def test_no_sql_reads_the_clock() -> None:
    readers = [
        str(path.relative_to(PROJECT))
        for path in SQL_FILES
        if READS_THE_CLOCK.search(without_comments(path.read_text(encoding="utf-8")))
    ]
    assert readers == []
