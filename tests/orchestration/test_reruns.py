"""Clearing a task of a night that is over: the night's result stands."""

import pytest

from siyu.clock import utc_now
from siyu.orchestration.journal import Step
from siyu.orchestration.night import audit_night, publish_night
from siyu.orchestration.runs import Run
from siyu.publication import published_state
from siyu.settings import Home, Settings
from siyu.storage import make_folder, write_json
from tests.publication.small_candidates import write_candidate


def run_of(home: Home, run_id: str) -> Run:
    """A run whose candidate has passed its audit and waits to be published."""
    write_json(make_folder(home.runs / run_id) / "inputs.json", {})
    write_candidate(home, run_id)
    return Run(home=home, settings=Settings(), run_id=run_id, run_after=utc_now(), params={})


@pytest.mark.parametrize("nights", [["night1"], ["night1", "night2"]], ids=["new", "same_as_before"])
def test_clearing_audit_and_publish_of_a_published_night_fails_or_changes_what_readers_see(
    home: Home, nights: list[str]
) -> None:
    for night in nights:
        run = run_of(home, night)
        published = publish_night(run, Step(name="publish"))
    state = published_state(home)
    audit_night(run, Step(name="audit"))
    assert publish_night(run, Step(name="publish")) == published == 1
    assert published_state(home) == state
