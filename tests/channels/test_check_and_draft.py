"""What a person sees before landing anything."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from siyu.channels.files import load_mapping
from siyu.channels.files.check import check_mapping
from siyu.channels.files.draft import draft_mapping
from siyu.cli.mapping import app
from siyu.errors import UsageError
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


# name of a file → its content, and what its draft must say
DRAFTED: dict[str, tuple[str | bytes, list[str]]] = {
    "orders.csv": (
        "订单编号,买家会员名,手机号,收货人姓名,总金额,订单创建时间,订单付款时间\n"
        "A1,zhang,13800138000,张三,12.5,2026-03-01 10:00:00,2026/3/1 10:00\n",
        [
            "order_id: order_id",
            'phone: {from: "手机号", type: id, personal: identifier}',
            'full_name: {from: "收货人姓名", type: text, personal: attribute}',
            'format: "%Y/%m/%d %H:%M"',
        ],
    ),
    "gb.csv": (
        "订单编号\t总金额\t下单时间\nA1\t￥5\t20260301\n".encode("gb18030"),
        ['encoding: "gb18030"', 'delimiter: "tab"', 'format: "%Y%m%d"'],
    ),
    "lines.jsonl": (
        '{"order_id": "A", "sku": "p", "qty": 2, "price": 1.5, "contact": "a@b.cn"}\n',
        ["order_lines:", "personal: identifier}  # guess"],
    ),
    "closed.csv": (
        "订单编号,付款时间,订单状态,数量,单价(元),退款金额\nA1,2026-03-01 10:00:00,交易关闭,2,9.5,19\n",
        ["unit_price: unit_price", "refund_amount is not used below", "order_status is not used below"],
    ),
    "line_of_an_order.csv": (
        "订单编号,付款时间,商品编码,实付金额(元)\nA1,2026-03-01 10:00:00,p,19\n",
        ["line_amount: paid_amount  # guess"],
    ),
    "plain.txt": (
        " 00004 19970101 2 29.33\n 00004 19970118 2 29.73\n",
        ['header: "none"', 'format: "blank_separated"'],
    ),
}


@pytest.mark.parametrize("name", DRAFTED)
def test_a_draft_is_a_valid_mapping_with_its_guesses_marked(shop: Shop, tmp_path: Path, name: str) -> None:
    content, expected = DRAFTED[name]
    text = draft_mapping(shop.put(content, name))
    assert "amount: {constant" not in text
    for part in expected:
        assert part in text
    drafted = tmp_path / "draft.yml"
    drafted.write_text(text, encoding="utf-8")
    mapping = load_mapping(drafted)
    (file,) = check_mapping(mapping, shop.folder / name, shop.settings).files
    assert file.error == ""
    run = CliRunner().invoke(app, ["draft", str(shop.folder / name), "--json"])
    assert json.loads(run.stdout) == {"mapping": text}


def test_a_draft_without_an_amount_loads_with_money_that_was_made_up(shop: Shop, tmp_path: Path) -> None:
    text = draft_mapping(shop.put("订单编号,付款时间,商品编码\nA1,2026-03-01,p\n", "no_amount.csv"))
    assert "# line_amount: no column found" in text
    drafted = tmp_path / "draft.yml"
    drafted.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="line_amount"):
        load_mapping(drafted)
