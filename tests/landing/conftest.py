"""Fixtures of the landing tests."""

import pytest

from siyu.settings import Home, Settings
from tests.landing.shop import Shop


@pytest.fixture
def shop(home: Home, settings: Settings) -> Shop:
    """A shop that lands in an empty home."""
    return Shop(home, settings)
