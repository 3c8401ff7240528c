"""Any life of a home: nights, failures, kills, cleared tasks and rollbacks in any order, and what must hold all along.

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
from siyu.publication import published_state, served_id
from siyu.publication.records import current_hold, present_publications, publication_log
from siyu.settings import Home, save_settings
from tests.faults.forking import STEPS, Answer, Nights
from tests.faults.looking import check_landed, check_shown, leftovers, newest_loads
from tests.faults.shop import Sale, sales_of_day, write_file, write_mapping
from tests.properties import SOAK, examples

pytestmark = [pytest.mark.guarantee("F10"), pytest.mark.timeout(3000)]

# lives by their steps, each of which costs half a second; lives of one length are beside the others, not after them
LIVES = {4: 250, 8: 150, 15: 100} if SOAK else {4: 30}
NIGHT = STEPS[1:]  # without landing, which has rules of its own
REFUSED, USAGE = 1, 2


class Life(RuleBasedStateMachine):
    """One home and what is known of it from outside: the files that were given to it."""

    nights: Nights
    folder: Path  # with the mapping and `born`, a home with one publication
    files: dict[str, list[Sale]]
    numbers = count()
    lives = 0
    kills = 0

    @initialize()
    def begin(self) -> None:
        Life.lives += 1
        self.home = Home(self.folder / "home")
        shutil.rmtree(self.home.root, ignore_errors=True)
        shutil.copytree(self.folder / "born", self.home.root)
        self.files = {"day0.csv": sales_of_day(0)}
        self.runs = ["night0"]
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
        before, is_held = self.state(), current_hold(self.home) is not None
        answer = self.act(self.new_run(), NIGHT)
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
            check_shown(self.home, self.files)
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
        assert self.act(self.new_run(), NIGHT).is_done
        assert newest_loads(self.home) == self.live_loads()
        check_shown(self.home, self.files)
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
        )

    def state(self) -> tuple[int | None, str]:
        return served_id(self.home), published_state(self.home)

    def live_loads(self) -> set[str]:
        return {record.load_id for record in live(read_records(self.home))}


@pytest.mark.hypothesis
@pytest.mark.parametrize(
    "steps", [pytest.param(steps, marks=pytest.mark.xdist_group(f"lives_{steps}")) for steps in LIVES]
)
def test_f10_some_life_of_a_home_shows_half_a_night_a_wrong_sum_or_an_older_one(
    nights: Nights, tmp_path: Path, steps: int, figure: Callable[[str, object], None]
) -> None:
    mapping, born = write_mapping(tmp_path), Home(tmp_path / "born").create()
    save_settings(born, {"keep_candidates_days": 0, "compact_files": 3, "reader_grace_hours": 0})
    path = write_file(tmp_path / "log" / "day0.csv", sales_of_day(0))
    assert nights.run("run_night", born.root, "night0", mapping, path, with_="sql").is_done
    Life.nights, Life.folder = nights, tmp_path
    Life.lives = Life.kills = 0
    run_state_machine_as_test(
        Life,
        settings=hypothesis_settings(
            examples(30, soak=LIVES[steps]), stateful_step_count=steps, print_blob=True
        ),
    )
    figure(f"lives of {steps} steps", Life.lives)
    figure(f"kills in lives of {steps} steps", Life.kills)
