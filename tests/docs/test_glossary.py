"""One word for each thing: published tables and the report keep to docs/glossary.md, in both languages."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from siyu.settings import PROJECT

GLOSSARY = PROJECT / "docs" / "glossary.md"
REPORT_WORDS = PROJECT / "plugins" / "siyu" / "report" / "words.yml"
NOT_YET = "Defined, not computed yet"
NOT_USED = "Words that are not used"
PIPELINE = "The pipeline 流程"
CHINESE_PAGES = sorted([PROJECT / "README.zh-CN.md", *(PROJECT / "docs" / "zh-CN").rglob("*.md")])
HAN = re.compile("[\u4e00-\u9fff]")

# Everyday words, which Chinese leaves out or says with 人数, 本组, 当月 …: they are not asked for in pairs.
EVERYDAY = {"person", "buyer", "arm", "campaign", "brand", "window"}


@dataclass(frozen=True, kw_only=True)
class Term:
    """One row of the glossary; `columns` are `table.column`, `rows` those of the requirements."""

    english: str
    chinese: str
    section: str
    columns: tuple[str, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A published table as its YAML describes it."""

    name: str
    description: str
    columns: dict[str, str]
    requirements: dict[str, set[str]]  # by column; those of the table itself are in each


def rows_of(page: str) -> Iterator[tuple[str, list[str]]]:
    """Section and cells of every row of every table of a page, without the heads."""
    section, lines = "", page.splitlines()
    for number, line in enumerate(lines):
        if line.startswith("## "):
            section = line.removeprefix("## ")
        is_head = number + 1 < len(lines) and lines[number + 1].startswith("|---")
        if line.startswith("| ") and not is_head:
            yield section, [cell.strip() for cell in line.strip("|").split("|")]


@cache
def glossary() -> tuple[Term, ...]:
    """Every term, in the order of the page."""
    return tuple(
        Term(
            english=cells[0],
            chinese=cells[1],
            section=section,
            columns=tuple(re.findall(r"`(\w+\.\w+)`", "|".join(cells[3:]))),
            rows=tuple(re.findall(r"\b[A-L]\d+\b", cells[-1])),
        )
        for section, cells in rows_of(GLOSSARY.read_text(encoding="utf-8"))
        if not section.startswith(NOT_USED)
    )


@cache
def computed() -> tuple[Term, ...]:
    """The terms that tables carry today."""
    return tuple(term for term in glossary() if not term.section.startswith((NOT_YET, PIPELINE)))


@cache
def avoided() -> tuple[str, ...]:
    """Words that stand for nothing, since another is used."""
    return tuple(
        word
        for section, cells in rows_of(GLOSSARY.read_text(encoding="utf-8"))
        if section.startswith(NOT_USED)
        for word in cells[0].split(", ")
    )


def requirement_rows(config: dict[str, Any]) -> set[str]:
    """The rows that a `config` names, one or several."""
    rows = config.get("meta", {}).get("requirement", [])
    return {rows} if isinstance(rows, str) else set(rows)


@cache
def published() -> tuple[Table, ...]:
    """The published tables, read from their YAML."""
    models = [
        model
        for file in sorted((PROJECT / "dbt_project" / "models").rglob("*.yml"))
        for model in (yaml.load(file.read_bytes(), yaml.CSafeLoader) or {}).get("models", [])
    ]
    return tuple(
        Table(
            name=model["name"],
            description=model["description"],
            columns={column["name"]: column["description"] for column in model["columns"]},
            requirements={
                column["name"]: requirement_rows(column.get("config", {}))
                | requirement_rows(model.get("config", {}))
                for column in model["columns"]
            },
        )
        for model in models
        if model.get("config", {}).get("meta", {}).get("publish")
    )


def descriptions() -> Iterator[tuple[str, str]]:
    """Place and text of every description of a published table or column."""
    for table in published():
        yield table.name, table.description
        for name, text in table.columns.items():
            yield f"{table.name}.{name}", text


def spoken() -> Iterator[tuple[str, str]]:
    """Place and text, in both languages, of all that a reader of tables and report is told."""
    yield from descriptions()
    for key, (english, chinese) in yaml.safe_load(REPORT_WORDS.read_bytes()).items():
        yield f"report: {key}", f"{english} {chinese}"


@cache
def english_words() -> re.Pattern[str]:
    """Every English term as a whole word, the longest first: `cost of goods` is no `cost`."""
    words = sorted((term.english for term in glossary()), key=len, reverse=True)
    return re.compile(rf"(?<![\w.-])({'|'.join(map(re.escape, words))})s?(?![\w-])", re.IGNORECASE)


def english_terms_in(text: str) -> list[Term]:
    """The terms that a text names in English."""
    named = {word.lower() for word in english_words().findall(text)}
    return [term for term in glossary() if term.english.lower() in named]


def mistranslated(text: str) -> list[str]:
    """Terms that the English of a description names and its Chinese calls something else, or leaves out."""
    return [
        f"{term.english} is {term.chinese}"
        for term in english_terms_in(text)
        if term.section != PIPELINE and term.chinese not in text and term.english not in EVERYDAY
    ]


def test_a_description_of_a_published_table_or_column_is_in_one_language_only() -> None:
    assert published(), "no published table found"
    assert [
        place for place, text in descriptions() if not (HAN.search(text) and re.search("[a-z]{3}", text))
    ] == []


@pytest.mark.parametrize("table", published(), ids=lambda table: table.name)
def test_a_published_table_is_described_without_a_word_of_the_glossary(table: Table) -> None:
    english = set(english_terms_in(table.description))
    assert english & set(computed()), f"{table.name}: no English term of the glossary"
    assert any(term.chinese in table.description for term in computed()), f"{table.name}: no 中文 term"


def test_a_reader_is_told_a_word_that_the_glossary_does_not_use() -> None:
    assert avoided(), "the glossary names no word to avoid"
    wrong = [
        f"{place}: {word}" for place, text in spoken() for word in avoided() if word.lower() in text.lower()
    ]
    assert wrong == []


def test_english_and_chinese_of_one_text_use_different_terms() -> None:
    assert mistranslated("Share of the holdout that bought. 留白组购买率。") == ["holdout is 对照组"]
    wrong = [f"{place}: {term}" for place, text in spoken() for term in mistranslated(text)]
    assert wrong == []


def test_a_word_of_the_glossary_stands_for_two_things() -> None:
    for words in ([term.english.lower() for term in glossary()], [term.chinese for term in glossary()]):
        assert sorted(words) == sorted(set(words))


def test_the_glossary_sends_a_reader_to_a_column_that_is_not_published() -> None:
    known = {f"{table.name}.{column}" for table in published() for column in table.columns}
    named = {column for term in computed() for column in term.columns}
    assert named - known == set()
    assert [term.english for term in computed() if not term.columns] == []


def test_the_glossary_names_a_requirement_that_none_of_its_columns_carries() -> None:
    carried = {
        f"{table.name}.{column}": rows for table in published() for column, rows in table.requirements.items()
    }
    wrong = [
        f"{term.english}: {row}"
        for term in computed()
        for row in term.rows
        if not any(row in carried.get(column, ()) for column in term.columns)
    ]
    assert wrong == []


def test_a_table_speaks_of_a_figure_that_the_glossary_says_is_not_computed() -> None:
    wrong = [
        f"{place}: {term.english}"
        for place, text in descriptions()
        for term in {*english_terms_in(text), *(term for term in glossary() if term.chinese in text)}
        if term.section.startswith(NOT_YET)
    ]
    assert wrong == []


@pytest.mark.parametrize("page", CHINESE_PAGES, ids=lambda page: page.stem)
def test_a_chinese_page_uses_another_word_than_the_glossary(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [word for word in avoided() if HAN.search(word) and word in text] == []
