"""The small shop as a fixture."""

from pathlib import Path

import pytest

from tests.channels.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with an empty folder of exports and an empty home."""
    return Shop(tmp_path)
