"""Fixtures of the recovery tests."""

from pathlib import Path

import pytest

from siyu.settings import Home
from tests.recovery.homes import copied, lived_in


@pytest.fixture(scope="session")
def lived_once(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with everything in it, made once; nobody may change it."""
    return lived_in(Home(tmp_path_factory.mktemp("lived") / "home").create())


@pytest.fixture
def lived(lived_once: Home, tmp_path: Path) -> Home:
    """A home of one's own with everything in it."""
    return copied(lived_once, tmp_path / "home")
