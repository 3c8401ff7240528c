"""Accounts that share no identifier and are probably one person's: suggested, decided, and never joined in silence.

Real landings, builds and publications of one home, night after night; the gate alone is left out.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from siyu.orchestration import night
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.publication import candidate_folder
from siyu.settings import PROJECT, Home, Settings
from siyu.warehouse import build_warehouse
from tests.gate.worlds import AS_OF, World
from tests.publication.small_candidates import served, served_restricted, write_verdict

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900), pytest.mark.xdist_group("members_matched")]

OFF = Settings(duckdb_threads=1, duckdb_memory_limit="1GB")
SUGGESTING = OFF.model_copy(update={"match_members": True})
ACCEPTING = SUGGESTING.model_copy(update={"dbt_vars": {"match_accepted_from": 0.95}})
OTHER_SHOP = "jd_shop"
TWICE = ("wang", "zhao", "qian", "sun")  # with an account in either shop; sun has two in one of them as well
CANDIDATES = """
select
    left_identifier, right_identifier, status, is_one_member,
    is_same_name, is_same_birthday, is_same_address, match_probability, member_id, other_member_id
from {schema}.rpt_member_match_candidates
"""
EVENTS = "select event, from_member_id, to_member_id, reasons from {schema}.fct_identity_events"


@dataclass(frozen=True, kw_only=True)
class Story:
    """What was told of pairs of accounts by night, accounts named as their shops name them."""

    told: dict[str, dict[frozenset[str], tuple[Any, ...]]] = field(default_factory=dict)
    events: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    members: dict[str, dict[str, str]] = field(default_factory=dict)


def shops() -> World:
    """Two shops with customers who differ in everything, but for those who are in both, and a namesake."""
    world = World()
    born = date(1960, 1, 2)
    for number in range(80):
        shop = {} if number % 2 else {"channel": OTHER_SHOP}
        person = told(f"路人{number:03d}", born + timedelta(days=37 * number), f"杭州市文一路{number}号")
        world.customer(f"somebody-{number}", **shop, **person)
    for number, name in enumerate(TWICE):
        person = told(f"{name}一一", born + timedelta(days=5000 + number), f"宁波市中山路{number}号")
        world.customer(name, phone=f"1391234567{number}", **person)
        world.customer(f"{name}-again", channel=OTHER_SHOP, email=f"{name}@example.com", **person)
    sun = told("sun一一", born + timedelta(days=5003), "宁波市中山路3号")
    world.customer("sun-twice", **sun)
    world.customer("namesake", channel=OTHER_SHOP, **told("wang一一", date(1999, 9, 9), "温州市人民路8号"))
    world.order(customer="wang")
    return world


def told(name: str, birthday: date, address: str) -> dict[str, str]:
    return {"full_name": name, "birth_date": birthday.isoformat(), "address": address, "province": "浙江"}


def publish_night(home: Home, name: str, settings: Settings) -> None:
    run = Run(
        home=home, settings=settings, run_id=name, run_after=datetime(2024, 3, 1, tzinfo=UTC), params={}
    )
    night.build_night(run, Step(name="build"))
    night.export_night(run, Step(name="export"))
    write_verdict(candidate_folder(home, name))
    night.publish_night(run, Step(name="publish"))


def accounts(home: Home) -> dict[str, str]:
    """The account that an identifier is, as its shop names it."""
    from siyu.landing.personal import open_keys

    tokenizer = open_keys(home).tokenizer
    return {
        f"customer|{row['channel_code']}|{tokenizer.customer('default', row['channel_code'], row['customer_id'])}": row[
            "customer_id"
        ]
        for row in shops().rows["customers"]
    }


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """A night without the step, one that suggests, one that accepts, and a build with decisions."""
    home = Home(tmp_path_factory.mktemp("matched") / "home").create()
    shops().land(home, OFF)
    named = accounts(home)
    story = Story()

    def note(name: str, rows: list[tuple[Any, ...]]) -> None:
        story.told[name] = {frozenset({named[row[0]], named[row[1]]}): row[2:] for row in rows}

    def tell_night(name: str, settings: Settings) -> None:
        publish_night(home, name, settings)
        note(name, served_restricted(home, CANDIDATES.format(schema="restricted")))
        story.events[name] = served(home, EVENTS.format(schema="marts"))
        crosswalk = served_restricted(
            home, "select identifier, member_id from restricted.dim_member_identifiers"
        )
        story.members[name] = {
            named[identifier]: member for identifier, member in crosswalk if identifier in named
        }

    tell_night("off", OFF)
    tell_night("suggesting", SUGGESTING)
    project = Path(
        shutil.copytree(PROJECT / "dbt_project", tmp_path_factory.mktemp("decided") / "dbt_project")
    )
    of = {name: identifier for identifier, name in named.items()}
    decide(project / "seeds" / "identity_links.csv", of["zhao-again"], of["zhao"])
    decide(project / "seeds" / "identity_unlinks.csv", of["qian"], of["qian-again"])
    built = build_warehouse(
        home, ACCEPTING, run_id="decided", as_of=AS_OF, project=project, published=night._published(home)
    )
    with duckdb.connect(str(built.path), read_only=True) as connection:
        note("decided", connection.execute(CANDIDATES.format(schema="marts")).fetchall())
        story.events["decided"] = connection.execute(EVENTS.format(schema="core")).fetchall()
    tell_night("accepting", ACCEPTING)
    return story


def decide(seed: Path, left: str, right: str) -> None:
    with seed.open("a", encoding="utf-8") as file:
        file.write(f"{left},{right},2024-02-01 00:00:00,li.na,asked them\n")


def both(name: str) -> frozenset[str]:
    return frozenset({name, f"{name}-again"})


def test_somebody_is_suggested_while_the_step_is_off(story: Story) -> None:
    assert story.told["off"] == {}


def test_one_person_with_two_accounts_is_not_suggested_or_a_namesake_is(story: Story) -> None:
    suggested = story.told["suggesting"]
    assert suggested.keys() == {
        *map(both, TWICE),
        frozenset({"sun", "sun-twice"}),
        frozenset({"sun-again", "sun-twice"}),
    }
    for status, is_one_member, *agree, probability, member, other in suggested.values():
        assert (status, is_one_member, agree, member == other) == ("suggested", False, [True] * 3, False)
        assert 0.9 <= probability <= 1


def test_a_suggestion_changes_who_is_who(story: Story) -> None:
    assert story.members["suggesting"] == story.members["off"]
    assert story.events["suggesting"] == []


def merges(story: Story, name: str) -> dict[frozenset[str], list[str]]:
    """Whom a night made one, and why."""
    return {frozenset(pair): reasons for event, *pair, reasons in story.events[name] if event == "merge"}


def were(story: Story, name: str) -> frozenset[str]:
    """Who had the two accounts of a person in the night before anything was followed."""
    before = story.members["suggesting"]
    return frozenset({before[name], before[f"{name}-again"]})


def test_what_is_sure_enough_is_not_followed_or_in_silence(story: Story) -> None:
    after = story.members["accepting"]
    for name in TWICE[:3]:
        assert after[name] == after[f"{name}-again"]
        assert story.told["accepting"][both(name)][:2] == ("accepted_by_rule", True)
        assert merges(story, "accepting")[were(story, name)] == ["match"]


def test_a_match_breaks_the_limit_of_accounts_in_one_shop(story: Story) -> None:
    after = story.members["accepting"]
    assert after["sun"] != after["sun-twice"]
    assert story.told["accepting"][frozenset({"sun", "sun-twice"})][:2] == ("accepted_by_rule", False)


def test_a_decision_in_a_seed_gives_way_to_a_match_or_is_not_told(story: Story) -> None:
    decided = story.told["decided"]
    assert decided[both("zhao")][:2] == ("accepted_by_seed", True)
    assert decided[both("qian")][:2] == ("rejected_by_seed", False)
    assert decided[both("wang")][:2] == ("accepted_by_rule", True)
    assert merges(story, "decided")[were(story, "zhao")] == ["match"]
    assert were(story, "qian") not in merges(story, "decided")
