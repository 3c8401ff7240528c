"""The pages keep step: both languages with the same commands and files, and links that lead somewhere."""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from siyu.settings import PROJECT

DOCS = PROJECT / "docs"
CHINESE = DOCS / "zh-CN"
PAIRS = [
    (PROJECT / "README.md", PROJECT / "README.zh-CN.md"),
    *((page, CHINESE / page.relative_to(DOCS)) for page in sorted((DOCS / "how-to").glob("*.md"))),
]
PAGES = sorted([*PROJECT.glob("README*.md"), *DOCS.rglob("*.md")])
CHINESE_PAGES = [chinese for _, chinese in PAIRS]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
COMMAND = re.compile(r"(\.venv/bin/)?(siyu|make|docker|git) ")
NAME = re.compile(r"[\w.$<>*…/-]+")  # keys/notify, siyu.yml, SIYU_HOME, keep_publications, --force
HAN = "[\u4e00-\u9fff]"


@cache
def text_of(page: Path) -> str:
    """The text of a page, read once."""
    return page.read_text(encoding="utf-8")


def without_code(text: str) -> str:
    """The sentences of a page, its code left out."""
    return SPAN.sub("`c`", FENCE.sub("", text))


def one_line(text: str) -> str:
    """Blanks and line ends as one blank, so that how a line is broken does not matter."""
    return " ".join(text.split())


def fenced_commands(text: str) -> Iterator[str]:
    """Lines of shell blocks, without remarks."""
    for language, block in FENCE.findall(text):
        if language in ("", "sh"):
            for line in block.splitlines():
                if said := re.sub(r"(^|\s+)# .*$", "", line).strip():
                    yield one_line(said)


def named(text: str) -> Iterator[str]:
    """Commands, and words in code within sentences: files, variables, settings, tables."""
    for span in SPAN.findall(FENCE.sub("", text)):
        if COMMAND.match(span) or NAME.fullmatch(span):
            yield span


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def is_there(page: Path, link: str) -> bool:
    """True where a relative link of a page leads to a file and, if it names one, to a heading in it."""
    file, _, anchor = link.partition("#")
    target = page.parent / file if file else page
    return target.exists() and (
        not anchor or anchor in map(slug, re.findall(r"^#+ (.+)$", text_of(target), re.MULTILINE))
    )


def test_a_page_of_one_language_has_no_page_in_the_other() -> None:
    assert len(PAIRS) > 1, "no how-to page found"
    english = {page.relative_to(DOCS) for page in (DOCS / "how-to").glob("*.md")}
    chinese = {page.relative_to(CHINESE) for page in (CHINESE / "how-to").glob("*.md")}
    assert english == chinese


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda page: page.name)
def test_a_command_of_the_english_page_is_missing_in_the_chinese_one(english: Path, chinese: Path) -> None:
    there = one_line(text_of(chinese))
    commands = list(fenced_commands(text_of(english)))
    assert commands, f"{english.name} shows no command"
    assert [command for command in commands if command not in there] == []


@pytest.mark.parametrize(("english", "chinese"), PAIRS, ids=lambda page: page.name)
def test_a_file_or_setting_of_the_english_page_is_missing_in_the_chinese_one(
    english: Path, chinese: Path
) -> None:
    there = text_of(chinese)
    assert [name for name in named(text_of(english)) if f"`{name}`" not in there] == []


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "\nversion: 1\n" in text_of(page)], ids=lambda page: page.name
)
def test_a_mapping_that_a_page_shows_does_not_load(page: Path, tmp_path: Path) -> None:
    from siyu.channels.files import load_mapping

    for number, (_, block) in enumerate(FENCE.findall(text_of(page))):
        if block.startswith("version: 1\n"):
            (tmp_path / f"{number}.yml").write_text(block, encoding="utf-8")
            assert load_mapping(tmp_path / f"{number}.yml").sources


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))
def test_a_link_leads_nowhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", FENCE.sub("", text_of(page)))
    assert [link for link in links if not re.match("[a-z]+:", link) and not is_there(page, link)] == []


@pytest.mark.parametrize("page", sorted((DOCS / "how-to").glob("*.md")), ids=lambda page: page.name)
def test_a_page_sends_an_analyst_to_sql_that_is_not_there(page: Path) -> None:
    there = {file.stem for file in (PROJECT / "dbt_project").rglob("*.sql")}
    models = {name for name in named(text_of(page)) if re.fullmatch(r"(stg|int|assert)_[a-z_]+", name)}
    macros = set(re.findall(r"macro `(\w+)`", text_of(page)))
    assert (models | macros) - there == set()


@pytest.mark.parametrize("page", CHINESE_PAGES, ids=lambda page: page.name)
def test_chinese_is_set_with_half_width_punctuation_or_without_blanks(page: Path) -> None:
    text = re.sub(r"\]\([^)]*\)", "]", without_code(text_of(page))).replace("双11", "双十一")  # one word
    wrong = f"{HAN}[,;:!?(A-Za-z0-9`]|[A-Za-z0-9%`]{HAN}|{HAN} ?[*_]*[,;:?!]"
    assert [found.group() for found in re.finditer(rf".{{0,12}}(?:{wrong}).{{0,12}}", text)] == []
