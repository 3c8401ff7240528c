"""A wrong mapping is refused with the line that is wrong and the nearest right word."""

from pathlib import Path

import pytest

from siyu.channels.files import load_mapping
from siyu.errors import UsageError
from siyu.settings import PROJECT

GOOD = """\
version: 1
name: small_shop
channel: own_web
timezone: Asia/Shanghai
currency: CNY
sources:
  - name: orders
    files: orders.csv
    format: csv
    columns:
      order_no: {from: order, type: id, personal: none}
      buyer: {from: buyer, type: id, personal: identifier}
      placed: {from: placed, type: timestamp, personal: none}
      total: {from: total, type: amount, personal: none}
    resources:
      orders:
        where: {column: order_no, starts_with: A}
        fields:
          order_id: order_no
          customer_id: buyer
          ordered_at: placed
          paid_amount: total
"""

# what is changed → line and words of the message
WRONG: list[tuple[str, str, str]] = [
    ("version: 1", "version: 2", "1: version: "),
    ("currency: CNY", "curency: CNY", "5: unknown key 'curency'; did you mean 'currency'?"),
    ("currency: CNY", "currency: yuan", "5: 'yuan' is no currency"),
    ("timezone: Asia/Shanghai", "timezone: Asia/Beijing", "4: no time zone is called 'Asia/Beijing'"),
    ("format: csv", "format: cvs", "9: sources.0.format: "),
    (
        "    format: csv",
        "    format: csv\n    delimeter: tab",
        "10: sources.0: unknown key 'delimeter'; did you mean 'delimiter'",
    ),
    ("    format: csv", "    format: csv\n    delimiter: '||'", "10: '||' is not one character"),
    ("    format: csv", "    format: csv\n    encoding: utf-9", "10: no encoding is called 'utf-9'"),
    ("    format: csv", "    format: fixed_width", "7: widths"),
    ("files: orders.csv", "files: ../orders.csv", "8: a glob is relative"),
    (
        "order_no: {from: order, type: id, personal: none}",
        "order_no: {from: order, type: id}",
        "11: sources.0.columns.order_no.personal: Field required",
    ),
    ("order_no: {", "Order-No: {", "11: sources.0.columns.Order-No: a name has small letters"),
    ("type: amount", "type: money", "14: sources.0.columns.total.type: "),
    ("type: timestamp,", 'type: timestamp, format: "%Q",', "13: "),
    (
        "type: amount,",
        'type: amount, format: "%Y",',
        "14: a format belongs to columns of type timestamp or date",
    ),
    ("      orders:\n", "      order:\n", "16: unknown resource 'order'; did you mean 'orders'?"),
    (
        "order_id: order_no",
        "oder_id: order_no",
        "19: orders has no field 'oder_id'; did you mean 'order_id'?",
    ),
    (
        "order_id: order_no",
        "order_id: orderno",
        "19: the source has no column 'orderno'; did you mean 'order_no'?",
    ),
    ("          ordered_at: placed\n", "", "18: orders needs the field 'ordered_at'"),
    ("ordered_at: placed", "ordered_at: total", "21: ordered_at takes timestamp, not amount"),
    ("ordered_at: placed", "ordered_at: {constant: soon}", "21: 'soon' is no timestamp"),
    ("ordered_at: placed", "ordered_at: {constant: 2026-01-01, column: placed}", "21: "),
    ("personal: identifier", "personal: none", "20: customer_id is personal"),
    (
        "order_id: order_no",
        "order_id: {join: [order_no, buyer]}",
        "19: order_id lands in the clear, but is fed by a column with `personal: ident",
    ),
    ("starts_with: A", "starts_with: A, equals: B", "17: "),
    ("starts_with: A", "begins_with: A", "17: sources.0.resources.orders.where: unknown key 'begins_with'"),
    (
        "column: order_no, starts_with",
        "column: total, starts_with",
        "17: starts_with needs a column of type text or id",
    ),
    ("column: order_no, starts_with: A", "column: total, less_than: much", "17: 'much' is no amount"),
    ("column: order_no, starts_with: A", "column: order_no, less_than: 5", "17: less_than needs a number"),
    ("starts_with: A", "matches: '(['", "17: "),
    ("name: small_shop", "name: small_shop\nname: other", "3: the key 'name' is given twice"),
    ("currency: CNY", "currency: [CNY", "6: not YAML"),
]


@pytest.mark.parametrize(("before", "after", "message"), WRONG)
def test_a_wrong_mapping_names_file_line_and_the_nearest_word(
    tmp_path: Path, before: str, after: str, message: str
) -> None:
    assert before in GOOD
    path = tmp_path / "m.yml"
    path.write_text(GOOD.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(UsageError) as error:
        load_mapping(path)
    assert f"{path}:{message}" in str(error.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "m.yml"
    path.write_text(
        GOOD.replace("order_id: order_no", "order_id: x").replace("paid_amount: total", "paid_amount: placed")
    )
    with pytest.raises(UsageError) as error:
        load_mapping(path)
    assert f"{path}:19: " in str(error.value)
    assert f"{path}:22: " in str(error.value)


def test_amounts_in_fen_must_be_of_type_amount(tmp_path: Path) -> None:
    path = tmp_path / "m.yml"
    path.write_text(
        GOOD.replace("currency: CNY", "currency: CNY\namount_unit: minor").replace(
            "type: amount", "type: decimal"
        )
    )
    with pytest.raises(UsageError, match="paid_amount is money, and amounts are in fen"):
        load_mapping(path)


def test_words_of_yaml_stay_words(tmp_path: Path) -> None:
    path = tmp_path / "m.yml"
    path.write_text(GOOD.replace("starts_with: A", "in: [NO, 007, 1e5, 2020-01-01, null]"))
    condition = load_mapping(path).sources[0].resources["orders"].where
    assert condition is not None
    assert condition.operands == ("NO", "007", "1e5", "2020-01-01", "null")


def test_a_mapping_that_is_not_there_is_an_error_a_person_can_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        load_mapping(tmp_path / "none.yml")
    (tmp_path / "empty.yml").write_text("")
    with pytest.raises(UsageError, match=r"empty\.yml holds no mapping"):
        load_mapping(tmp_path / "empty.yml")


@pytest.mark.parametrize(
    "path", sorted((PROJECT / "examples" / "mappings").glob("*.yml")), ids=lambda path: path.stem
)
def test_the_example_mappings_are_valid(path: Path) -> None:
    assert load_mapping(path).name == path.stem


@pytest.mark.parametrize("says", ["attribute", "free_text", "compared"])
def test_a_mapping_that_seals_a_name_is_refused_since_names_are_compared(tmp_path: Path, says: str) -> None:
    path = tmp_path / "m.yml"
    path.write_text(_with_a_name(says), encoding="utf-8")
    (source,) = load_mapping(path).sources
    assert source.resources["customers"].fields["full_name"].column == "called"


@pytest.mark.parametrize("says", ["none", "identifier"])
def test_a_name_is_fed_by_what_everybody_reads_or_persons_are_found_by(tmp_path: Path, says: str) -> None:
    path = tmp_path / "m.yml"
    path.write_text(_with_a_name(says), encoding="utf-8")
    with pytest.raises(UsageError, match="full_name is personal: its column must say `personal: attribute`"):
        load_mapping(path)


def _with_a_name(says: str) -> str:
    return GOOD.replace(
        "      placed: {",
        f"      called: {{from: called, type: text, personal: {says}}}\n      placed: {{",
        1,
    ).replace(
        "    resources:\n",
        "    resources:\n      customers:\n        fields: {customer_id: buyer, full_name: called}\n",
        1,
    )
