"""Any life of a home: nights, failures, kills, cleared tasks, backfills, erasures and rollbacks, in any order.

hypothesis makes up the lives and shortens one that fails. Left out: dbt (its models run as plain SQL) and the gate (a
verdict that passed); every step is a process of its own, and one that is killed dies by SIGKILL.
"""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from siyu.landing import live, read_records
from siyu.landing.records import of_channel
from siyu.publication import published_state, served_id
from siyu.publication.manifest import read_manifest
from siyu.publication.records import current_hold, present_publications, publication_log
from siyu.settings import Home, save_settings
from tests.channels.api.platform import running
from tests.faults.forking import STEPS, Answer, Nights
from tests.faults.looking import check_landed, from_files, leftovers, newest_loads
from tests.faults.shop import FIRST_DAY, Sale, sales_of_day, write_file, write_mapping
from tests.faults.wide import FINAL, Platform, asked_for, check_wide, member_of, where_named, widen
from tests.properties import SOAK, examples

pytestmark = [pytest.mark.guarantee("F10"), pytest.mark.timeout(3000)]

# steps of a life, and how many lives; a step costs half a second, so they are lived beside each other in equal parts
LIVES = [(4, 120), (4, 120), (4, 110), (8, 100), (15, 50)] if SOAK else [(4, 30)]
NIGHT = STEPS[1:]  # without landing, which has rules of its own
REFUSED, USAGE = 1, 2
TOLD = {FIRST_DAY + timedelta(days=day): Decimal(1) for day in range(4)}


class Life(RuleBasedStateMachine):
    """One home and what is known of it from outside: the files that were given to it."""

    nights: Nights
    platform: Platform
    folder: Path  # with the mapping and `born`, a home with one publication
    files: dict[str, list[Sale]]
    numbers = count()
    lives = 0
    kills = 0
    erasures = 0
    backfills = 0

    @initialize()
    def begin(self) -> None:
        Life.lives += 1
        self.home = Home(self.folder / "home")
        shutil.rmtree(self.home.root, ignore_errors=True)
        shutil.copytree(self.folder / "born", self.home.root)
        self.files = {"day0.csv": sales_of_day(0)}
        self.runs = ["night0"]
        self.forgotten: set[str] = set()  # orders whose buyers are
        self.told = dict.fromkeys(loads_of_ads(self.home), TOLD)  # what each backfill was told
        Life.platform.costs = dict(TOLD)
        self.days = 1
        self.seen_marts: tuple[int, int] | None = None
        self.seen_raw: set[tuple[str, int]] | None = None
        self.log = publication_log(self.home)

    @rule(orders=st.integers(1, 3))
    def land_the_next_day(self, orders: int) -> None:
        self.land(sales_of_day(self.days, orders))
        self.days += 1

    @rule(data=st.data(), amount=st.integers(30, 90), is_late=st.booleans())
    def land_a_late_or_changed_order(self, data: st.DataObject, amount: int, is_late: bool) -> None:
        sale = data.draw(st.sampled_from([sale for sales in self.files.values() for sale in sales]))
        number, first = len(self.files), sales_of_day(0, 1)[0].at
        if is_late:
            moment = first - timedelta(days=3) + timedelta(seconds=number)
            self.land([Sale(order=f"late-{number}", at=moment, updated=moment, amount=Decimal(amount))])
        else:  # later than every version before, whichever of them it changes
            self.land([replace(sale, updated=first + timedelta(days=30 + number), amount=Decimal(amount))])

    def land(self, sales: list[Sale]) -> None:
        path = write_file(self.folder / "log" / f"file{next(self.numbers)}.csv", sales)
        self.files[path.name] = sales
        self.act(self.new_run(), ["extract_and_land"], path)

    @rule()
    def run_a_night(self) -> None:
        self.get_through(NIGHT)

    @rule(day=st.integers(0, 3), days=st.integers(1, 2), cost=st.integers(1, 2))
    def backfill_days_of_which_the_first_has_changed(self, day: int, days: int, cost: int) -> None:
        first, last = FIRST_DAY + timedelta(days=day), FIRST_DAY + timedelta(days=day + days - 1)
        self.platform.costs[first] = Decimal(cost)
        self.get_through(STEPS, params=asked_for(first, last))
        (load,) = loads_of_ads(self.home) - self.told.keys()
        self.told[load] = self.platform.between(first, last)
        Life.backfills += 1

    @rule(data=st.data())
    def forget_a_buyer(self, data: st.DataObject) -> None:
        names = {record.source.name for record in live(from_files(read_records(self.home)))}
        landed = {sale.order for name in names for sale in self.files[name]}
        order = data.draw(st.sampled_from(sorted(landed)))
        books = self.books()
        answer = self.nights.run("forget", self.home.root, member_of(self.home, order))
        assert answer.is_done, answer
        assert answer.result == int(order not in self.forgotten), "persons whom the home knew"
        self.forgotten.add(order)
        Life.erasures += 1
        after = self.books()
        assert {number: after[number] for number in books} == books, "money went with a person"
        assert where_named(self.home, self.forgotten) == set()
        log = publication_log(self.home)  # those that named the buyer have another checksum now
        assert [record.id for record in log[: len(self.log)]] == [record.id for record in self.log]
        self.log = log

    def get_through(self, steps: tuple[str, ...], *, params: dict[str, str] = FINAL) -> None:
        before, is_held = self.state(), current_hold(self.home) is not None
        answer = self.act(self.new_run(), steps, params=params)
        if is_held and answer.error:
            assert answer.error["exit_code"] == REFUSED
            assert self.state() == before
        else:
            assert answer.is_done, answer
            assert is_held or newest_loads(self.home) == self.live_loads()

    @rule(step=st.sampled_from(NIGHT))
    def run_a_night_that_fails_at(self, step: str) -> None:
        self.act(self.new_run(), NIGHT, fail_at=step)

    @rule(change=st.integers(1, 80))
    def kill_a_night_before(self, change: int) -> None:
        before = self.state()
        answer = self.act(self.new_run(), NIGHT, die_before=change)
        Life.kills += answer.was_killed
        assert self.state() == before or newest_loads(self.home) == self.live_loads()

    @rule(orders=st.integers(1, 3), change=st.integers(1, 18))
    def kill_a_landing_before(self, orders: int, change: int) -> None:
        sales = sales_of_day(self.days, orders)
        path = write_file(self.folder / "log" / f"file{next(self.numbers)}.csv", sales)
        answer = self.act(self.new_run(), ["extract_and_land"], path, die_before=change)
        Life.kills += answer.was_killed
        self.files[path.name] = sales
        self.days += 1

    @rule(data=st.data(), step=st.sampled_from(["build", "export", "audit", "publish"]))
    def clear_a_task_and_those_after_it(self, data: st.DataObject, step: str) -> None:
        run_id = data.draw(st.sampled_from(self.runs))
        before = self.state()
        answer = self.act(run_id, NIGHT[NIGHT.index(step) :])
        if answer.error:  # on hold, older than what is shown, or there is nothing to go on from
            assert answer.error["exit_code"] in {REFUSED, USAGE}
            assert self.state() == before

    @rule(data=st.data())
    def roll_back(self, data: st.DataObject) -> None:
        old = data.draw(st.sampled_from(present_publications(self.home)))
        answer = self.nights.run("roll_back", self.home.root, old.id)
        assert answer.is_done, answer
        assert current_hold(self.home) is not None
        assert newest_loads(self.home) == set(old.load_ids)

    @rule()
    def resume(self) -> None:
        assert self.nights.run("release", self.home.root).is_done
        assert current_hold(self.home) is None

    @invariant()
    def readers_see_one_whole_publication(self) -> None:
        marts = self.home.marts_file.stat()  # what has not changed has been looked at
        if self.seen_marts != (marts.st_ino, marts.st_mtime_ns):
            self.check_shown()
            self.seen_marts = (marts.st_ino, marts.st_mtime_ns)

    @invariant()
    def raw_holds_every_row_once(self) -> None:
        raw = {(path.name, path.stat().st_mtime_ns) for path in self.home.raw.rglob("*") if path.is_file()}
        if self.seen_raw != raw:
            check_landed(self.home, self.files)
            self.seen_raw = raw

    @invariant()
    def publications_only_grow(self) -> None:
        log = publication_log(self.home)
        assert log[: len(self.log)] == self.log
        assert [record.id for record in log] == sorted({record.id for record in log})
        self.log = log
        shown: set[str] = set()
        for publication in present_publications(self.home):
            if publication.restores is None:
                assert shown <= set(publication.load_ids), "a night took away what an earlier one showed"
                shown |= set(publication.load_ids)

    def teardown(self) -> None:
        """One night more, and everything is shown and nothing left over."""
        if not hasattr(self, "home"):
            return
        assert self.nights.run("release", self.home.root).is_done
        assert self.act(self.new_run(), (*NIGHT, "report")).is_done
        assert newest_loads(self.home) == self.live_loads()
        self.check_shown()
        self.raw_holds_every_row_once()
        if self.forgotten:
            assert where_named(self.home, self.forgotten) == set(), "somebody forgotten came back"
        # what killed runs left in their own folders goes when their logs do
        left = [name for name in leftovers(self.home) if not name.startswith("runs/")]
        swept_by_the_next_landing = {"staging", "raw"}
        assert [name for name in left if name.split("/")[0] not in swept_by_the_next_landing] == []

    def new_run(self) -> str:
        self.runs.append(f"run{next(self.numbers)}")
        return self.runs[-1]

    def act(
        self,
        run_id: str,
        steps: tuple[str, ...] | list[str],
        path: Path = Path("none"),
        *,
        die_before: int | None = None,
        fail_at: str | None = None,
        params: dict[str, str] = FINAL,
    ) -> Answer:
        mapping = self.folder / "shop.yml"
        return self.nights.run(
            "run_night",
            self.home.root,
            run_id,
            mapping,
            path,
            steps=list(steps),
            with_="sql",
            fail_at=fail_at,
            die_before=die_before,
            params=params,
        )

    def check_shown(self) -> None:
        shown = newest_loads(self.home)
        spent = {day: cost for load, told in self.told.items() if load in shown for day, cost in told.items()}
        check_wide(self.home, self.files, spent=spent, forgotten=self.forgotten)

    def books(self) -> dict[int, list[str]]:
        """By publication that is kept, the checksums of the marts that name nobody."""
        kept = {one.id: read_manifest(one.folder).models for one in present_publications(self.home)}
        return {
            number: [models[name].checksum for name in ("fct_orders", "kpi_daily")]
            for number, models in kept.items()
        }

    def state(self) -> tuple[int | None, str]:
        return served_id(self.home), published_state(self.home)

    def live_loads(self) -> set[str]:
        return {record.load_id for record in live(read_records(self.home))}


def loads_of_ads(home: Home) -> set[str]:
    return {record.load_id for record in of_channel(read_records(home), "ocean_engine")}


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    ("steps", "lives"),
    [
        pytest.param(*one, id=str(place), marks=pytest.mark.xdist_group(f"lives_{place}"))
        for place, one in enumerate(LIVES)
    ],
)
def test_f10_some_life_of_a_home_shows_half_a_night_a_wrong_sum_or_an_older_one(
    nights: Nights, tmp_path: Path, steps: int, lives: int, figure: Callable[[str, object], None]
) -> None:
    mapping, born = write_mapping(tmp_path), Home(tmp_path / "born").create()
    save_settings(born, {"keep_candidates_days": 0, "compact_files": 3, "reader_grace_hours": 0})
    path = write_file(tmp_path / "log" / "day0.csv", sales_of_day(0))
    landing, night0 = ["extract_and_land"], ("run_night", born.root, "night0", mapping, path)
    Life.nights, Life.folder, Life.platform = nights, tmp_path, Platform(dict(TOLD))
    Life.lives = Life.kills = Life.erasures = Life.backfills = 0
    with running(Life.platform) as platform:
        widen(born, platform.url)
        assert nights.run(*night0, steps=landing, params=FINAL).is_done
        assert nights.run(*night0, with_="sql", params=asked_for(min(TOLD), max(TOLD))).is_done
        assert where_named(born, ["D00-0"]) >= {"publications/000001", "published/marts.duckdb"}
        run_state_machine_as_test(
            Life,
            settings=hypothesis_settings(
                examples(lives, soak=lives), stateful_step_count=steps, print_blob=True
            ),
        )
    figure(f"lives of {steps} steps", Life.lives)
    figure(f"erasures in lives of {steps} steps", Life.erasures)
    figure(f"backfills in lives of {steps} steps", Life.backfills)
    figure(f"kills in lives of {steps} steps", Life.kills)
