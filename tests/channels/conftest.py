"""The small shop, and a small world, as fixtures."""

from pathlib import Path

import pytest

from tests.channels.sandboxed import make_world
from tests.channels.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop with an empty folder of exports and an empty home."""
    return Shop(tmp_path)


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated world of a few hundred persons, for connectors that read it through the sandbox."""
    return make_world(tmp_path_factory.mktemp("world"))
