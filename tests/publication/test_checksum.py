"""The checksum against a second implementation of its definition, and against a value made with md5sum."""

import hashlib
import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.errors import UsageError
from siyu.publication.checksum import checksum_of
from tests.properties import examples

DDL = """
create table rows_of_all_types (
    a_text varchar, an_amount decimal(18,2), a_rate decimal(18,6), a_whole decimal(9,0), a_count bigint,
    a_small smallint, a_flag boolean, a_day date, a_moment timestamp, a_zoned timestamptz, a_double double,
    some_texts varchar[]
)
"""
BOUNDS = (datetime(1970, 1, 2), datetime(2999, 12, 31))  # noqa: DTZ001 - the strategy adds the zone
ROW = st.tuples(
    st.none() | st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00")),
    st.none() | st.decimals(-(10**12), 10**12, places=2),
    st.none() | st.decimals(-(10**6), 10**6, places=6),
    st.none() | st.integers(-(10**8), 10**8).map(Decimal),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.integers(-(2**15), 2**15 - 1),
    st.none() | st.booleans(),
    st.none() | st.dates(date(1900, 1, 1), date(2999, 12, 31)),
    st.none() | st.datetimes(*BOUNDS),
    st.none() | st.datetimes(*BOUNDS, timezones=st.just(UTC)),
    st.none() | st.floats(allow_nan=False, allow_infinity=False),
    st.none() | st.lists(st.none() | st.text(alphabet="a,|\\N"), max_size=3),
)
PLACES = {1: 2, 2: 6, 3: 0}


def escaped(text: str, separator: str) -> str:
    return text.replace("\\", "\\\\").replace(separator, f"\\{separator}")


def text_of(value: object, places: int) -> str:
    """The canonical text, from the definition alone."""
    match value:
        case None:
            text = "\\N"
        case bool():
            text = "t" if value else "f"
        case Decimal():
            text = f"{value:.{places}f}"
            text = text.removeprefix("-") if Decimal(text) == 0 else text
        case datetime():
            moment = value.astimezone(UTC) if value.tzinfo else value
            text = f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06d}Z"
        case date():
            text = f"{value:%Y-%m-%d}"
        case float():
            text = f"{struct.unpack('>Q', struct.pack('>d', value + 0.0))[0]:064b}"
        case str():
            text = escaped(value, "|")
        case list():
            text = escaped("".join(("\\N" if e is None else escaped(e, ",")) + "," for e in value), "|")
        case _:
            text = str(value)
    return text


def expected_checksum(rows: Sequence[Sequence[object]]) -> str:
    """The checksum, from the definition alone."""
    texts = [
        "|".join(text_of(value, PLACES.get(place, 0)) for place, value in enumerate(row)) for row in rows
    ]
    return f"{len(rows)}:{sum(int(hashlib.md5(text.encode()).hexdigest()[:15], 16) for text in texts)}"  # noqa: S324


def checksum_of_values(*values: object, type_: str = "varchar") -> str:
    with duckdb.connect() as connection:
        connection.execute(f"create table t (v {type_})")
        for value in values:
            connection.execute("insert into t values (?)", [value])
        return checksum_of(connection.table("t"))[1]


def checksum_of_pairs(*pairs: tuple[str | None, str | None]) -> str:
    with duckdb.connect() as connection:
        connection.execute("create table t (a varchar, b varchar)")
        connection.executemany("insert into t values (?, ?)", [list(pair) for pair in pairs])
        return checksum_of(connection.table("t"))[1]


@examples(60, soak=1000)
@given(rows=st.lists(ROW, min_size=1, max_size=5))
def test_two_implementations_of_the_checksum_disagree(rows: list[tuple[object, ...]]) -> None:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'Asia/Shanghai'")
        connection.execute(DDL)
        connection.executemany(
            "insert into rows_of_all_types values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [list(row) for row in rows],
        )
        assert checksum_of(connection.table("rows_of_all_types")) == (len(rows), expected_checksum(rows))


def test_the_definition_moved_away_from_what_md5sum_says() -> None:
    # printf '%s' 'o\|1|0.50|t|\N' | md5sum  → 5771eb82d905732…: its first 15 hex digits, in decimal
    with duckdb.connect() as connection:
        connection.execute("create table t (k varchar, a decimal(18,2), f boolean, n varchar)")
        connection.execute("insert into t values ('o|1', 0.5, true, null)")
        assert checksum_of(connection.table("t")) == (1, "1:393817268805457714")


def test_an_empty_table_has_no_checksum() -> None:
    assert checksum_of_values() == "0:0"


def test_null_and_lookalikes_of_null_are_taken_for_each_other() -> None:
    texts = [None, "", "\\N", "\\\\N", "N", "null", "-0.00", "0.00", " "]
    assert len({checksum_of_values(text) for text in texts}) == len(texts)


def test_a_separator_inside_a_value_moves_a_field_border() -> None:
    pairs = [
        ("a|b", "c"),
        ("a", "b|c"),
        ("a\\", "|b|c"),
        ("a\\|b", "c"),
        ("a|b|c", None),
        (None, "a|b|c"),
        ("a|b|c", ""),
    ]
    assert len({checksum_of_pairs(pair) for pair in pairs}) == len(pairs)


def test_two_lists_of_texts_are_taken_for_each_other() -> None:
    lists = [None, [], [""], [None], ["", ""], ["a,b"], ["a", "b"], ["a\\,b"], ["a\\", "b"], ["\\N"], ["a|b"]]
    assert len({checksum_of_values(value, type_="varchar[]") for value in lists}) == len(lists)


def test_minus_zero_differs_from_zero() -> None:
    assert checksum_of_values(-0.0, type_="double") == checksum_of_values(0.0, type_="double")
    assert checksum_of_values(Decimal("-0.00"), type_="decimal(18,2)") == checksum_of_values(
        0, type_="decimal(18,2)"
    )


def test_the_order_of_rows_changes_the_checksum() -> None:
    assert checksum_of_values("a", "b", "c") == checksum_of_values("c", "a", "b")


def test_a_row_that_comes_twice_is_lost() -> None:
    assert (
        len({checksum_of_values("a"), checksum_of_values("a", "a"), checksum_of_values("a", "a", "a")}) == 3
    )


def test_a_fen_less_goes_unseen() -> None:
    assert checksum_of_values(Decimal("10.00"), type_="decimal(18,2)") != checksum_of_values(
        Decimal("9.99"), type_="decimal(18,2)"
    )


@pytest.mark.parametrize("type_", ["hugeint", "integer[]", "varchar[][]", "blob", "time", "uuid"])
def test_a_type_that_parquet_or_postgresql_would_change_is_published(type_: str) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"create table t (order_key varchar, odd {type_})")
        with pytest.raises(UsageError, match="column odd has type"):
            checksum_of(connection.table("t"))
