"""What publications tell of members: merges, splits, former ids, and nothing of those who stayed who they were.

Real landings, builds and publications of one home; the gate alone is left out.
"""

from datetime import UTC, datetime

import pytest

from siyu.orchestration import night
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.publication import candidate_folder, resume, rollback
from siyu.settings import Home, Settings
from siyu.warehouse import explain_member, read_build
from tests.gate.worlds import World
from tests.publication.small_candidates import served, served_restricted, write_verdict

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

SETTINGS = Settings(duckdb_threads=1, duckdb_memory_limit="1GB")
PHONE = "13912345678"
WHO = {"by": "li.na", "reason": "who is who looks wrong"}
ORDERS = ("tmall_shop|o00001", "jd_shop|o00001", "tmall_shop|o00002")  # of anna, bo and chen
EVENTS = """
select event_number, event, from_member_id, to_member_id, reasons from marts.fct_identity_events order by 1
"""


def publish_night(home: Home, name: str, *worlds: World) -> list[str]:
    """Land worlds one by one, run a night to its publication; returns the members of the first three orders."""
    for world in worlds:
        world.land(home, SETTINGS)
    run = Run(
        home=home, settings=SETTINGS, run_id=name, run_after=datetime(2024, 3, 1, tzinfo=UTC), params={}
    )
    night.build_night(run, Step(name="build"))
    night.export_night(run, Step(name="export"))
    write_verdict(candidate_folder(home, name))
    night.publish_night(run, Step(name="publish"))
    return members(home)


def members(home: Home) -> list[str]:
    orders = served(home, "select order_key, member_id from marts.fct_orders")
    member_of = {str(order_key): str(member_id) for order_key, member_id in orders}
    return [member_of[order_key] for order_key in ORDERS]


def test_a_member_is_renamed_in_silence_or_a_former_id_means_nobody(home: Home) -> None:
    first, next_load = World(), World()
    first.order(customer="anna")
    first.order(customer="chen")
    first.customer("anna", phone=PHONE)
    next_load.order(customer="bo", channel="jd_shop")
    anna, bo, chen = publish_night(home, "night1", first, next_load)
    assert served(home, EVENTS) == []

    second = World()
    second.customer("bo", phone=PHONE, channel="jd_shop")
    assert publish_night(home, "night2", second) == [anna, anna, chen]
    merged = (1, "merge", bo, anna, ["profile"])
    assert served(home, EVENTS) == [merged]
    assert served(home, "from marts.member_id_redirects") == [(bo, anna)]
    own = "select own_member_id, member_id from restricted.dim_member_identifiers where identifier_type = 'customer'"
    assert sorted(served_restricted(home, own)) == sorted([(anna, anna), (bo, anna)])

    told = explain_member(read_build(home, "night2").path, bo)
    assert (told.member_id, len(told.identifiers)) == (anna, 3)
    assert [(event.event, event.from_member_id) for event in told.events] == [("merge", bo)]

    quiet = World()
    quiet.order(customer="deng", channel="own_web")
    publish_night(home, "night3", quiet)
    assert served(home, EVENTS) == [merged]
    assert served(home, "from marts.member_id_redirects") == [(bo, anna)]

    crowd = World()  # the number turns out to be a shop's: it names nobody any more
    for number in range(9):
        crowd.customer(f"guest{number}", phone=PHONE)
    assert publish_night(home, "night4", crowd) == [anna, bo, chen]
    parted = (2, "split", anna, bo, ["blocked_by_degree"])
    assert served(home, EVENTS) == [merged, parted]
    assert served(home, "from marts.member_id_redirects") == []  # the id is a member's again

    rollback(home, SETTINGS, 2, **WHO)
    assert served(home, EVENTS) == [merged]
    resume(home, SETTINGS, **WHO)
    later = World()
    later.order(customer="er", channel="douyin_shop")
    publish_night(home, "night5", later)
    assert served(home, EVENTS) == [merged, parted]
