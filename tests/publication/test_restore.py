"""Rollback brings rows back under a new number and holds; resume lets the night through again."""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from siyu.errors import DamagedFileError, RefusedError, UsageError
from siyu.publication import (
    current_publication,
    publication_log,
    publish_candidate,
    published_state,
    resume,
    rollback,
)
from siyu.settings import Home, Settings
from siyu.state import audit_log
from tests.publication import processes
from tests.publication.small_candidates import bytes_of, leftovers, served, write_candidate

WHO = {"by": "li.na", "reason": "wrong price list"}


def publish_nights(home: Home, settings: Settings, count: int) -> list[str]:
    """The published state after each of `count` nights."""
    states = []
    for number in range(1, count + 1):
        write_candidate(home, f"night{number}", amount=f"{10 + number}.00")
        publish_candidate(home, settings, f"night{number}")
        states.append(published_state(home))
    return states


@pytest.mark.parametrize("restored", [3, 4, 5])
def test_f7_a_rollback_gives_other_rows_than_were_published(
    home: Home, settings: Settings, restored: int
) -> None:
    states = publish_nights(home, settings, 5)
    publication = rollback(home, settings, restored, **WHO)
    assert (publication.id, publication.restores, publication.is_new) == (6, restored, True)
    assert published_state(home) == states[restored - 1]
    assert served(home, "select publication_id, restores from marts.publish_log order by 1") == [
        *((number, None) for number in range(1, 6)),
        (6, restored),
    ]


def test_rollback_changes_the_publication_it_restores(home: Home, settings: Settings) -> None:
    publish_nights(home, settings, 2)
    before = bytes_of(home.publications)
    rollback(home, settings, 1, **WHO)
    after = bytes_of(home.publications)
    assert {name: after[name] for name in before} == before


def test_a_night_publishes_over_a_rollback(home: Home, settings: Settings) -> None:
    publish_nights(home, settings, 2)
    rollback(home, settings, 1, **WHO)
    before = bytes_of(home.publications, home.published)
    write_candidate(home, "night3", amount="99.00")
    with pytest.raises(RefusedError, match=r"on hold since rollback to 1 by li\.na .*siyu publish --resume"):
        publish_candidate(home, settings, "night3")
    assert bytes_of(home.publications, home.published) == before

    ended = resume(home, settings, by="wang.wei", reason="prices mended")
    assert ended is not None
    assert (ended.by, ended.restores) == ("li.na", 1)
    assert publish_candidate(home, settings, "night3").id == 4
    assert served(home, "select sum(paid_amount) from marts.fct_orders") == [(Decimal("297.00"),)]


def test_a_rollback_or_resume_is_missing_from_the_audit_log(home: Home, settings: Settings) -> None:
    publish_nights(home, settings, 2)
    rollback(home, settings, 1, **WHO)
    resume(home, settings, by="wang.wei", reason="prices mended")
    assert [(entry.action, entry.by, entry.reason, entry.details) for entry in audit_log.entries(home)] == [
        ("rollback", "li.na", "wrong price list", {"publication": 1}),
        ("resume", "wang.wei", "prices mended", {"publication": 1}),
    ]


@pytest.mark.parametrize("who", [{"by": " ", "reason": "x"}, {"by": "x", "reason": ""}])
def test_a_rollback_without_a_name_or_reason_is_done(
    home: Home, settings: Settings, who: dict[str, str]
) -> None:
    publish_nights(home, settings, 2)
    with pytest.raises(UsageError):
        rollback(home, settings, 1, **who)
    assert [record.id for record in publication_log(home)] == [1, 2]


def test_a_rollback_to_what_is_not_there_does_something(home: Home, settings: Settings) -> None:
    publish_nights(home, settings, 2)
    with pytest.raises(UsageError, match="publication 7 is not there; expected one of: 1, 2"):
        rollback(home, settings, 7, **WHO)
    write_candidate(home, "night3", amount="20.00")
    assert publish_candidate(home, settings, "night3").id == 3


def test_f25_a_rollback_serves_damaged_files(home: Home, settings: Settings) -> None:
    publish_nights(home, settings, 2)
    state = published_state(home)
    file = home.publications / "000001" / "fct_orders.parquet"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(DamagedFileError, match="fct_orders"):
        rollback(home, settings, 1, **WHO)
    assert published_state(home) == state


def test_the_same_rollback_again_makes_another_publication(home: Home, settings: Settings) -> None:
    publish_nights(home, settings, 2)
    first = rollback(home, settings, 1, **WHO)
    again = rollback(home, settings, 1, **WHO)
    assert (again.id, again.is_new) == (first.id, False)
    other = rollback(home, settings, 2, **WHO)
    assert (other.id, other.restores) == (4, 2)


def test_resume_without_a_hold_fails(home: Home, settings: Settings) -> None:
    assert resume(home, settings, **WHO) is None


def test_f5_a_kill_during_a_rollback_shows_a_third_state_or_needs_a_hand(
    home: Home, settings: Settings, tmp_path: Path
) -> None:
    old, new = publish_nights(home, settings, 2)

    def prepare(change: int) -> tuple[Path, tuple[int]]:
        return Path(shutil.copytree(home.root, tmp_path / f"killed{change}")), (1,)

    killed = processes.every_kill_point(processes.roll_back, prepare)
    assert len(killed) >= 12
    for root in killed:
        disturbed = Home(root)
        assert published_state(disturbed) in {old, new}, root.name
        publication = rollback(disturbed, settings, 1, **WHO)
        assert (publication.id, publication.restores) == (3, 1), root.name
        assert published_state(disturbed) == old, root.name
        current = current_publication(disturbed)
        assert current is not None
        assert current.id == 3, root.name
        assert leftovers(disturbed) == [], root.name
