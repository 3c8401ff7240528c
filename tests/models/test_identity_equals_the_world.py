"""Members over tills, Youzan and WeCom of a simulated brand are its persons, as far as these platforms tell.

The truth is who owns which account. What can be known of it is reckoned here in plain Python, from the world's own
tables and not from what landed: accounts of one person that share an identifier which a platform shows. Not here: the
rules one by one (tests/identity).
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import duckdb
import pytest

from siyu.channels import wecom, youzan
from siyu.channels.catalogue import declared
from siyu.channels.files import claim_files, land_file, load_mapping
from siyu.landing.personal import open_keys
from siyu.sandbox.pos import export_pos
from siyu.sandbox.world.generate import generate_world
from siyu.settings import PROJECT, Home, Settings
from siyu.warehouse import build_warehouse
from tests.channels.sandboxed import FIRST, LAST, NOW, is_whole, sandbox, window
from tests.identity.graphs import components

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]

SETTINGS = Settings(duckdb_threads=1, duckdb_memory_limit="1GB")
MAPPING = PROJECT / "examples" / "mappings" / "pos_exports.yml"
ACCOUNTS = """
    select account_id, channel_code, coalesce(pos_card_no, youzan_open_id, wecom_external_userid), person_id
    from accounts inner join truth_accounts using (account_id)
    where channel_code in ('pos', 'youzan', 'wecom')
"""
# What a platform shows beside an account, now: a changed number has taken the place of the old one, and who is no
# friend any more is not in the list. A number that two persons have, or a guide, says nothing of either.
SHOWN = """
    with shown as (
        select account_id, coalesce(new_phone, phone) as identifier from accounts
        where channel_code in ('pos', 'youzan') and phone is not null
        union
        select account_id, unionid from accounts where channel_code = 'wecom' and unionid is not null
        union
        select account_id, remark_phone
        from contacts inner join staff using (staff_id)
        where
            remark_phone is not null
            and (ended_at is null or ended_by = 'customer')
            and (left_on is null or left_on > $today)
    )
    select account_id, identifier from shown
    where identifier not in (select phone from truth_phones group by phone having count(distinct person_id) > 1)
"""
SHARED = """
    select one.person_id, other.person_id
    from truth_phones as one inner join truth_phones as other using (phone)
    where one.person_id < other.person_id
"""

NOTED_WRONGLY = """
    select account_id from contacts inner join truth_accounts using (account_id)
    where remark_phone is not null
    and (person_id, remark_phone) not in (select person_id, phone from truth_phones)
"""

Pair = tuple[int, int]


def land_tills(world: Path, home: Home, folder: Path) -> None:
    export_pos(world, folder, as_of=LAST)
    mapping = load_mapping(MAPPING)
    for source, file in claim_files(mapping, folder).claimed:
        land_file(mapping, source, file, SETTINGS, home, landed_at=NOW)


def land_youzan(world: Path, home: Home) -> None:
    with sandbox(world, youzan.CONNECTOR, "/youzan") as served:
        app = served.app("self_use")
        shop = served.account(
            app.grants["kdt_id"], "youzan", {"client_id": app.app_id, "client_secret": app.secret}
        )
        for stream in ("orders", "customers"):
            assert is_whole(served.extract(home, shop, stream, window(FIRST, LAST)))


def land_wecom(world: Path, home: Home) -> None:
    with sandbox(world, wecom.CONNECTOR, "/wecom") as served:
        app = served.app("self_built")
        corp = served.account(app.app_id, "wecom", {"secret": app.secret})
        for stream in ("staff", "guides", "contacts"):
            assert is_whole(served.extract(home, corp, stream, window(LAST, LAST)))


@dataclass(frozen=True, kw_only=True)
class People:
    """Pairs of accounts: those of one person that can be known, those of one member, and which of these are wrong.

    Not wrong: of two persons who truly have a number in common. `noted_wrongly`: accounts whose guide noted a number
    of somebody else, which nobody can see.
    """

    knowable: set[Pair]
    found: set[Pair]
    wrong: set[Pair]
    noted_wrongly: set[int]


def pairs(groups: Iterable[Iterable[int]]) -> set[Pair]:
    return {pair for group in groups for pair in combinations(sorted(group), 2)}


def knowable_pairs(person_of: dict[int, int], shown: Iterable[tuple[int, str]]) -> set[Pair]:
    """Accounts of one person that hang together by what is shown of them."""
    edges = [
        (f"account {account}", f"{person_of[account]} {identifier}")
        for account, identifier in shown
        if account in person_of
    ]
    accounts = {f"account {account}": account for account in person_of}
    return pairs([accounts[name] for name in part if name in accounts] for part in components(edges))


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    world = tmp_path_factory.mktemp("world")
    generate_world(world, size="4000", seed=3, first=FIRST, last=LAST)
    home = Home(tmp_path_factory.mktemp("people") / "home").create()
    land_tills(world, home, tmp_path_factory.mktemp("exports"))
    land_youzan(world, home)
    land_wecom(world, home)
    build = build_warehouse(
        home,
        SETTINGS,
        run_id="people",
        as_of=LAST,
        declared={name: one for name, one in declared().items() if name in ("wecom", "youzan")},
    )
    tokenizer = open_keys(home).tokenizer
    name_of = {
        "pos": lambda number: f"customer|pos_till|{tokenizer.customer('default', 'pos_till', number)}",
        "youzan": lambda number: f"customer|youzan|{tokenizer.customer('default', 'youzan', number)}",
        "wecom": lambda number: f"customer|wecom|{tokenizer.token('external_userid', number)}",
    }
    with duckdb.connect() as connection:
        for path in world.glob("*.parquet"):
            connection.read_parquet(str(path)).create_view(path.stem)
        for path in (world / "truth").glob("*.parquet"):
            connection.read_parquet(str(path)).create_view(f"truth_{path.stem}")
        accounts = connection.sql(ACCOUNTS).fetchall()
        shown = connection.execute(SHOWN, {"today": LAST}).fetchall()
        noted_wrongly = {account for (account,) in connection.sql(NOTED_WRONGLY).fetchall()}
        shared = {frozenset(row) for row in connection.sql(SHARED).fetchall()}
        connection.execute(f"attach '{build.path}' as warehouse (read_only)")
        crosswalk = "select identifier, member_id from warehouse.core.dim_member_identifiers"
        member_of = dict(connection.execute(crosswalk).fetchall())
    person_of = {account: person for account, _, _, person in accounts}
    members = defaultdict(list)
    for account, channel, number, _ in accounts:
        name = name_of[channel](number)
        members[member_of.get(name, name)].append(account)
    found = pairs(members.values())
    wrong = {
        (one, other)
        for one, other in found
        if person_of[one] != person_of[other] and frozenset((person_of[one], person_of[other])) not in shared
    }
    return People(
        knowable=knowable_pairs(person_of, shown), found=found, wrong=wrong, noted_wrongly=noted_wrongly
    )


def test_accounts_of_one_person_are_two_members(
    people: People, figure: Callable[[str, object], None]
) -> None:
    assert len(people.knowable) > 500, "a world too small to tell"
    recall = len(people.knowable & people.found) / len(people.knowable)
    figure("recall", round(recall, 4))
    assert recall >= 0.98


def test_accounts_of_two_persons_are_one_member(
    people: People, figure: Callable[[str, object], None]
) -> None:
    """But for persons who truly have a number in common, and for numbers that a guide noted for somebody else."""
    unexplained = {pair for pair in people.wrong if not people.noted_wrongly & set(pair)}
    figure("precision", round(1 - len(people.wrong) / len(people.found), 4))
    figure("precision without wrong notes of guides", round(1 - len(unexplained) / len(people.found), 4))
    assert len(people.wrong) <= 0.005 * len(people.found)
    assert len(unexplained) <= 0.001 * len(people.found)
