"""What looks odd and is lawful is never refused (F1's counter-test), from raw rows through the real project."""

import shutil
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from siyu.gate import Verdict, audit_candidate
from siyu.settings import Home
from tests.gate.stories import RUN, Template, export_story
from tests.gate.worlds import AS_OF, HOLDOUT, World

pytestmark = pytest.mark.xdist_group("gate")  # one world, and one import of Great Expectations

YESTERDAY = AS_OF - timedelta(days=1)
Story = Callable[[World], None]


def days_ago(days: int) -> date:
    return AS_OF - timedelta(days=days)


def small_shop(world: World) -> None:
    """Sixty plain orders of twenty persons over the last sixty days: what most stories are an exception from."""
    for number in range(60):
        world.order(days_ago(number), customer=f"c{number % 20}", amount=f"{80 + number}.00")


# ---- stories of a first night; oddities that touch different days, orders or campaigns share one


def odd_refunds(world: World) -> None:
    """A refund-only day, a day refunded to the last fen, a negative day, refunds above what was paid; of what was never
    paid, or brushed.
    """
    paid_yesterday = world.order(YESTERDAY)
    world.refund("100.00", AS_OF, order_id=paid_yesterday)
    for number in range(3):
        order = world.order(days_ago(20), customer=f"c{number}")
        world.refund("100.00", days_ago(19), order_id=order)
    world.order(days_ago(30), amount="10.00", customer="ben")
    world.refund("500.00", days_ago(30))
    twice = world.order(days_ago(40), amount="100.00")
    world.refund("70.00", days_ago(39), order_id=twice)
    world.refund("70.00", days_ago(38), order_id=twice)
    unpaid = world.order(days_ago(50), paid=False)
    world.refund("5.00", days_ago(50), order_id=unpaid)
    world.refund("20.00", days_ago(60), customer="known by a refund alone")
    brushed = world.order(days_ago(70), excluded="brushing", customer="nobody")
    world.refund("100.00", days_ago(69), order_id=brushed)


def costs_of_a_brand_without_orders(world: World) -> None:
    """As of a home that reads ads alone: what they brought is not known, which is no return of zero."""
    for number in range(30):
        world.cost("500.00", days_ago(number))


def peak_day_of_twenty_times(world: World) -> None:
    for number in range(30):
        world.order(date(2023, 11, 1) + timedelta(days=number), customer=f"c{number}")
    for number in range(20):
        order = world.order(date(2023, 11, 11), customer=f"peak{number}", amount="999.00")
        if number % 2:
            world.refund("999.00", date(2023, 12, 11), order_id=order)
    world.order(AS_OF)


def odd_shop(world: World) -> None:
    """A closed channel, a cohort of one buyer, an order of nothing, leap days, costs of channels without sales; goods
    sold below their cost, a thousand for a fen each, a deposit paid up three days later, one person in two channels.
    """
    small_shop(world)
    for number in range(10):
        world.order(days_ago(300 + number), channel="pos_till", customer=f"c{number}")
    world.order(days_ago(500), customer="loner")
    world.order(AS_OF, amount="0.00", customer="ben")
    world.order(date(2020, 2, 29))
    world.cost("5000.00", days_ago(70), channel="douyin_feed")
    world.cost("10.00", days_ago(10), kind="commission", purpose="general", channel="wecom")
    world.order(days_ago(3), amount="9.90", unit_cost="40.00", customer="bargain")
    world.order(days_ago(4), amount="10.00", quantity=1_000, unit_cost="0.005", customer="dealer")
    world.order(days_ago(12), paid_after=timedelta(days=3), customer="presale")
    for channel in ("tmall_shop", "mini_program"):
        world.customer(f"twice-{channel}", channel=channel, phone="+8613912345678", enrolled=AS_OF)
        world.order(days_ago(5), channel=channel, customer=f"twice-{channel}")


def odd_campaigns(world: World) -> None:
    """Campaigns without a holdout, of a holdout alone, that nobody answered, of strangers."""
    small_shop(world)
    for number in range(10):
        world.touch(f"c{number}", arm="coupon", day=days_ago(45), campaign="everyone", share="1")
    world.touch("c1", arm=HOLDOUT, day=days_ago(45), campaign="nobody")
    for number in range(4):
        arm = HOLDOUT if number % 2 else "coupon"
        world.touch(f"stranger{number}", arm=arm, day=days_ago(60), campaign="unanswered")
    world.touch("c1", arm="coupon", day=AS_OF, campaign="today")
    world.touch("c2", arm=HOLDOUT, day=AS_OF, campaign="today")


def only_unknown_members(world: World) -> None:
    for number in range(5):
        world.order(days_ago(number), customer=None)


def no_refunds_no_costs_no_touches(world: World) -> None:
    small_shop(world)


def single_order(world: World) -> None:
    world.order(AS_OF)


def everybody_has_churned(world: World) -> None:
    for number in range(5):
        world.order(days_ago(400 + number), customer=f"c{number}")


def only_unpaid_orders(world: World) -> None:
    world.order(AS_OF, paid=False)


def every_order_is_brushed_or_a_test(world: World) -> None:
    world.order(YESTERDAY, excluded="brushing")
    world.order(AS_OF, excluded="test_order", customer="ben")


def everybody_spends_the_same_on_goods_unknown(world: World) -> None:
    for number in range(12):
        world.order(days_ago(7), customer=f"c{number}", with_line=False)
    world.order(AS_OF, unit_cost=None)


FIRST_NIGHTS: list[Story] = [
    odd_refunds,
    peak_day_of_twenty_times,
    odd_shop,
    costs_of_a_brand_without_orders,
    odd_campaigns,
    only_unknown_members,
    no_refunds_no_costs_no_touches,
    single_order,
    everybody_has_churned,
    only_unpaid_orders,
    every_order_is_brushed_or_a_test,
    everybody_spends_the_same_on_goods_unknown,
]

# ---- stories of a night after the small shop was published


def new_channel(world: World) -> None:
    small_shop(world)
    for number in range(30):
        world.order(AS_OF, channel="mini_program", customer=f"m{number}", amount="3000.00")


def ten_years_of_history_land_at_once(world: World) -> None:
    small_shop(world)
    for number in range(150):
        world.order(days_ago(200 + 20 * number), customer=f"old{number % 30}")


def day_of_samples_for_one_yuan(world: World) -> None:
    small_shop(world)
    for number in range(40):
        world.order(AS_OF, customer=f"s{number}", amount="1.00")


def nothing_new_but_refunds(world: World) -> None:
    small_shop(world)
    for number in range(1, 41):
        world.refund("40.00", AS_OF, order_id=f"o{number:05d}")


def prices_corrected(world: World) -> None:
    for number in range(60):
        world.order(days_ago(number), customer=f"c{number % 20}", amount=f"{60 + number}.00")


LATER_NIGHTS: list[Story] = [
    new_channel,
    ten_years_of_history_land_at_once,
    day_of_samples_for_one_yuan,
    nothing_new_but_refunds,
    prices_corrected,
]


def audited(
    template: Template, home: Home, story: Story, *, seeds: Iterable[str] = (), load_id: str
) -> Verdict:
    world = World()
    story(world)
    export_story(template, home, world, seeds=seeds, load_id=load_id)
    return audit_candidate(home, RUN)


def refusing(verdict: Verdict) -> list[tuple[str, str, int | None]]:
    return [(check.id, check.status, check.offending_rows) for check in verdict.checks if check.refuses]


def few_of(stories: list[Story], *, quick: int = 3) -> list[ParameterSet]:
    """All of them; those after the first few are soak tests, for each takes a build and an audit."""
    return [
        pytest.param(story, id=story.__name__, marks=() if number < quick else pytest.mark.soak)
        for number, story in enumerate(stories)
    ]


@pytest.mark.parametrize("story", few_of(FIRST_NIGHTS, quick=4))
def test_f1_a_first_night_with_an_oddity_is_not_refused(template: Template, home: Home, story: Story) -> None:
    verdict = audited(template, home, story, load_id="first")

    assert refusing(verdict) == []
    assert verdict.passed


@pytest.mark.parametrize("story", few_of(LATER_NIGHTS))
def test_f1_a_later_night_with_an_oddity_is_not_refused(
    template: Template, small_shop_published: Path, home: Home, story: Story
) -> None:
    shutil.copytree(small_shop_published, home.publications)
    verdict = audited(template, home, story, load_id="second")

    assert refusing(verdict) == []
    assert verdict.passed


def test_f1_orders_in_a_currency_with_a_rate_are_not_refused(template: Template, home: Home) -> None:
    def orders_in_dollars(world: World) -> None:
        world.order(YESTERDAY)
        world.refund(
            "5.00", AS_OF, order_id=world.order(AS_OF, amount="10.00", currency="USD"), currency="USD"
        )

    rate = "insert into seeds.fx_rates values ('USD', date '2020-01-01', 7.2)"
    verdict = audited(template, home, orders_in_dollars, seeds=[rate], load_id="first")

    assert refusing(verdict) == []


def test_f1_orders_in_a_currency_without_a_rate_are_refused(template: Template, home: Home) -> None:
    def orders_in_dollars(world: World) -> None:
        world.order(AS_OF, amount="10.00", currency="USD")

    with pytest.raises(AssertionError, match="paid_amount"):  # the project's own test is faster than the gate
        audited(template, home, orders_in_dollars, load_id="first")


@pytest.fixture(scope="session")
def small_shop_published(template: Template, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of publications that holds the small shop."""
    home = Home(tmp_path_factory.mktemp("small_shop")).create()
    verdict = audited(template, home, small_shop, load_id="first")
    assert verdict.passed
    shutil.copytree(home.candidates / RUN, home.publications / "000001")
    return home.publications
