"""Build the documentation as a folder of pages that need no server and no network: `python -m docs.site`.

    site/index.html            where things are, in English and Chinese
    site/dictionary.html       the data dictionary; data-dictionary.csv beside it
    site/dbt/index.html        dbt's documentation: models, columns, tests, SQL, lineage of tables
    site/lineage/index.html    colibri's: from which columns a column comes
    site/docs/…, README.html   the Markdown pages, rendered

dbt wants a warehouse to look at, so the models are built over a home in which nothing has landed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from urllib.parse import quote, unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

from docs import dictionary
from siyu.channels.catalogue import declared
from siyu.engine import connect
from siyu.settings import PROJECT, Home, Settings
from siyu.storage import read_json
from siyu.warehouse import show_sources

SITE = PROJECT / "site"
DBT_PROJECT = PROJECT / "dbt_project"
ROOT_PAGES = ("README.md", "README.zh-CN.md", "CHANGELOG.md")
PICTURES = {".png", ".svg", ".csv"}
AS_OF = "2026-01-01"  # any day: nothing has landed
REPLACED = {"docs/data-dictionary.md": "dictionary.html"}

STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.55 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; color: #1b1f24;
  max-width: 64rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
a { color: #0a53b8; } h1, h2, h3 { line-height: 1.25; } h2 { margin-top: 2rem; }
table { border-collapse: collapse; display: block; overflow-x: auto; overflow-wrap: normal; }
th, td { border: 1px solid #c9d1d9; padding: .35rem .6rem; text-align: left; vertical-align: top; }
th { background: #f2f4f7; } code, pre { font-size: .875rem; background: #f2f4f7; }
pre { padding: .75rem; overflow-x: auto; } img { max-width: 100%; }
.muted { color: #57606a; } .type { white-space: nowrap; }
"""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A Markdown file of the project and the page of the site that shows it."""

    source: Path  # relative to the project
    target: Path  # relative to the site
    title: str

    @property
    def is_chinese(self) -> bool:
        """Whether it is written in Chinese alone."""
        return "zh-CN" in self.source.as_posix()


def build(site: Path = SITE) -> None:
    """Write the whole site; what the folder held before is replaced when all is there.

    Raises:
        SystemExit: The models do not build, or a tool did not write its page.
    """
    with tempfile.TemporaryDirectory(dir=site.parent, prefix=".site-") as folder:
        made = Path(folder) / "site"
        made.mkdir()
        target = _built_models(Path(folder))
        _dbt_page(target, made / "dbt" / "index.html", Path(folder))
        _lineage_page(target, made / "lineage" / "index.html")
        tables = dictionary.tables(read_json(target / "manifest.json"))
        _write(made / "dictionary.html", _page("Data dictionary 数据字典", _dictionary(tables)))
        _write(made / "data-dictionary.csv", dictionary.as_csv(tables))
        pages = markdown_pages()
        for page in pages:
            _write(made / page.target, rendered(page, pages))
        for picture in (PROJECT / "docs").rglob("*"):
            if picture.suffix in PICTURES:
                copy = made / picture.relative_to(PROJECT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(picture, copy)
        _write(made / "index.html", _page("siyu 私域", _index(pages)))
        shutil.rmtree(site, ignore_errors=True)
        made.rename(site)


def markdown_pages() -> list[Page]:
    """The pages of docs/ and of the root of the project, by path."""
    sources = [Path(name) for name in ROOT_PAGES if (PROJECT / name).exists()]
    sources += sorted(path.relative_to(PROJECT) for path in (PROJECT / "docs").rglob("*.md"))
    return [
        Page(source=source, target=source.with_suffix(".html"), title=_title(PROJECT / source))
        for source in sources
        if source.as_posix() not in REPLACED
    ]


def rendered(page: Page, pages: list[Page]) -> str:
    """A Markdown page as HTML; links between pages lead to pages, a link to a file of the code becomes plain words."""
    text = (PROJECT / page.source).read_text(encoding="utf-8")
    markdown = MarkdownIt("commonmark").enable("table")
    tokens = markdown.parse(re.sub(r"\A<!--.*?-->\s*", "", text, flags=re.DOTALL))
    targets = {one.source.as_posix(): one.target.as_posix() for one in pages} | REPLACED
    for token in tokens:
        _lead(token.children or [], page, targets)
    for opened, content in pairwise(tokens):
        if opened.type == "heading_open":
            opened.attrSet("id", _anchor(content.content))
    body = markdown.renderer.render(tokens, markdown.options, {})
    return _page(page.title, body, depth=len(page.target.parts) - 1, chinese=page.is_chinese)


def _built_models(folder: Path) -> Path:
    """The folder of dbt's artifacts, over an empty warehouse: manifest.json, catalog.json, static_index.html."""
    from dbt.cli.main import dbtRunner

    warehouse, target = folder / "warehouse.duckdb", folder / "target"
    with connect(warehouse, settings=Settings()) as connection:
        show_sources(connection, Home(folder / "home").create(), declared=declared())
    os.environ |= {"SIYU_WAREHOUSE_PATH": str(warehouse), "DO_NOT_TRACK": "1"}
    before = ("--quiet", "--log-level", "error", "--no-send-anonymous-usage-stats", "--log-path", str(folder))
    after = (
        *(
            "--project-dir",
            str(DBT_PROJECT),
            "--profiles-dir",
            str(DBT_PROJECT),
            "--target-path",
            str(target),
        ),
        *("--vars", json.dumps({"as_of_date": AS_OF})),
    )
    manifest = None
    for words in (
        ("parse",),
        ("build", "--resource-type", "seed", "model"),
        ("docs", "generate", "--static"),
    ):
        answer = dbtRunner(manifest=manifest).invoke([*before, *words, *after])
        if not answer.success:
            sys.exit(f"site: dbt {words[0]} failed: {answer.exception or 'its words are above'}")
        manifest = manifest or answer.result
    return target


def _dbt_page(target: Path, page: Path, folder: Path) -> None:
    """dbt's own page, without the paths of the machine that made it."""
    text = (target / "static_index.html").read_text(encoding="utf-8")
    _write(page, text.replace(str(folder), "").replace(str(PROJECT), ""))


def _lineage_page(target: Path, page: Path) -> None:
    """colibri's page. Columns that it cannot follow are counted: the page would show them without an origin."""
    done = subprocess.run(
        [
            *(str(Path(sys.executable).parent / "colibri"), "generate", "--light", "--disable-telemetry"),
            *("--manifest", str(target / "manifest.json"), "--catalog", str(target / "catalog.json")),
            *("--output-dir", str(target / "colibri")),
        ],
        env=os.environ | {"DO_NOT_TRACK": "1", "DBT_COLIBRI_NO_VERSION_CHECK": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"site: colibri failed\n{done.stdout}{done.stderr}")
    if lost := re.findall(r"\[ERROR\].*", done.stdout + done.stderr):
        sys.stderr.write(f"site: colibri lost {len(lost)} columns, the first: {lost[0]}\n")
    _write(page, (target / "colibri" / "index.html").read_text(encoding="utf-8"))


def _dictionary(tables: list[dictionary.Table]) -> str:
    """Every table with its columns; each has an anchor, `#kpi_daily.gmv_amount`, to be linked to."""
    links = [f'<a href="#{table.entry.table}">{table.entry.table}</a>' for table in tables]
    parts = [
        '<p>For a spreadsheet 表格软件用: <a href="data-dictionary.csv">CSV</a>. '
        '<a href="docs/glossary.html">Glossary 术语表</a>, <a href="docs/requirements.html">requirements 需求</a>, '
        '<a href="dbt/index.html">models and tests 模型与测试</a>.</p>',
        f"<p>{' · '.join(links)}</p>",
    ]
    for table in tables:
        entry = table.entry
        parts.append(
            f'<h2 id="{entry.table}">{entry.schema}.{entry.table}</h2>'
            f'<p>{escape(entry.description_en)}</p><p lang="zh-CN">{escape(entry.description_zh)}</p>'
            f'<p class="muted">{entry.grain}; primary key 主键: {", ".join(table.primary_key)}</p>'
            "<table><thead><tr><th>column 字段</th><th>type 类型</th><th>description</th><th>说明</th>"
            "<th>rows 需求</th><th>checks 检查</th></tr></thead><tbody>"
        )
        parts += [
            f'<tr id="{one.table}.{one.column}"><td><code>{one.column}</code>{" *" if one.key else ""}</td>'
            f'<td class="type">{one.type}</td><td>{escape(one.description_en)}</td>'
            f'<td lang="zh-CN">{escape(one.description_zh)}</td><td>{escape(one.requirement)}</td>'
            f"<td>{escape(one.checks)}</td></tr>"
            for one in table.columns
        ]
        parts.append("</tbody></table>")
    parts.append('<p class="muted">* part of the primary key 主键的一部分</p>')
    return "\n".join(parts)


def _index(pages: list[Page]) -> str:
    """The entrance: what people look for most first, then every page by folder."""
    parts = [
        "<p>Nightly member, segment and ROI marts for private-domain marketing."
        " 私域会员、分群与 ROI 数据集市，每晚更新。</p>",
        "<ul>",
        '<li><a href="dictionary.html">Data dictionary 数据字典</a>'
        ' (<a href="data-dictionary.csv">CSV</a>): every table and column 所有表与字段</li>',
        '<li><a href="dbt/index.html">Models 模型</a>: SQL, tests, lineage of tables 模型的 SQL、测试与表级血缘</li>',
        '<li><a href="lineage/index.html">Lineage 血缘</a>: where a column comes from 字段级血缘</li>',
        "</ul>",
    ]
    folders: dict[str, list[Page]] = {}
    for page in pages:
        folders.setdefault(page.source.parent.as_posix(), []).append(page)
    for folder, members in folders.items():
        parts.append(f'<h2 id="{folder}">{FOLDERS.get(folder, folder)}</h2><ul>')
        parts += [
            f'<li><a href="{quote(one.target.as_posix())}">{escape(one.title)}</a></li>' for one in members
        ]
        parts.append("</ul>")
    return "\n".join(parts)


FOLDERS = {
    ".": "Start here 从这里开始",
    "docs": "Reference 参考",
    "docs/decisions": "Decisions 决策记录",
    "docs/how-to": "How to",
    "docs/runbooks": "Runbooks 运维手册",
    "docs/zh-CN": "中文文档",
    "docs/zh-CN/how-to": "操作指南",
}


def _page(title: str, body: str, *, depth: int = 0, chinese: bool = False) -> str:
    home = "../" * depth + "index.html"
    heading = "" if body.lstrip().startswith("<h1") else f"<h1>{escape(title)}</h1>"
    return (
        f'<!DOCTYPE html>\n<html lang="{"zh-CN" if chinese else "en"}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        f'<nav><a href="{home}">siyu 私域</a></nav>\n<main>{heading}\n{body}\n</main>\n</body>\n</html>\n'
    )


def _lead(words: list[Token], page: Page, targets: dict[str, str]) -> None:
    """Turn links to files of the project into links to their pages; what the site does not show becomes plain words."""
    is_plain = False
    for word in words:
        if word.type == "link_open":
            href = str(word.attrGet("href"))
            shown = href if re.match(r"[a-z]+:|#", href) else _shown(href, page, targets)
            is_plain = shown is None
            word.attrSet("href", shown or "")
        if word.type in {"link_open", "link_close"}:
            word.hidden = is_plain


def _shown(href: str, page: Page, targets: dict[str, str]) -> str | None:
    """Where the site shows a file that a page links to; None: nowhere."""
    path, _, anchor = unquote(href).partition("#")
    found = Path(os.path.normpath(page.source.parent / path)).as_posix()
    if found in targets:
        place = targets[found] + (f"#{anchor}" if anchor and found not in REPLACED else "")
    elif found in FOLDERS:
        place = f"index.html#{found}"
    elif found.startswith("docs/") and Path(found).suffix in PICTURES and (PROJECT / found).exists():
        place = found
    else:
        return None
    return "../" * (len(page.target.parts) - 1) + quote(place, safe="/#")


def _anchor(heading: str) -> str:
    """The id that a heading has on the usual hosts of Markdown, so that links into a page hold."""
    return re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower()).strip().replace(" ", "-")


def _title(path: Path) -> str:
    found = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return found.group(1).replace("`", "") if found else path.stem


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    build()
    sys.stdout.write(f"{SITE / 'index.html'}\n")
