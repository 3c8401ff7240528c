"""What arrives in PostgreSQL is what was audited, for every type and every odd value, or is refused by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from siyu.errors import DamagedFileError, RefusedError
from siyu.publication.manifest import Manifest
from siyu.publication.postgres.checksum import checksums
from siyu.publication.postgres.target import look_at_target
from tests.postgres import Database
from tests.publication.postgres.tables import write_tables

DDL = """
create table rows_of_all_types (
    place integer, a_text varchar, an_amount decimal(18,2), a_rate decimal(38,12), a_whole decimal(9,0),
    a_count bigint, an_integer integer, a_small smallint, a_tiny tinyint, a_flag boolean, a_day date,
    a_moment timestamp, a_zoned timestamptz, a_double double, a_float float, some_texts varchar[]
)
"""
FIRST, LAST = datetime(1, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001 - the strategy adds the zone
TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
AWKWARD = st.sampled_from(
    [
        "",
        "\\N",
        "\\",
        "\\.",
        "a|b",
        "\n",
        "\r\n",
        "\t",
        '"',
        "'",
        "{}",
        "NULL",
        "null",
        ",",
        "😀",
        "𠮷",
        "é",
        "\x01",
        "\x7f",
    ]
)
TEXTS = st.none() | AWKWARD | TEXT
ROW = st.tuples(
    TEXTS,
    st.none() | st.decimals(-(10**15), 10**15, places=2),
    st.none() | st.decimals(-(10**6), 10**6, places=12),
    st.none() | st.integers(-(10**8), 10**8),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.integers(-(2**31), 2**31 - 1),
    st.none() | st.integers(-(2**15), 2**15 - 1),
    st.none() | st.integers(-(2**7), 2**7 - 1),
    st.none() | st.booleans(),
    st.none() | st.dates(),
    st.none() | st.datetimes(FIRST, LAST),
    st.none() | st.datetimes(FIRST, LAST, timezones=st.just(UTC)),
    st.none() | st.floats(),
    st.none() | st.floats(width=32),
    st.none() | st.lists(TEXTS, max_size=4),
)
# what Python's values cannot say, and what went wrong elsewhere: each by name, as DuckDB writes it
ODD = {
    "minus zero amount": "(-0.00)::decimal(18,2)",
    "minus zero": "(-0.0)::double",
    "nan": "'nan'::double",
    "nan with a sign": "'inf'::double - 'inf'::double",
    "infinite": "'-inf'::double",
    "smallest": "5e-324::double",
    "float that has no short text": "0.1::float",
    "greatest amount": "9999999999999999.99::decimal(18,2)",
    "widest decimal": "99999999999999999999999999.999999999999::decimal(38,12)",
    "day before 1900": "date '1899-12-31'",
    "day that the Gregorian reform skipped": "date '1582-10-10'",
    "day of the year 1": "date '0001-01-01'",
    "ides of March": "date '0044-03-15 (BC)'",
    "year before 1": "date '0001-12-31 (BC)'",
    "far future": "date '294246-12-31'",
    "day without end": "date 'infinity'",
    "day without beginning": "date '-infinity'",
    "moment of Shanghai's local mean time": "timestamp '1900-12-31 23:54:17.000001'",
    "moment of the year 1 BC": "timestamp '0001-05-06 (BC) 07:08:09.5'",
    "moment of the year 6 BC": "timestamp '0006-05-06 (BC) 07:08:09.5'",
    "moment in the far future": "timestamp '294246-12-31 23:59:59.999999'",
    "moment without end": "timestamp 'infinity'",
    "zoned moment without end": "timestamptz '-infinity'",
    "zoned moment before 1900": "timestamptz '1850-01-01 00:00:00.000001+00'",
    "zoned moment BC": "timestamptz '0044-03-15 (BC) 12:00:00+00'",
    "empty text": "''",
    "text null": "null::varchar",
    "looks like null": "'\\N'",
    "end of COPY": "'\\.'",
    "carriage return": "'a' || chr(13) || 'b'",
    "no texts": "[]::varchar[]",
    "one empty text": "['']",
    "one null": "[null]::varchar[]",
    "texts that need quotes": """['a,b', 'c"d', 'e\\f', '{g}', 'null', 'NULL', ' h ', chr(10), chr(9), '😀', '|']""",
    "emoji and rare Han": "'👨‍👩‍👧 𠮷野家'",
    "true": "true",
}


@contextmanager
def loaded(database: Database, folder: Path, manifest: Manifest) -> Iterator[psycopg.Connection]:
    """The candidate staged, and a session that may look at marts_candidate."""
    with look_at_target(database.publisher_uri) as target:
        target.stage(folder, manifest)
    with psycopg.connect(database.publisher_uri, options="-c timezone=Asia/Shanghai") as connection:
        yield connection


@settings(
    max_examples=40,
    deadline=None,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # each example loads a table: shrinking takes minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(ROW, min_size=1, max_size=8))
def test_a_row_arrives_in_postgresql_as_another(
    postgres: Database, tmp_path: Path, rows: list[tuple[object, ...]]
) -> None:
    def fill(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(DDL)
        connection.executemany(
            "insert into rows_of_all_types values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [[place, *row] for place, row in enumerate(rows)],
        )

    folder = tmp_path / "candidate"
    manifest = write_tables(folder, {"all_types": "from rows_of_all_types"}, setup=fill)
    with loaded(postgres, folder, manifest) as connection:
        assert checksums(connection, "marts_candidate", manifest) == expected(manifest)


def test_an_odd_value_arrives_in_postgresql_as_another(postgres: Database, tmp_path: Path) -> None:
    queries = {
        f"odd_{number}": f"select 1 as place, {value} as value, null::varchar as empty union all select 2, null, ''"
        for number, value in enumerate(ODD.values())
    }
    manifest = write_tables(tmp_path / "candidate", queries)
    with loaded(postgres, tmp_path / "candidate", manifest) as connection:
        found = checksums(connection, "marts_candidate", manifest)
    names = dict(zip(queries, ODD, strict=True))
    assert {names[table] for table in found if found[table] != manifest.models[table].checksum} == set()


def test_values_look_different_to_somebody_who_reads_them(postgres: Database, tmp_path: Path) -> None:
    # not by checksum: what psycopg hands to a reader
    manifest = write_tables(
        tmp_path / "candidate",
        {
            "seen": """
            select 1 as place, -0.00::decimal(18,2) as amount, 'a|\\b' || chr(10) || chr(9) || '😀' as text,
                ['x,y', null, ''] as texts, date '1899-12-31' as day, timestamp '2026-11-20 16:05:06.000007' as moment,
                timestamptz '2026-11-20 16:05:06+08' as zoned, 'nan'::double as share, false as flag
            union all select 2, null, '', [], null, null, null, null, null
            """
        },
    )
    with loaded(postgres, tmp_path / "candidate", manifest) as connection:
        connection.execute("set timezone = 'UTC'")
        rows = connection.execute("select * from marts_candidate.seen order by place").fetchall()
    first, second = rows
    assert str(first[1]) == "0.00"
    assert first[2:7] == (
        "a|\\b\n\t😀",
        ["x,y", None, ""],
        date(1899, 12, 31),
        datetime(2026, 11, 20, 16, 5, 6, 7),  # noqa: DTZ001 - as stored, UTC
        datetime(2026, 11, 20, 8, 5, 6, tzinfo=UTC),
    )
    assert str(first[7]) == "nan"
    assert first[8] is False
    assert second == (2, None, "", [], None, None, None, None, None)


@pytest.mark.parametrize("kind", ["text", "texts"])
def test_a_nul_in_a_text_is_cut_off_or_named_by_its_value(
    postgres: Database, tmp_path: Path, kind: str
) -> None:
    value = "'secret' || chr(0) || 'x'" if kind == "text" else "['secret' || chr(0)]"
    manifest = write_tables(
        tmp_path / "candidate", {"notes": f"select 1 as place, 'ok' as good, {value} as bad"}
    )
    with (
        pytest.raises(RefusedError, match=r"notes\.bad holds a text with a NUL character") as refusal,
        loaded(postgres, tmp_path / "candidate", manifest),
    ):
        pass
    assert "secret" not in str(refusal.value)


def test_rows_other_than_the_manifest_says_are_let_through(postgres: Database, tmp_path: Path) -> None:
    folder = tmp_path / "candidate"
    manifest = write_tables(
        folder, {"amounts": "select range as place, 1.00::decimal(18,2) as paid from range(3)"}
    )
    write_tables(
        tmp_path / "other", {"amounts": "select range as place, 1.01::decimal(18,2) as paid from range(3)"}
    )
    (tmp_path / "other" / "amounts.parquet").replace(folder / "amounts.parquet")
    with (
        pytest.raises(DamagedFileError, match="amounts arrived in PostgreSQL with checksum 3:"),
        loaded(postgres, folder, manifest),
    ):
        pass


def test_a_wide_table_does_not_fit(postgres: Database, tmp_path: Path) -> None:
    columns = [f"range + {number} as c{number}" for number in range(250)]
    manifest = write_tables(tmp_path / "candidate", {"wide": "from range(5) select " + ", ".join(columns)})
    with loaded(postgres, tmp_path / "candidate", manifest) as connection:
        assert checksums(connection, "marts_candidate", manifest) == expected(manifest)


def test_a_server_of_other_habits_changes_a_value(postgres: Database, tmp_path: Path) -> None:
    with psycopg.connect(postgres.admin_uri, autocommit=True) as admin:
        for habit in (
            "datestyle = 'SQL, DMY'",
            "timezone = 'America/New_York'",
            "extra_float_digits = -3",
            "default_transaction_isolation = 'serializable'",
            "bytea_output = 'escape'",
        ):
            admin.execute(f"alter role publisher in database {postgres.name} set {habit}")
    manifest = write_tables(
        tmp_path / "candidate",
        {
            "habits": "select 1 as place, date '2026-02-03' as day, timestamp '2026-02-03 04:05:06' as moment,"
            " timestamptz '2026-02-03 04:05:06+00' as zoned, 0.1 + 0.2::double as share, date 'infinity' as ever"
        },
    )
    with loaded(postgres, tmp_path / "candidate", manifest) as connection:
        assert checksums(connection, "marts_candidate", manifest) == expected(manifest)


def expected(manifest: Manifest) -> dict[str, str]:
    return {name: table.checksum for name, table in manifest.models.items()}
