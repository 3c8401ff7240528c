"""The data dictionary says what the models' YAML says, in two languages, and is safe in a spreadsheet."""

import csv
from functools import cache
from typing import Any

import pytest
import yaml

from docs.dictionary import Entry, Table, as_csv, bilingual
from siyu.publication import run_log
from siyu.publication.exports import could_be_a_formula
from siyu.settings import PROJECT

CSV = PROJECT / "docs" / "data-dictionary.csv"


@cache
def written() -> list[dict[str, str]]:
    with CSV.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@cache
def models() -> dict[str, dict[str, Any]]:
    """The published models by name, as their YAML has them; dbt is not asked."""
    found = [
        model
        for file in (PROJECT / "dbt_project" / "models").rglob("*.yml")
        for model in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader).get("models", [])
        if model.get("config", {}).get("meta", {}).get("publish")
    ]
    return {model["name"]: model for model in found}


def test_the_csv_misses_a_column_or_has_one_that_is_not_published() -> None:
    published = {(name, column["name"]) for name, model in models().items() for column in model["columns"]}
    assert len(published) > 250
    published |= {(run_log.RUN_LOG, column.name) for column in run_log.COLUMNS}
    assert sorted((row["table"], row["column"]) for row in written() if row["column"]) == sorted(published)
    assert {row["table"] for row in written() if not row["column"]} == {table for table, _ in published}


def test_the_csv_says_something_else_than_the_models() -> None:
    rows = {(row["table"], row["column"]): row for row in written()}
    for name, model in models().items():
        meta = model["config"]["meta"]
        for column in model["columns"]:
            row = rows[name, column["name"]]
            told = f"{row['description_en']} {row['description_zh']}".replace("'", "")
            assert told == " ".join(column["description"].split()).replace("'", "")
            assert (row["type"], row["grain"]) == (column["data_type"], meta["grain"])
            key = meta["primary_key"]
            place = str(key.index(column["name"]) + 1) if column["name"] in key else ""
            assert row["key"] == place
            asked = column.get("config", {}).get("meta", {}).get("requirement", [])
            assert row["requirement"] == ", ".join([asked] if isinstance(asked, str) else asked)
            plain = {test for test in column.get("data_tests", []) if isinstance(test, str)}
            plain |= {constraint["type"] for constraint in column.get("constraints", [])}
            assert plain <= {check.removesuffix(" (warn)") for check in row["checks"].split(", ")}


def test_a_description_lacks_a_language() -> None:
    lacking = [
        (row["table"], row["column"])
        for row in written()
        if not row["description_en"]
        or not any("\u4e00" <= sign <= "\u9fff" for sign in row["description_zh"])
    ]
    assert lacking == []


def test_a_spreadsheet_shows_wrong_letters_or_calculates() -> None:
    assert CSV.read_bytes().startswith(b"\xef\xbb\xbf")
    assert [cell for row in written() for cell in row.values() if could_be_a_formula(cell)] == []
    wicked = Entry(
        schema="marts",
        table="t",
        column="",
        type="=1+1",
        description_en="@x",
        description_zh="",
        grain="",
        key="",
        requirement="",
        checks="",
    )
    assert '"t","","\'=1+1","\'@x"' in as_csv([Table(entry=wicked, columns=())])


@pytest.mark.parametrize(
    ("text", "english", "chinese"),
    [
        ("Net amount. 净额。", "Net amount.", "净额。"),
        ("Units, e.g. 3. UPT 为件数除以单数。", "Units, e.g. 3.", "UPT 为件数除以单数。"),
        ("复购率: a / b, one window. 复购率：a 除以 b。", "复购率: a / b, one window.", "复购率：a 除以 b。"),
        ("First.\n  Second? 第一句。 第二句。", "First. Second?", "第一句。 第二句。"),
        ("English alone.", "English alone.", ""),
        ("只有中文。", "", "只有中文。"),
    ],
)
def test_a_description_is_parted_at_the_wrong_place(text: str, english: str, chinese: str) -> None:
    assert bilingual(text) == (english, chinese)
