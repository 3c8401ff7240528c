"""Which accounts are probably one person's: what is counted, what is learned, and what says nothing."""

import logging
import random
import subprocess
import sys
from datetime import date
from hashlib import md5
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from siyu.errors import EnvironmentFaultError
from siyu.identity import match_pairs, matching
from siyu.sandbox.world.generate import generate_world
from siyu.settings import Home, Settings
from siyu.warehouse import build, build_warehouse

TYPES = pa.schema(
    [
        (name, pa.string())
        for name in ("identifier", "full_name_token", "birth_date_token", "address_token", "province")
    ]
)
IMPORTS_NOTHING = """
import sys, duckdb, pyarrow
from siyu.identity import match_pairs
columns = ("identifier", "full_name_token", "birth_date_token", "address_token", "province")
with duckdb.connect() as connection:
    nobody = pyarrow.schema([(name, pyarrow.string()) for name in columns]).empty_table()
    assert match_pairs(connection, connection.from_arrow(nobody)).fetchall() == []
assert "splink" not in sys.modules
"""


def token(kind: str, value: object) -> str | None:
    return None if value is None else md5(f"{kind}{value}".encode(), usedforsecurity=False).hexdigest()


def account(name: str, who: Any, born: Any, lives: Any, province: str | None = "p") -> dict[str, Any]:
    return {
        "identifier": f"customer|shop|{name}",
        "full_name_token": token("name", who),
        "birth_date_token": token("birthday", born),
        "address_token": token("address", lives),
        "province": province,
    }


def strangers(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Accounts of as many persons; one name in fifty is everybody's, the others hardly anybody's."""
    chance = random.Random(seed)
    return [
        account(
            f"x{number}",
            "li" if number % 50 == 0 else chance.randrange(10**6),
            chance.randrange(15_000),
            number if number % 3 else None,
            f"p{number % 20}",
        )
        for number in range(count)
    ]


def matched(accounts: list[dict[str, Any]]) -> dict[tuple[str, str], tuple[Any, ...]]:
    with duckdb.connect() as connection:
        found = match_pairs(connection, connection.from_arrow(pa.Table.from_pylist(accounts, schema=TYPES)))
        rows = found.fetchall()
    return {tuple(name.rpartition("|")[2] for name in row[:2]): row[2:] for row in rows}  # type: ignore[misc]


def test_a_person_is_not_found_again_or_somebody_else_is_found() -> None:
    rows = strangers(400)
    rows += [account("a1", "anna", 1, "lane 1"), account("a2", "anna", 1, "lane 2")]
    rows += [account("b1", "bo", 2, None, None), account("b2", "bo", 2, None, None)]
    rows += [account("n1", "anna", 3, "lane 3")]  # a namesake
    found = matched(rows)
    assert found.keys() == {("a1", "a2"), ("b1", "b2")}
    weight, probability, *agree = found["a1", "a2"]
    assert agree == [True, True, False, True]
    assert weight > 3
    assert 0.9 < probability <= 1


def test_a_common_name_says_as_much_as_a_rare_one() -> None:
    rows = strangers(1_000)
    rows += [account("a1", "anna", 1, None, None), account("a2", "anna", 1, None, None)]
    rows += [account("c1", "li", 2, None, None), account("c2", "li", 2, None, None)]
    found = matched(rows)
    assert found["a1", "a2"][0] > found["c1", "c2"][0] + 2


def test_what_nobody_told_agrees() -> None:
    rows = strangers(200) + [account(f"e{number}", f"e{number}", None, None, None) for number in range(9)]
    assert not {name for pair in matched(rows) for name in pair if name[0] == "e"}


def test_the_order_of_rows_or_a_second_run_changes_a_weight() -> None:
    rows = strangers(500) + [account(f"t{n}", f"t{n // 2}", n // 2, f"t{n // 2}") for n in range(60)]
    first = matched(rows)
    assert len(first) >= 30
    assert matched(rows[::-1]) == matched(rows) == first


def test_too_few_accounts_are_matched_or_nobody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    rows = strangers(matching.LEAST_ACCOUNTS - 3)
    rows += [account("a1", "anna", 1, "lane"), account("a2", "anna", 1, "lane")]
    assert matched(rows) == {}
    assert f"{len(rows)} accounts can be compared, at least {matching.LEAST_ACCOUNTS}" in caplog.text
    assert matched([*rows, account("b", "bo", 2, "road")]).keys() == {("a1", "a2")}


def test_accounts_that_agree_in_nothing_stop_the_build() -> None:
    rows = [account(f"x{number}", number, number, number, str(number)) for number in range(60)]
    assert matched(rows) == {}


def test_a_file_of_the_caller_keeps_what_splink_made(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "night-1.duckdb")) as connection:
        connection.execute("create schema intermediate")
        connection.execute("use intermediate")
        match_pairs(connection, connection.from_arrow(pa.Table.from_pylist(strangers(100), schema=TYPES)))
        assert connection.execute("select table_name from duckdb_tables()").fetchall() == []
        assert connection.execute("select current_schema()").fetchall() == [("intermediate",)]
        databases = connection.execute("select database_name from duckdb_databases() where not internal")
        assert databases.fetchall() == [("night-1",)]


def test_splink_is_imported_where_nothing_is_compared() -> None:
    subprocess.run([sys.executable, "-c", IMPORTS_NOTHING], check=True)


def test_a_home_that_lacks_splink_is_not_told_what_to_do_before_it_builds(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "find_spec", lambda _: None)
    expected = r"not installed.*siyu\[fuzzy\].*match_members: false"
    with pytest.raises(EnvironmentFaultError, match=expected):
        build_warehouse(home, Settings(match_members=True), run_id="night1")
    assert not home.runs.exists()  # nothing of dbt was begun


@pytest.fixture(scope="module")
def brand(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Accounts of a simulated brand whose birthday is known, by whose they are; a till's card has the name as well."""
    folder = tmp_path_factory.mktemp("brand")
    generate_world(folder, size="S", seed=1, first=date(2026, 3, 1), last=date(2026, 6, 30))
    with duckdb.connect() as connection:
        for name in ("accounts", "truth/accounts"):
            path = folder / f"{name}.parquet"
            connection.read_parquet(str(path)).create_view(name.replace("/", "_"))
        found = connection.sql(
            "select account_id, person_id, channel_code, name, birth_on, province from accounts "
            "inner join truth_accounts using (account_id) where birth_on is not null"
        )
        return found.to_arrow_table().to_pylist()


def judged(rows: list[dict[str, Any]], names: dict[int, str]) -> tuple[int, int, int]:
    """Of accounts called by these names: pairs that are one person's, of them suggested, and suggested at all."""
    whose = {f"{row['channel_code']}{row['account_id']}": row["person_id"] for row in rows}
    accounts = [
        account(
            f"{row['channel_code']}{row['account_id']}",
            names[row["person_id"]],
            row["birth_on"],
            None,
            row["province"],
        )
        for row in rows
        if row["person_id"] in names
    ]
    pairs = matched(accounts)
    suggested = [pair for pair, (_, probability, *_) in pairs.items() if probability >= 0.9]
    true = [pair for pair in suggested if whose[pair[0]] == whose[pair[1]]]
    of_person = [row["person_id"] for row in rows if row["person_id"] in names]
    known = sum(of_person.count(one) * (of_person.count(one) - 1) // 2 for one in set(of_person))
    return known, len(true), len(suggested)


def test_cards_of_persons_who_share_one_of_39_names_are_suggested(brand: list[dict[str, Any]]) -> None:
    """What a simulated brand's tills export: everybody has one card, so that whatever is found is wrong."""
    tills = [row for row in brand if row["channel_code"] == "pos"]
    assert len(tills) > 3_000
    assert judged(tills, {row["person_id"]: row["name"] for row in tills}) == (0, 0, 0)


def test_accounts_of_one_person_are_missed_where_two_shops_know_the_name(
    brand: list[dict[str, Any]], record_property: Any
) -> None:
    """The simulated Youzan has nicknames; here it has the names that the tills have."""
    names = {row["person_id"]: row["name"] for row in brand if row["channel_code"] == "pos"}
    known, true, suggested = judged(brand, names)
    record_property("recall", round(true / known, 4))
    record_property("precision", round(true / suggested, 4))
    assert known > 300
    assert true / known >= 0.95
    assert true / suggested >= 0.98
