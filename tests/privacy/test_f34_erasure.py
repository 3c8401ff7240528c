"""F34: who asks to be forgotten is found nowhere afterwards, does not come back, and takes no money along."""

import hashlib
import json
import random
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from siyu.landing import read_records
from siyu.landing.personal import open_keys
from siyu.privacy import Erasure, Request, erase
from siyu.publication import export_candidate, publish_candidate
from siyu.publication.exports import ANALYSIS, export_table
from siyu.report import write_report
from siyu.settings import Home, Settings
from siyu.state import audit_log
from siyu.storage import make_folder
from siyu.warehouse import build_warehouse, read_build
from tests.gate.worlds import AS_OF, World
from tests.privacy.searching import found_in
from tests.publication.small_candidates import leftovers, served, served_restricted, write_verdict

pytestmark = [pytest.mark.guarantee("F34"), pytest.mark.xdist_group("f34")]

BRAND, SHOP, MINI = "default", "tmall_shop", "mini_program"
BY = {"by": "li.na", "reason": "letters of 20 November"}
SIZES = [
    pytest.param((300, 6), id="6_of_300"),
    pytest.param((10_000, 100), id="100_of_10000", marks=pytest.mark.soak),
]
BOOKS = """
select business_date, brand_code, channel_code, window_days, gmv_amount, net_revenue_amount, refund_amount, order_count
from marts.kpi_daily order by all
"""
ORDERS = "select order_id, paid_amount, net_amount from marts.fct_orders order by all"


@dataclass(frozen=True)
class Shopper:
    """A person with an account in the shop and, every third one, another in the mini program."""

    number: int

    @property
    def accounts(self) -> dict[str, str]:
        shop = {SHOP: f"buyer{self.number:06d}"}
        return shop | ({MINI: f"openid{self.number:06d}"} if self.number % 3 == 0 else {})

    @property
    def phone(self) -> str:
        return f"139{self.number:08d}"

    @property
    def told(self) -> dict[str, str]:
        return {"email": f"shopper{self.number}@example.com", "full_name": f"Shopper-{self.number:06d}"}

    @property
    def clear(self) -> set[str]:
        """What names the person, as it came."""
        return {*self.accounts.values(), self.phone, f"+86{self.phone}", *self.told.values()}

    def needles(self, home: Home) -> set[str]:
        """Every form in which something that names the person may be written down."""
        tokenizer = open_keys(home).tokenizer
        tokens = {tokenizer.customer(BRAND, channel, account) for channel, account in self.accounts.items()}
        tokens |= {tokenizer.token("phone", self.phone), tokenizer.token("email", self.told["email"])}
        identifiers = {
            f"customer|{channel}|{tokenizer.customer(BRAND, channel, account)}"
            for channel, account in self.accounts.items()
        } | {f"{kind}|global|{token}" for kind in ("phone", "email") for token in tokens}
        ids = {"m" + hashlib.sha256(identifier.encode()).hexdigest()[:20] for identifier in identifiers}
        return self.clear | tokens | ids


def shoppers_and_their_orders(count: int, *, days_later: int = 0) -> World:
    """Each has an order or two in each of their accounts; the last of them are in no list of customers."""
    chance = random.Random(7)
    world = World()
    for number in range(count):
        one = Shopper(number)
        for channel, account in one.accounts.items():
            if number % 10 != 9:
                world.customer(account, channel=channel, enrolled=AS_OF, phone=one.phone, **one.told)
            for _ in range(chance.randint(1, 2)):
                day = AS_OF - timedelta(days=chance.randrange(1, 300)) + timedelta(days=days_later)
                amount = f"{chance.randrange(100, 90_000) / 100:.2f}"
                order_id = world.order(min(day, AS_OF), customer=account, amount=amount, channel=channel)
                if number % 5 == 0:
                    world.refund(
                        "1.00", min(day, AS_OF), order_id=order_id, customer=account, channel=channel
                    )
        world.consent(one.accounts[SHOP], AS_OF)
        world.tag(one.accounts[SHOP], "special_needs", "allergy", AS_OF)
        world.membership(one.accounts[SHOP], "gold", AS_OF)
        world.points(one.accounts[SHOP], 100, AS_OF)
        world.child(one.accounts[SHOP], 1, AS_OF)
        world.scan(one.accounts[SHOP], AS_OF)
        world.consult(one.accounts[SHOP], AS_OF)
        world.contact(one.accounts[SHOP], "E1", AS_OF, source="own_store", phone=one.phone)
        world.touch(one.accounts[SHOP], arm="treatment" if number % 2 else "holdout", day=AS_OF)
    return world


def night(home: Home, run_id: str) -> None:
    build_warehouse(home, Settings(), run_id=run_id)
    write_verdict(export_candidate(home, read_build(home, run_id)))
    publish_candidate(home, Settings(), run_id)


@dataclass(frozen=True)
class Story:
    """What there was before an erasure, what it said, and what there is after it and one more night."""

    home: Home
    count: int
    asked: list[Shopper]
    needles: dict[str, str]
    clear: dict[bool, dict[str, set[str]]]  # where clear values are, with the private key and without
    before: dict[str, set[str]]
    books: list[list[tuple[object, ...]]]  # of kpi_daily and fct_orders, before
    proof: Erasure
    after: dict[str, set[str]]
    served_after: list[list[tuple[object, ...]]]


@pytest.fixture(scope="module", params=SIZES)
def story(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Story:
    count, asked_count = request.param
    home, settings = (
        Home(tmp_path_factory.mktemp("f34") / "home").create(),
        Settings(quarantine_limit_rows=1_000),
    )
    asked = [Shopper(number) for number in range(0, count, count // asked_count)][:asked_count]
    asked = [Shopper(one.number + (9 if place % 6 == 5 else 0)) for place, one in enumerate(asked)]
    first = shoppers_and_their_orders(count)
    bad = [{"id": one.accounts[SHOP], "tel": f"+86 {one.phone}", "since": "??"} for one in asked]
    bad += [{"id": "stranger-1", "tel": "13700000001", "since": "??"}]
    first.land(home, settings, bad=bad)
    night(home, "night1")
    more = shoppers_and_their_orders(count, days_later=30)
    more.land(home, settings)
    night(home, "night2")
    export_candidate(home, read_build(home, "night2"))  # one that nobody has published
    needles = {needle: str(one.number) for one in asked for needle in one.needles(home)}
    before = found_in(home, needles)
    for_a_spreadsheet = make_folder(home.root / "exports")
    for table, ending in (("member_360", "xlsx"), ("fct_orders", "csv"), ("member_tag", "csv")):
        export_table(home, table, for_a_spreadsheet / f"{table}.{ending}", purpose=ANALYSIS)
    write_report(home, settings)
    in_clear = {value: str(one.number) for one in asked for value in one.clear}
    clear = {known: found_in(home, in_clear, with_private_key=known) for known in (True, False)}
    shutil.rmtree(for_a_spreadsheet)
    books = [served(home, BOOKS), served(home, ORDERS)]
    proof = erase(home, settings, requests_of(home, asked), **BY)
    after = found_in(home, needles)
    return Story(
        home=home,
        count=count,
        asked=asked,
        needles=needles,
        clear=clear,
        before=before,
        books=books,
        proof=proof,
        after=after,
        served_after=[served(home, BOOKS), served(home, ORDERS)],
    )


def requests_of(home: Home, asked: list[Shopper]) -> list[Request]:
    """By phone where a list of customers has one, else by the id of the account; one of a stranger."""
    tokenizer = open_keys(home).tokenizer
    requests = []
    for row, one in enumerate(asked, start=1):
        if one.number % 10 == 9:
            token = tokenizer.customer(BRAND, SHOP, one.accounts[SHOP])
            member_id = "m" + hashlib.sha256(f"customer|{SHOP}|{token}".encode()).hexdigest()[:20]
            requests.append(Request(kind="member_id", value=member_id, row=row))
        else:
            requests.append(Request(kind="phone", value=f" +86 {one.phone}", row=row))
    return [*requests, Request(kind="member_id", value="m" + "0" * 20, row=len(asked) + 1)]


@pytest.mark.guarantee("F33")
def test_f33_a_clear_value_is_outside_the_vault_or_readable_in_it(story: Story) -> None:
    everybody = {str(one.number) for one in story.asked}
    assert {place: found for place, found in story.clear[True].items() if found} == {"vault": everybody}
    assert {place: found for place, found in story.clear[False].items() if found} == {}
    assert {"exports", "report", "quarantine", "state", "warehouse"} <= set(story.clear[False])


def test_f34_a_place_that_is_searched_did_not_hold_them_before(story: Story) -> None:
    everybody = {str(one.number) for one in story.asked}
    places = {place for place, found in story.before.items() if found}
    assert {
        "raw/orders",
        "raw/customers",
        "raw/order_lines",
        "raw/refunds",
        "raw/touches",
        "raw/consents",
        "raw/member_tags",
        "raw/memberships",
        "raw/points_changes",
        "raw/children",
        "raw/contact_lists",
        "raw/scans",
        "raw/consults",
        "vault",
        "warehouse",
        "candidates",
        "publications/000001",
        "publications/000002",
        "published/marts.duckdb",
        "published/restricted.duckdb",
    } <= places
    for place in ("vault", "warehouse", "raw/orders", "publications/000001", "published/marts.duckdb"):
        assert story.before[place] == everybody, place


def test_f34_somebody_who_was_forgotten_is_found_somewhere(story: Story) -> None:
    assert {place: found for place, found in story.after.items() if found} == {}
    assert leftovers(story.home) == []


def test_f34_money_goes_with_a_person_or_a_member_stays_in_what_is_served(story: Story) -> None:
    assert story.served_after == story.books
    still = served(story.home, "select count(*) from marts.fct_orders where member_id = 'unknown'")
    orders = sum(
        row["customer_id"] in {account for one in story.asked for account in one.accounts.values()}
        for row in shoppers_and_their_orders(story.count).rows["orders"]
    )
    assert orders
    assert still == [(orders,)]


def test_f34_the_proof_names_somebody_or_counts_wrong(story: Story) -> None:
    proof = story.proof
    assert (proof.requests, proof.persons, proof.unknown) == (
        len(story.asked) + 1,
        len(story.asked),
        (len(story.asked) + 1,),
    )
    assert proof.swept.landed.quarantined == len(story.asked)
    assert proof.swept.publications.published == 3
    assert proof.swept.publications.revised == 2
    kept = [entry for entry in audit_log.entries(story.home) if entry.action in {"erase", "erase.done"}]
    assert [entry.by for entry in kept] == ["li.na", "li.na"]
    written = json.dumps([entry.details for entry in kept]) + repr(proof)
    assert [needle for needle in story.needles if needle in written] == []


def test_f34_a_second_erasure_changes_something(story: Story) -> None:
    before = {path: path.read_bytes() for path in story.home.raw.rglob("*.parquet")}
    for requests in (requests_of(story.home, story.asked), []):
        swept = erase(story.home, Settings(), requests, **BY).swept
        assert (swept.landed.files, swept.publications.revised, swept.publications.published) == (0, 0, None)
    assert {path: path.read_bytes() for path in story.home.raw.rglob("*.parquet")} == before
    assert served(story.home, "select max(publication_id) from marts.publish_log") == [(3,)]


def test_f34_the_next_extraction_brings_them_back(story: Story) -> None:
    home = story.home
    again = shoppers_and_their_orders(story.count, days_later=30)
    newcomer = again.order(AS_OF, customer=story.asked[0].accounts[SHOP], amount="12.00")
    again.order(AS_OF, customer="somebody-else", amount="13.00")
    bad = [{"id": story.asked[0].accounts[SHOP], "tel": story.asked[0].phone, "since": "?"}]
    record = again.land(home, Settings(), bad=bad)
    counts = record.resources["customers"].counts
    assert (counts.landed, counts.quarantined, counts.is_conserved) == (0, 0, True)
    assert counts.erased > len(story.asked) / 2
    assert read_records(home)[-1] == record
    night(home, "night3")
    found = found_in(home, story.needles)
    assert {place: names for place, names in found.items() if names} == {}
    # what they bought since counts as money of nobody that is known
    bought = served(home, "select order_id, member_id, paid_amount from marts.fct_orders")
    assert (newcomer, "unknown", 12) in bought
    assert served_restricted(home, "select count(*) > 0 from restricted.dim_member_identifiers") == [(True,)]


def test_f34_people_who_did_not_ask_lose_something(story: Story) -> None:
    home, others = story.home, story.count - len(story.asked)
    members = served(home, "select count(*) from marts.dim_members where is_known")[0][0]
    assert members >= others
    assert found_in(home, {Shopper(1).phone: "1"})["vault"] == {"1"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()
