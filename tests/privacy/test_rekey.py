"""Re-keying: no token of before is anywhere, every member is who they were, and what lands meets what is there."""

import secrets
from datetime import UTC, datetime
from pathlib import Path

import pytest

from siyu.errors import DamagedFileError, EnvironmentFaultError, UsageError
from siyu.landing import register as module
from siyu.landing.personal import Rekeying, begin_rekeying, open_keys, rotate_master_key
from siyu.landing.rules import SEEDS
from siyu.orchestration import night
from siyu.orchestration.journal import Step
from siyu.orchestration.runs import Run
from siyu.privacy import Request, erase, export_member, rekey
from siyu.publication import candidate_folder, publish_candidate
from siyu.settings import Home, Settings
from siyu.state import audit_log
from siyu.warehouse import build_warehouse
from tests.gate.worlds import AS_OF
from tests.killing import run_killed
from tests.landing.shop import File, Shop, order
from tests.privacy.crosswalks import publish_crosswalk
from tests.privacy.searching import found_in
from tests.privacy.test_f34_erasure import BRAND, SHOP, Shopper, shoppers_and_their_orders
from tests.publication.postgres.tables import write_night
from tests.publication.small_candidates import served, served_restricted, write_verdict

WHO = {"by": "li.na", "reason": "the key was in a mail"}
SETTINGS = Settings(duckdb_threads=1, quarantine_limit_rows=1_000)
CROSSWALK = """
select identifier_type, scope, epoch, member_id, is_anchor, own_member_id, valid_from, valid_to, last_seen_at
from restricted.dim_member_identifiers order by all
"""
TOKENS = "select token from restricted.dim_member_identifiers"
MEMBERS = "select * exclude (as_of_date) from marts.member_360 order by member_id"
ORDERS = "select order_id, member_id, net_amount, member_order_number from marts.fct_orders order by all"


def publish_night(home: Home, run_id: str) -> None:
    run = Run(
        home=home, settings=SETTINGS, run_id=run_id, run_after=datetime(2024, 3, 1, tzinfo=UTC), params={}
    )
    night.build_night(run, Step(name="build"))
    night.export_night(run, Step(name="export"))
    write_verdict(candidate_folder(home, run_id))
    night.publish_night(run, Step(name="publish"))


@pytest.mark.timeout(900)  # four nights: it starts before the short ones
def test_f33_a_leaked_key_tells_somebody_after_a_rekeying_or_a_member_is_another(home: Home) -> None:
    world = shoppers_and_their_orders(60)
    forgotten, later = Shopper(6), Shopper(12)
    bad = [{"id": Shopper(1).accounts[SHOP], "tel": f"+86 {Shopper(1).phone}", "since": "??"}]
    world.land(home, SETTINGS, bad=bad)
    publish_night(home, "night1")
    erase(home, SETTINGS, [Request(kind="phone", value=forgotten.phone, row=1)], **WHO)
    publish_night(home, "night2")
    leaked = open_keys(home).tokenizer
    tokens = dict.fromkeys((token for (token,) in served_restricted(home, TOKENS)), "a token")
    identifiers = {
        one: "a token" for (one,) in served_restricted(home, TOKENS.replace("token", "identifier"))
    }
    assert {"raw/orders", "publications/000001", "published/restricted.duckdb", "vault"} <= {
        place for place, found in found_in(home, tokens | identifiers).items() if found
    }
    before = {query: served(home, query) for query in (MEMBERS, ORDERS)}
    crosswalk = served_restricted(home, CROSSWALK)

    done = rekey(home, SETTINGS, **WHO)

    assert {place for place, found in found_in(home, tokens | identifiers).items() if found} == set()
    assert done.tokens >= len(tokens)
    assert served_restricted(home, CROSSWALK) == crosswalk
    assert {query: served(home, query) for query in before} == before

    # the next night knows everybody, and is told nothing new by what it had; who is forgotten stays forgotten
    world.cost("1.00", AS_OF)  # another file, with all that landed in it
    again = world.land(home, SETTINGS, bad=bad)
    landed = {name: one.counts.landed for name, one in again.resources.items()}
    assert {name: count for name, count in landed.items() if count} == {"costs": 1}
    publish_night(home, "night3")
    assert {query: served(home, query) for query in before} == before
    assert served_restricted(home, CROSSWALK) == crosswalk
    assert served(home, "select count(*) from marts.fct_identity_events") == [(0,)]
    assert {place for place, found in found_in(home, tokens | identifiers).items() if found} == set()

    # a home that was re-keyed can do what any can: forget, give an account of, be re-keyed and rotated
    proof = erase(home, SETTINGS, [Request(kind="phone", value=later.phone, row=1)], **WHO)
    assert proof.persons == 1
    account = export_member(home, SETTINGS, Request(kind="phone", value=Shopper(3).phone, row=1), **WHO)
    assert Shopper(3).phone in {one["value"].removeprefix("+86") for one in account.identifiers}
    rekey(home, SETTINGS, **WHO)
    rotate_master_key(home)
    world.cost("2.00", AS_OF)
    again = world.land(home, SETTINGS)
    landed = {name: one.counts.landed for name, one in again.resources.items()}
    assert {name: count for name, count in landed.items() if count} == {"costs": 1}
    publish_night(home, "night4")
    gone = {leaked.customer(BRAND, channel, one) for channel, one in later.accounts.items()}
    assert len(served(home, MEMBERS)) == len(before[MEMBERS]) - 1
    assert not {row[0] for row in served(home, MEMBERS)} - {row[0] for row in before[MEMBERS]}
    assert {place for place, found in found_in(home, dict.fromkeys(gone, "later")).items() if found} == set()
    assert [entry.action for entry in audit_log.entries(home) if entry.action.startswith("rekey")] == [
        *("rekey", "rekey.done") * 2
    ]


def test_a_decision_on_identity_is_lost_with_the_tokens_that_it_names(home: Home, tmp_path: Path) -> None:
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for name in ("identity_blocklist.csv", "identity_links.csv", "identity_unlinks.csv"):
        (seeds / name).write_text((SEEDS / name).read_text(encoding="utf-8"), encoding="utf-8")
    Shop(home).land(File(rows=[order("o1", customer_id="anna"), order("o2", customer_id="bert")]))
    tokenizer = open_keys(home).tokenizer
    anna, bert, other = (
        f"customer|taobao_search|{tokenizer.customer(BRAND, 'taobao_search', one)}"
        for one in ("anna", "bert", "of another home")
    )
    links = seeds / "identity_links.csv"
    header = links.read_text(encoding="utf-8")
    lines = [f'{anna},{bert},2026-11-01,li.na,"one card, two names"', f"{anna},{other},2026-11-01,li.na,x"]
    links.write_text(header + "\n".join(lines) + "\n", encoding="utf-8")

    done = rekey(home, SETTINGS, seeds=seeds, **WHO)

    assert done.seeds == ("identity_links.csv",)
    new = open_keys(home).tokenizer
    left, right = (
        f"customer|taobao_search|{new.customer(BRAND, 'taobao_search', one)}" for one in ("anna", "bert")
    )
    told = [f'{left},{right},2026-11-01,li.na,"one card, two names"', f"{left},{other},2026-11-01,li.na,x"]
    assert links.read_text(encoding="utf-8") == header + "\n".join(told) + "\n"


def test_half_a_rekeying_lands_or_builds_something(home: Home) -> None:
    Shop(home).land(File(rows=[order("o1")]))
    assert isinstance(begin_rekeying(home), Rekeying)
    for attempt in (
        lambda: Shop(home).land(File(name="b.csv", rows=[order("o2")])),
        lambda: build_warehouse(home, SETTINGS, run_id="night"),
        lambda: rotate_master_key(home),
        lambda: erase(home, SETTINGS, [], **WHO),
    ):
        with pytest.raises(EnvironmentFaultError, match="being re-keyed"):
            attempt()
    assert rekey(home, SETTINGS, **WHO).tokens == 1
    Shop(home).land(File(name="b.csv", rows=[order("o2")]))


def test_a_landing_that_began_before_a_rekeying_leaves_old_tokens(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(home)
    shop.land(File(rows=[order("o1")]))
    read = module.read_tombstones
    calls = []

    def meanwhile(place: Home) -> object:
        if not calls:
            calls.append(1)
            rekey(home, SETTINGS, **WHO)
        return read(place)

    monkeypatch.setattr(module, "read_tombstones", meanwhile)
    with pytest.raises(EnvironmentFaultError, match="was re-keyed while"):
        shop.land(File(name="b.csv", rows=[order("o2")]))
    assert shop.land(File(name="b.csv", rows=[order("o2")])).resources["orders"].counts.landed == 1


@pytest.mark.parametrize("room", ["raw/files", "vault", "publications"])
def test_a_rekeying_that_meets_damage_leaves_a_home_in_which_nothing_can_land(room: str, home: Home) -> None:
    shop = Shop(home)
    shop.land(File(rows=[order("o1")]))
    token = open_keys(home).tokenizer.customer(BRAND, "taobao_search", "c-1")
    publish_crosswalk(home, "night1", [(f"customer|taobao_search|{token}", 0, "m1")])
    folder = home.root / room
    file = next(path for path in sorted(folder.rglob("*")) if path.suffix in {".parquet", ".sealed"})
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(DamagedFileError):
        rekey(home, SETTINGS, **WHO)
    assert not (home.keys / "token.key.next").exists()
    file.write_bytes(whole)
    assert rekey(home, SETTINGS, **WHO).tokens == 1


def test_a_rekeying_begins_before_an_erasure_has_ended(home: Home) -> None:
    Shop(home).land(File(rows=[order("o1")]))
    audit_log.record(home, by="li.na", reason="cut off", action="erase", details={})
    with pytest.raises(UsageError, match="cut off"):
        rekey(home, SETTINGS, **WHO)
    assert not (home.keys / "token.key.next").exists()


def test_a_rekeying_forgets_whose_identifiers_are(home: Home) -> None:
    Shop(home).land(File(rows=[order("o1")]))
    older = "select 'customer|app|a' as identifier, 0 as epoch, 'm1' as member_id"
    keys = {"dim_member_identifiers": ("identifier", "epoch")}
    write_night(
        home, "night1", {"dim_member_identifiers": older}, keys=keys, restricted={"dim_member_identifiers"}
    )
    publish_candidate(home, SETTINGS, "night1")
    with pytest.raises(UsageError, match="publish a night first"):
        rekey(home, SETTINGS, **WHO)
    assert not (home.keys / "token.key.next").exists()
    publish_crosswalk(home, "night2", [("customer|app|a", 0, "m1")])
    assert rekey(home, SETTINGS, **WHO).tokens == 1


@pytest.mark.timeout(1_500)
@pytest.mark.parametrize("points", [6, pytest.param(100, marks=pytest.mark.soak)])
def test_f33_a_rekeying_that_was_killed_leaves_tokens_of_two_keys(points: int, tmp_path: Path) -> None:
    seed = secrets.randbelow(10**6)
    undisturbed, *killed = run_killed("tests.privacy.killed_rekeying", tmp_path, points, seed, timeout=1_500)
    print(f"seed {seed}, {undisturbed['effects']} side effects")
    goal, before = undisturbed["after_rerun"], undisturbed["before"]
    told_apart = {"keys", "published", "state", "candidates", "news"}
    assert {name: goal[name] for name in goal.keys() - told_apart} == {
        name: before[name] for name in goal.keys() - told_apart
    }
    assert (before["keys"], goal["keys"]) == (1, 2)
    assert goal["published"] == [*before["published"], before["published"][-1]]
    assert (goal["candidates"], goal["news"]) == ([], [0, 0])
    assert len(killed) == (points or undisturbed["effects"])
    for run in killed:
        told = (seed, run["kill"])
        assert run["killed"], told
        assert run["served_after_kill"] == 2, told
        assert run["refused"] in {None, True}, told
        assert run["after_rerun"] == goal, told
        assert run["half_made"] == [], told
