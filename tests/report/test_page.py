"""The page as a reader meets it: every width, both languages, keyboard, printer, no script, nothing from elsewhere."""

import re
import stat
from collections.abc import Callable
from typing import Any

import duckdb
import pytest
from playwright.sync_api import Page

from siyu.settings import Home
from tests.report.homes import HOSTILE_BRAND, HOSTILE_CAMPAIGN, MISSING
from tests.report.looking import Visit

pytestmark = pytest.mark.xdist_group("report")

SECTIONS = (
    *("headline", "published", "changed", "sales", "rfm", "cohorts"),
    *("campaigns", "channels", "audit", "rows", "timings"),
)
SMALLEST_TEXT = 12  # pixels
CONTRAST, CONTRAST_OF_LARGE = 4.5, 3.0  # WCAG 2.2 AA

OpenReport = Callable[..., Visit]

# every visible text with its size, and its contrast with what is painted behind its middle
_TEXTS = """
() => {
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parse = (colour) => (colour.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const solid = (colour) => colour && colour !== "none" && (parse(colour)[3] ?? 1) === 1;
  const behind = (element) => {
    const svg = element.closest("svg");
    if (svg) {
      const box = element.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
      const rects = [...svg.querySelectorAll("rect")].filter((rect) => {
        const own = rect.getBoundingClientRect();
        return own.left <= x && x <= own.right && own.top <= y && y <= own.bottom
          && (rect.compareDocumentPosition(element) & 4) && solid(getComputedStyle(rect).fill);
      });
      if (rects.length) return parse(getComputedStyle(rects[rects.length - 1]).fill);
    }
    for (let at = element; at; at = at.parentElement)
      if (solid(getComputedStyle(at).backgroundColor)) return parse(getComputedStyle(at).backgroundColor);
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    const box = element.getBoundingClientRect();
    if (!text || ["SCRIPT", "STYLE", "title"].includes(element.tagName) || !box.width || !box.height) continue;
    const style = getComputedStyle(element);
    const ink = light(parse(element.closest("svg") ? style.fill : style.color)), paper = light(behind(element));
    found.push({
      text: text.slice(0, 40), size: parseFloat(style.fontSize), weight: Number(style.fontWeight),
      contrast: (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05),
    });
  }
  return found;
}
"""
_WIDER_THAN_THE_WINDOW = """
() => {
  const wide = document.scrollingElement.scrollWidth > window.innerWidth;
  const outside = [...document.querySelectorAll("body *")].filter((element) => {
    const box = element.getBoundingClientRect();
    return box.width && !element.closest(".wide, .skip, .choice input")
      && (box.right > window.innerWidth + 1 || box.left < -1);
  });
  return [wide, outside.map((element) => `${element.tagName}.${element.className.baseVal ?? element.className}`)];
}
"""


@pytest.mark.parametrize(
    ("width", "language"),
    [
        (1440, "en"),
        (390, "zh"),
        pytest.param(390, "en", marks=pytest.mark.soak),
        pytest.param(1440, "zh", marks=pytest.mark.soak),
    ],
)
def test_the_page_cannot_be_read_at_this_width(
    visit: OpenReport, busy: Home, width: int, language: str
) -> None:
    """With every table open: no sideways scrolling, no small text, no pale text, nothing for the console."""
    seen = visit(busy, width=width, language=language)
    seen.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert seen.page.evaluate(_WIDER_THAN_THE_WINDOW) == [False, []]
    texts: list[dict[str, Any]] = seen.page.evaluate(_TEXTS)
    assert len(texts) > 500
    assert [text for text in texts if text["size"] < SMALLEST_TEXT] == []
    pale = [text for text in texts if text["contrast"] < _wanted_contrast(text)]
    assert pale == []
    assert seen.said == []


def _wanted_contrast(text: dict[str, Any]) -> float:
    is_large = text["size"] >= 24 or (text["size"] >= 18.66 and text["weight"] >= 700)
    return CONTRAST_OF_LARGE if is_large else CONTRAST


def test_a_chart_lacks_axes_units_or_its_table(shown: Page) -> None:
    figures = shown.locator("[data-brand='1'] figure, #timings figure")
    # four of sales, four windows of RFM, cohorts, two of lift, two of channels, two of time
    assert figures.count() == 15
    for figure in figures.all():
        name = figure.locator("figcaption").text_content()
        axes = [figure.locator(f".axis-{axis} [lang=en]").text_content() or "" for axis in "xy"]
        assert all(axes), name
        assert re.search(r"CNY|[Pp]ersons|%|points|seconds|Months", " ".join(axes)), (name, axes)
        assert figure.locator("details table tbody tr").count() > 0, name
        assert figure.locator("details table th").count() > 1, name


def test_a_chart_is_drawn_with_other_numbers_than_its_table(shown: Page) -> None:
    """A column is as high as its month is large; a line, a cell, an interval for each row that has a value."""
    heights, values = shown.evaluate(
        """() => {
          const figure = document.getElementById("b1-months").parentElement;
          return [[...figure.querySelectorAll("rect.bar")].map((bar) => Number(bar.getAttribute("height"))),
            [...figure.querySelectorAll("tbody tr")].map((row) => Number(row.cells[1].dataset.v))];
        }"""
    )
    assert len(heights) == len(values) > 20
    per_yuan = heights[0] / values[0]
    assert heights == pytest.approx([value * per_yuan for value in values], abs=0.01)
    marks = {
        "b1-cohorts": ("rect.paint", "td[data-v].num:nth-child(n+3)"),
        "b1-buyers": ("path[class=line]", "th[data-role=y]"),
        "b1-rate-lift": ("circle", "tbody tr"),
        "steps": ("rect.bar", "tbody tr"),
    }
    for name, (drawn, told) in marks.items():
        figure = shown.locator(f"figure:has(#{name})")
        found = figure.locator(f".canvas > svg {drawn}").count()
        assert found == figure.locator(f"details {told}").count() > 0, name


def test_what_a_publication_is_without_is_not_said(shown: Page, visit: OpenReport, empty: Home) -> None:
    assert shown.locator(".alert [lang=en]").all_text_contents() == [
        f"Incomplete: published without the day's news of {', '.join(MISSING)}."
    ]
    assert visit(empty).page.locator(".alert").count() == 0


def test_an_empty_publication_breaks_the_page(visit: OpenReport, empty: Home) -> None:
    seen = visit(empty)
    for section in SECTIONS:
        if section != "published":  # its tables are there, with no or few rows
            assert seen.page.locator(f"#{section} .empty").count() > 0, section
    assert seen.page.locator("figure:not(:has(.empty))").count() == 0
    assert seen.page.locator(".canvas").count() == 0
    assert seen.page.evaluate(_WIDER_THAN_THE_WINDOW) == [False, []]
    assert seen.said == []


def test_the_page_asks_for_something_or_runs_what_a_name_holds(visit: OpenReport, busy: Home) -> None:
    seen = visit(busy)
    assert seen.asked == [seen.url] + [url for url in seen.asked[1:] if url.startswith("data:")]
    assert seen.page.evaluate("window.broken === undefined")
    assert seen.page.locator("main img, main svg[onload]").count() == 0
    assert HOSTILE_BRAND in (seen.page.locator("#headline .brand-name").nth(1).text_content() or "")
    assert HOSTILE_CAMPAIGN in (seen.page.locator("figure:has(#b1-rate-lift) table").text_content() or "")
    assert HOSTILE_CAMPAIGN[:12] in (seen.page.locator("figure:has(#b1-rate-lift) svg").text_content() or "")
    # a second lock: what could be smuggled in would not run
    seen.page.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.broken=1\">')"
    )
    seen.page.wait_for_timeout(50)
    assert seen.page.evaluate("window.broken === undefined")


def test_a_person_can_be_found_on_the_page(busy: Home) -> None:
    text = busy.report_file.read_text(encoding="utf-8")
    with duckdb.connect(str(busy.marts_file), read_only=True) as marts:
        rows = marts.execute(
            "select member_id from dim_members where is_known union all select order_key from fct_orders"
            " union all select touch_key from fct_touches union all select refund_key from fct_refunds"
        ).fetchall()
    keys = [key for (key,) in rows]
    people = {f"tmall_shop-{n}" for n in range(200)} | {f"visitor-{n}" for n in range(40)}
    words = set(re.findall(r"[\w|:-]+", text))
    assert len(keys) > 2000
    assert [key for key in keys if key in text] == []
    assert people & words == set()
    assert re.findall(r"(?<![\d.,])1[3-9]\d{9}(?!\d)", text) == []  # a phone number


def test_a_keyboard_does_not_reach_everything(visit: OpenReport, busy: Home) -> None:
    page = visit(busy).page
    reached: list[str] = []
    for _ in range(400):
        page.keyboard.press("Tab")
        now = page.evaluate(
            "(() => { const at = document.activeElement, name = at.getAttribute('href') || at.name || '';"
            " return at === document.body ? '' : `${at.tagName} ${name}`; })()"
        )
        if not now:
            break
        reached.append(now)
    assert reached[0] == "A #headline"
    assert {f"A #{section}" for section in SECTIONS} <= set(reached)
    assert {"INPUT language", "INPUT brand", "INPUT b1-window"} <= set(reached)
    hidden = page.locator("summary").count() - page.locator("summary:visible").count()
    assert sum(one.startswith("SUMMARY") for one in reached) == page.locator("summary").count() - hidden > 10

    page.locator("figure:has(#b1-months) summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("figure:has(#b1-months) details table").is_visible()
    page.locator("#en").focus()
    page.keyboard.press("ArrowRight")
    assert page.locator("h1").inner_text() == "siyu 每晚报告"
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"


def test_a_choice_does_not_change_what_is_shown(visit: OpenReport, busy: Home) -> None:
    page = visit(busy).page
    assert page.locator("#sales [data-brand='1']").is_visible()
    assert page.locator("#sales [data-brand='2']").is_hidden()
    page.locator("[name=brand][value='2']").check(force=True)
    assert page.locator("#sales [data-brand='1']").is_hidden()
    assert page.locator("figure:has(#b2-days) .canvas svg rect.bar").count() > 0
    page.locator("[name=brand][value='1']").check(force=True)
    page.locator("[name=b1-window][value='30d']").check(force=True)
    seen = page.locator("#rfm [data-window]:visible")
    assert [one.get_attribute("data-window") for one in seen.all()] == ["30d"]


def test_without_script_there_is_nothing_to_read(visit: OpenReport, busy: Home) -> None:
    page = visit(busy, script=False).page
    assert page.locator("figure:has(#b2-days) summary").is_visible()
    page.locator("figure:has(#b1-days) summary").click()
    assert page.locator("figure:has(#b1-days) table tbody tr").count() == 90
    page.locator("#zh").check(force=True)
    assert page.locator("h1").inner_text() == "siyu 每晚报告"


def test_the_print_is_cut_off_or_too_small(visit: OpenReport, busy: Home) -> None:
    """A4 between its margins; the browser prints charts at the width of the paper."""
    seen = visit(busy)
    seen.page.set_viewport_size({"width": 688, "height": 900})
    seen.page.emulate_media(media="print")
    seen.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert seen.page.evaluate(_WIDER_THAN_THE_WINDOW) == [False, []]
    texts: list[dict[str, Any]] = seen.page.evaluate(_TEXTS)
    assert [text for text in texts if text["size"] < SMALLEST_TEXT] == []
    assert seen.page.locator("nav, fieldset").first.is_hidden()


def test_the_page_is_heavy(visit: OpenReport, busy: Home, figure: Callable[[str, object], None]) -> None:
    size, seconds = busy.report_file.stat().st_size, _seconds_of_work(visit(busy).page)
    figure("bytes of the report", size)
    figure("seconds of a browser's work to show the report", round(seconds, 2))
    assert size < 2_000_000
    assert 0 < seconds < 2
    assert stat.S_IMODE(busy.report_file.stat().st_mode) == 0o600


def _seconds_of_work(page: Page) -> float:
    """Processor time of the page's thread to load, run and lay it out again; other work of the machine is not in it."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.reload()
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])
