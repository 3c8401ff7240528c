"""Which accounts are probably one person's: what is counted, what is learned, and what says nothing."""

import logging
import random
import subprocess
import sys
from hashlib import md5
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from siyu.errors import EnvironmentFaultError
from siyu.identity import match_pairs, matching

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


def test_a_file_of_the_caller_keeps_what_splink_made(tmp_path: Any) -> None:
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


def test_a_home_that_lacks_splink_is_not_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    matching.require_splink()
    monkeypatch.setattr(matching, "find_spec", lambda _: None)
    with pytest.raises(EnvironmentFaultError, match=r"not installed.*siyu\[fuzzy\].*match_members: false"):
        matching.require_splink()
