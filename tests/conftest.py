"""Fixtures every room's tests share."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from docs.guarantees import IN_A_NAME
from siyu.settings import PROJECT, Home, Settings
from tests.postgres import Database, Server, running_server

# what dbt parsed is kept here: tests share it, and leave the user's own alone
os.environ["XDG_CACHE_HOME"] = str(PROJECT / ".siyu" / "cache")
_LONG = ("orchestration", "gate", "faults", "models", "privacy")
DATA_VARIABLE = "SIYU_TEST_DATA"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A created, empty home."""
    return Home(tmp_path / "home").create()


@pytest.fixture
def settings() -> Settings:
    """Default settings: Asia/Shanghai, CNY."""
    return Settings()


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The public data sets; a test that needs them skips only where the folder is absent."""
    folder = Path(os.environ.get(DATA_VARIABLE, PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no public data sets at {folder}; set {DATA_VARIABLE}")
    return folder


@pytest.fixture
def figure(record_property: Callable[[str, object], None]) -> Callable[[str, object], None]:
    """Report a measured figure of a guarantee, by its name; it goes to the test report."""
    return record_property


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that name a guarantee and those that measure; start what takes longest first, by the time it is
    given and by its room: alone at the end it would keep one worker busy.
    """
    for item in items:
        if named := IN_A_NAME.match(item.name):
            item.add_marker(pytest.mark.guarantee(named[1].upper()))
        if "figure" in item.fixturenames:  # type: ignore[attr-defined]
            item.add_marker(pytest.mark.measures)

    def place(item: pytest.Item) -> tuple[float, int]:
        given = item.get_closest_marker("timeout")
        room = item.path.parent.name
        return (-given.args[0] if given else 0, _LONG.index(room) if room in _LONG else len(_LONG))

    items.sort(key=place)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A running PostgreSQL server, one per process of tests; `postgres` gives a database in it."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Server) -> Iterator[Database]:
    """A new database with siyu installed, dropped afterwards."""
    with postgres_server.database() as database:
        yield database
