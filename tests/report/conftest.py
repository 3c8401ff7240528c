"""Homes with a report, and a real browser that opens it; both made once per session."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from docs.browser import chromium
from siyu.settings import Home
from tests.gate.conftest import template
from tests.gate.stories import Template
from tests.report.homes import busy_home, empty_home, written
from tests.report.looking import Visit

__all__ = ["template"]  # a fixture, built once for both rooms


@pytest.fixture(scope="session")
def busy(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = busy_home(template, tmp_path_factory.mktemp("busy") / "home")
    written(home)
    return home


@pytest.fixture(scope="session")
def empty(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = empty_home(template, tmp_path_factory.mktemp("empty") / "home")
    written(home)
    return home


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Closed before tests of other rooms run: its event loop would stand in their way."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens the report of a home, as `Visit`; what was opened is closed after the test."""
    visits: list[Visit] = []

    def open_report(home: Home, **how: Any) -> Visit:
        visits.append(Visit(browser, home, **how))
        return visits[-1]

    yield open_report
    for one in visits:
        one.page.context.close()


@pytest.fixture(scope="package")
def shown(browser: Browser, busy: Home) -> Page:
    """The busy shop's page at 1440 px, shared by tests that change nothing on it."""
    return Visit(browser, busy).page
