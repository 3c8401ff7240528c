"""Opening a page and reading it as a person does: its tables, what it says to the console, what it asks for."""

from typing import Any

from playwright.sync_api import Browser, Page

from siyu.settings import Home

_ROWS = """
(name) => {
  const heading = document.getElementById(name);
  const place = heading.tagName === "FIGCAPTION" ? heading.parentElement.querySelector("table")
    : document.querySelector(`[aria-labelledby="${name}"] table`);
  const words = (cell) => (cell.querySelector('[lang="en"]') || cell).textContent.trim();
  return [...place.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.dataset.v ?? words(cell)));
}
"""


class Visit:
    """An opened report, with everything it said or asked for."""

    def __init__(
        self, browser: Browser, home: Home, *, width: int = 1440, language: str = "en", script: bool = True
    ) -> None:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=script, locale="en-US"
        )
        self.page: Page = context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.url = f"{home.report_file.as_uri()}?lang={language}"
        self.page.goto(self.url)


def rows(page: Page, name: str) -> list[list[str]]:
    """The table behind the chart, or under the heading, of this id: the exact number of a cell, else its words."""
    found: list[list[str]] = page.evaluate(_ROWS, name)
    return found


def as_text(values: Any) -> list[list[str]]:
    """Rows of SQL in the same form; a decimal keeps its digits, null is the page's dash."""
    return [["–" if value is None else _plain(value) for value in row] for row in values]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
