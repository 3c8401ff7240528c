"""What a person sees before landing anything."""

import json

import pytest
from typer.testing import CliRunner

from siyu.channels.files.check import check_mapping
from siyu.cli.mapping import app
from tests.channels.shop import HEADER, ORDER_COLUMNS, ORDER_FIELDS, ROW, Shop

BUYER = {"buyer": {"from": "买家", "type": "id", "personal": "identifier"}}
RESOURCES = {
    "orders": {
        "fields": ORDER_FIELDS | {"customer_id": "buyer"},
        "exclude": [{"reason": "test_order", "when": {"column": "order_no", "starts_with": "T"}}],
    }
}
CONTENT = (
    f"{HEADER},买家,备注\n{ROW},张三13800138000,急\nT1,2026-03-01,1,李四,\nA2,never,1,王五,\nA3,2026-03-01,-1,赵六,\n"
    "A4,2099-01-01,1,钱七,\n"
)


def test_check_counts_what_would_land_and_writes_nothing(shop: Shop) -> None:
    shop.put(CONTENT)
    shop.put("x", "notes.txt")
    mapping = shop.mapping(columns=ORDER_COLUMNS | BUYER, resources=RESOURCES, files=["*.csv"])
    before = sorted(shop.folder.parent.rglob("*"))
    result = check_mapping(mapping, shop.folder, shop.settings)
    assert sorted(shop.folder.parent.rglob("*")) == before
    (file,) = result.files
    (orders,) = file.resources
    assert (file.error, file.unmapped_columns, result.unclaimed) == ("", ["备注"], ["notes.txt"])
    assert (orders.read, orders.elsewhere, orders.would_land, orders.excluded) == (5, 0, 2, {"test_order": 1})
    assert sorted((bad.reason, bad.column, bad.rows, tuple(bad.source_rows)) for bad in orders.rejected) == [
        ("date_after_landing", "ordered_at", 1, (5,)),
        ("negative_value", "paid_amount", 1, (4,)),
        ("not_a_date", "placed", 1, (3,)),
    ]


def test_check_masks_every_sample(shop: Shop) -> None:
    shop.put(CONTENT)
    mapping = shop.mapping(columns=ORDER_COLUMNS | BUYER, resources=RESOURCES)
    text = str(check_mapping(mapping, shop.folder, shop.settings))
    assert "某某" in text
    for value in ("王五", "赵六", "钱七", "13800138000", "never"):
        assert value not in text


def test_check_tells_a_refused_file_and_goes_on(shop: Shop) -> None:
    shop.put("", "a.csv")
    shop.put(f"{HEADER}\n{ROW}\n", "b.csv")
    result = check_mapping(shop.mapping(), shop.folder, shop.settings)
    assert [bool(file.error) for file in result.files] == [True, False]
    assert result.is_refused


def test_check_does_not_tell_a_file_of_more_bad_rows_than_a_night_takes(shop: Shop) -> None:
    good = "".join(f"A{number},2026-03-01,1\n" for number in range(90))
    bad = "".join(f"B{number},never,1\n" for number in range(11))
    shop.put(f"{HEADER}\n{good}{bad}")
    result = check_mapping(shop.mapping(), shop.folder, shop.settings)
    (file,) = result.files
    assert file.error == "11 of 101 rows cannot be understood; expected at most 10; mend the mapping"
    assert file.resources[0].rejected[0].samples, "nothing shows what to mend"
    assert result.is_refused


def test_check_does_not_tell_a_source_without_a_file(shop: Shop) -> None:
    shop.put(f"{HEADER}\n{ROW}\n")
    mapping = shop.mapping()
    renamed = mapping.sources[0].model_copy(update={"name": "more", "files": ["later*.csv"]})
    both = mapping.model_copy(update={"sources": [*mapping.sources, renamed]})
    assert check_mapping(both, shop.folder, shop.settings).sources_without_a_file == {"more": ["later*.csv"]}


def test_check_tells_a_currency_without_a_rate(shop: Shop) -> None:
    shop.put(f"{HEADER}\n{ROW}\n")
    result = check_mapping(shop.mapping(top={"currency": "XAF"}), shop.folder, shop.settings)
    assert "XAF" in result.files[0].error


def test_the_check_command_speaks_json_and_fails_on_a_refused_file(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIYU_HOME", str(shop.home.root))
    shop.put(f"{HEADER}\n{ROW}\n")
    shop.mapping()
    run = CliRunner().invoke(app, ["check", str(shop.mapping_file), str(shop.folder), "--json"])
    assert run.exit_code == 0
    assert json.loads(run.stdout)["files"][0]["resources"][0]["would_land"] == 1
    assert "would land" in CliRunner().invoke(app, ["check", str(shop.mapping_file), str(shop.folder)]).stdout
    shop.put("", "empty.csv")
    assert CliRunner().invoke(app, ["check", str(shop.mapping_file), str(shop.folder)]).exit_code == 2
