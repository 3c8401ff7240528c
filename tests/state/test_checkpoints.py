"""Checkpoints: the last one counts, another revision has none, and what they hold is sealed."""

from siyu.settings import Home
from siyu.state.checkpoints import Checkpoints
from siyu.state.sealing import Box

WINDOW = "shop/1/orders/2026-11-01..2026-11-02"


def checkpoints(home: Home) -> Checkpoints:
    return Checkpoints(home, Box(bytes(32)))


def test_the_last_position_is_found_by_another_process_object(home: Home) -> None:
    checkpoints(home).put(WINDOW, "r1", {"page": 1})
    checkpoints(home).put(WINDOW, "r1", {"page": 2})
    assert checkpoints(home).get(WINDOW, "r1") == {"page": 2}


def test_another_revision_of_the_declaration_starts_anew(home: Home) -> None:
    checkpoints(home).put(WINDOW, "r1", {"page": 1})
    assert checkpoints(home).get(WINDOW, "r2") is None


def test_a_forgotten_window_starts_anew(home: Home) -> None:
    checkpoints(home).put(WINDOW, "r1", {"page": 1})
    checkpoints(home).forget(WINDOW)
    assert checkpoints(home).get(WINDOW, "r1") is None


def test_a_cursor_that_names_a_person_is_not_in_the_database_file(home: Home) -> None:
    checkpoints(home).put(WINDOW, "r1", {"cursor": "wmCanary0001"})
    assert not any(b"wmCanary0001" in file.read_bytes() for file in home.state.iterdir())
