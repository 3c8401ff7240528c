"""The documentation site, built once and looked at in a real browser: it shows columns, and leads nowhere wrong."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from docs.browser import chromium
from docs.site import build
from siyu.settings import PROJECT

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1200)]  # builds every model and opens a browser

LOCAL = ("file:", "data:", "blob:")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "site"
    build(folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


def opened(browser: Browser, address: str, *, width: int = 1440) -> tuple[Page, list[str]]:
    """The page in a browser that reaches no network, and what went wrong on it so far."""
    context = browser.new_context(viewport={"width": width, "height": 900}, offline=True)
    page = context.new_page()
    wrong: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # dbt's page asks for the pictures of its templates before they are filled in
        of_template = "getIcon" in message.text or "ERR_FILE_NOT_FOUND" in message.text
        if message.type == "error" and not of_template:
            wrong.append(message.text)

    page.on("console", heard)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda asked: asked.url.startswith(LOCAL) or wrong.append(asked.url))
    page.goto(address)
    return page, wrong


def test_the_page_of_dbt_shows_no_columns_of_a_model(site: Path, browser: Browser) -> None:
    page, wrong = opened(browser, f"{(site / 'dbt' / 'index.html').as_uri()}#!/model/model.siyu.kpi_daily")
    page.get_by_text("gmv_amount").first.wait_for(timeout=60_000)
    shown = page.inner_text("body")
    assert "kpi_daily" in shown
    assert {"gmv_amount", "buyer_count", "repurchase_rate"} <= set(re.findall(r"\w+", shown))
    assert wrong == []


def test_the_page_of_colibri_shows_no_model(site: Path, browser: Browser) -> None:
    page, wrong = opened(browser, (site / "lineage" / "index.html").as_uri())
    page.get_by_text("COLUMNS (").first.wait_for(timeout=60_000)  # it opens with some model
    assert wrong == []


@pytest.mark.parametrize("width", [1440, 390])
def test_the_dictionary_lacks_a_column_or_scrolls_sideways(site: Path, browser: Browser, width: int) -> None:
    page, wrong = opened(browser, (site / "dictionary.html").as_uri(), width=width)
    row = page.locator('[id="kpi_daily.gmv_amount"]')
    assert "gmv_amount" in row.inner_text()
    assert row.locator("[lang=zh-CN]").inner_text().strip()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert wrong == []


def test_a_link_of_the_site_leads_nowhere(site: Path) -> None:
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    own = {path: text for path, text in pages.items() if path.parent.name not in {"dbt", "lineage"}}
    assert len(own) > 20
    lost = []
    for path, text in own.items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            file, _, anchor = unquote(link).partition("#")
            if re.match(r"[a-z]+:", file):
                continue
            target = (path.parent / file).resolve() if file else path
            if not target.is_file() or (anchor and f'id="{anchor}"' not in pages.get(target, "")):
                lost.append(f"{path.relative_to(site)}: {link}")
    assert lost == []


def test_the_site_tells_where_it_was_made(site: Path) -> None:
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert str(PROJECT) not in text, path
        assert str(site.parent) not in text, path
