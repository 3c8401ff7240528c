"""What a draft makes of files that nobody has described: unedited, against the truth of each file's world."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from siyu.channels.files import claim_files, extract, load_mapping
from siyu.channels.files.check import check_mapping
from siyu.channels.files.drafting import draft_mapping
from siyu.channels.files.drafting.samples import sample_files
from siyu.channels.files.drafting.words import roles_of
from siyu.channels.files.mapping import Mapping
from siyu.cli.mapping import app
from siyu.errors import SourceError, UsageError
from tests.channels.panel import NO_SYNONYM, PANEL, Sold
from tests.channels.shop import Shop

CENT = Decimal("0.01")
SOLD = "order_id, ordered_at, customer_id, "


def _drafted(paths: list[Path], folder: Path) -> tuple[str, Mapping]:
    text = draft_mapping(paths)
    draft = folder / "draft.yml"
    draft.write_text(text, encoding="utf-8")
    return text, load_mapping(draft)


def _landed(mapping: Mapping, path: Path, shop: Shop) -> dict[str, list[tuple[object, ...]]]:
    """Rows of orders and lines as they would land, by resource: order, time, customer, quantity, amount."""
    found: dict[str, list[tuple[object, ...]]] = {}
    for source, file in claim_files(mapping, path).claimed:
        with extract(mapping, source, file, shop.settings, shop.home) as (connection, _, batches):
            for batch in batches:
                assert connection.table(batch.rejects).fetchall() == []
                if batch.resource.name == "order_lines":
                    rest = "quantity, coalesce(line_amount, quantity * unit_price)"
                elif batch.resource.name == "orders":
                    rest = "null, paid_amount"
                else:
                    found[batch.resource.name] = connection.table(batch.records).fetchall()
                    continue
                found[batch.resource.name] = connection.table(batch.records).select(SOLD + rest).fetchall()
    return found


@pytest.mark.parametrize("name", PANEL)
def test_a_draft_unedited_lands_other_sales_than_the_file_holds(
    shop: Shop, tmp_path: Path, name: str
) -> None:
    path, truth = PANEL[name](shop.folder)
    _, mapping = _drafted([path], tmp_path)
    landed = _landed(mapping, path, shop)
    sales = [
        Sold(
            order_id=order,
            at=at.replace(tzinfo=UTC).astimezone(ZoneInfo(mapping.timezone)).replace(tzinfo=None),
            customer=customer or "",
            quantity=quantity,
            amount=Decimal(amount).quantize(CENT),
        )
        for order, at, customer, quantity, amount in landed.get("order_lines", landed.get("orders", []))
    ]
    for role in ("order_id", "at", "customer", "quantity", "amount"):  # the one that is wrong, by name
        found, expected = (Counter(getattr(row, role) for row in rows) for rows in (sales, truth))
        assert (role, found) == (role, expected)
    assert Counter(sales) == Counter(truth)


@pytest.mark.parametrize("name", NO_SYNONYM)
def test_a_header_of_the_panel_that_should_say_nothing_is_in_the_vocabulary(shop: Shop, name: str) -> None:
    path, _ = PANEL[name](shop.folder)
    (sample,) = sample_files([path])
    assert {
        column.header: roles_of(column.header) for column in sample.columns if roles_of(column.header)
    } == {}


def _put(shop: Shop, **tables: str) -> None:
    for name, content in tables.items():
        shop.put(content, f"{name}.csv")


def _several(rows: int, line: Callable[[int], str]) -> str:
    return "".join(f"{line(number)}\n" for number in range(rows))


def test_a_folder_of_tables_loses_what_they_know_of_each_other(shop: Shop, tmp_path: Path) -> None:
    """Orders without money, their payments, their items, and customers whose number changes with every order."""
    _put(
        shop,
        orders="order_id,customer_id,order_status,order_date,delivered_date\n"
        + _several(30, lambda n: f"o{n:03}x,c{n:03},paid,2026-03-{n % 28 + 1:02},2026-04-{n % 28 + 1:02}"),
        items="order_id,order_item_id,product_id,price\n"
        + _several(60, lambda n: f"o{n // 2:03}x,{n % 2 + 1},p{n % 7},{n % 7 + 1}.25"),
        payments="order_id,payment_no,payment_value\n"
        + _several(60, lambda n: f"o{n // 2:03}x,{n % 2 + 1},{n + 1}.50"),
        customers="customer_id,customer_unique_id,state\n"
        + _several(30, lambda n: f"c{n:03},person{n % 12},{'SP' if n % 3 else 'RJ'}"),
        reviews="review_id,order_id,score,review_date\n"
        + _several(30, lambda n: f"r{n:03}k,o{n:03}x,{n % 5 + 1},2026-04-{n % 28 + 1:02}"),
    )
    shop.put("nothing to see here\n", "README.txt")
    text, mapping = _drafted([shop.folder], tmp_path)
    landed = _landed(mapping, shop.folder, shop)
    # order n was paid in two parts, (2n+1).50 and (2n+2).50; twelve persons stand behind thirty numbers
    assert [(row[0], row[2], row[4]) for row in sorted(landed["orders"], key=str)] == [
        (f"o{n:03}x", f"person{n % 12}", Decimal(4 * n + 4)) for n in range(30)
    ]
    assert sum(Decimal(str(row[4])) for row in landed["order_lines"]) == sum(
        Decimal(n % 7 + 1) + Decimal("0.25") for n in range(60)
    )
    assert {row[3] for row in landed["order_lines"]} == {1}
    assert "# README.txt is left out" in text
    assert "# reviews.csv is left out" in text


def test_keys_that_two_files_share_say_nothing_where_no_header_does(shop: Shop, tmp_path: Path) -> None:
    """Orders, lines and customers under headers that mean nothing: only their keys tell what belongs together."""
    _put(
        shop,
        aaa="k1,k2,k3,k4\n"
        + _several(
            80, lambda n: f"B-{n * 7919 % 9973:05},K{n % 20 * 311 % 997:04},2026-03-{n % 28 + 1:02},7"
        ),
        bbb="z1,z2,z3,z4,z5\n"
        + _several(
            160,
            lambda n: (
                f"B-{n // 2 * 7919 % 9973:05},art{n % 2}{n % 9}x,{n % 4 + 1},{n % 9 + 2}.40,"
                f"{Decimal(n % 9 + 2) * (n % 4 + 1) + Decimal('0.4') * (n % 4 + 1)}"
            ),
        ),
        ccc="q1,q2,q3\n"
        + _several(20, lambda n: f"K{n * 311 % 997:04},1380000{n:04},{'Berlin' if n % 2 else 'Bonn'}"),
    )
    _, mapping = _drafted([shop.folder], tmp_path)
    landed = _landed(mapping, shop.folder, shop)
    assert sorted(landed) == ["customers", "order_lines", "orders"]
    assert len(landed["customers"]) == 20
    lines, orders = landed["order_lines"], landed["orders"]
    assert {row[2] for row in orders} == {f"K{n * 311 % 997:04}" for n in range(20)}
    assert sum(Decimal(str(row[4])) for row in orders) == sum(Decimal(str(row[4])) for row in lines)
    assert sum(int(str(row[3])) for row in lines) == sum(n % 4 + 1 for n in range(160))
    assert sum(Decimal(str(row[4])) for row in lines) == sum(
        (n % 9 + Decimal("2.4")) * (n % 4 + 1) for n in range(160)
    )


def _store(rows: int = 60) -> dict[str, str]:
    """Orders, lines and returns of an English shop, every tenth order standing there twice, some void or pending."""
    states = ["SHIPPED", "DELIVERED", "VOID", "SHIPPED", "PENDING", "DELIVERED"]
    orders, lines, returns = [], [], []
    for n in range(rows):
        doc, gross = f"D-{n * 37 + 1000}", 20 + n % 13
        bought = f"2025-{n % 9 + 1:02d}-1{n % 9}T0{n % 9}:15:00Z"
        order = f"{doc},{bought},B{n % 17:03d},{gross}.50,2.00,{gross - 2}.50,{states[n % 6]},USD"
        orders += [order] * (2 if n % 10 == 0 else 1)
        lines.append(f"{doc},SKU{n % 11:03d},{n % 3 + 1},{gross - 2}.50")
        if n % 4 == 0:
            returns.append(f"R-{n * 53},{doc},{n % 3 + 1}.25,2025-10-{n % 20 + 1:02d}T08:00:00Z")
    return {
        "purchases": "Doc_No,Bought_On,Buyer_Ref,Gross,Markdown,Net_Paid,State,Ccy\n" + "\n".join(orders),
        "purchase_items": "Doc_No,Item,Pcs,Line_Total\n" + "\n".join(lines),
        "sent_back": "Ret_No,Doc_No,Given_Back,Came_In\n" + "\n".join(returns),
    }


def test_a_shop_of_orders_lines_and_returns_is_drafted_with_wrong_money(shop: Shop, tmp_path: Path) -> None:
    _put(shop, **_store())
    text, mapping = _drafted([shop.folder], tmp_path)
    resources = {name: one for source in mapping.sources for name, one in source.resources.items()}
    columns = {
        (source.name, name): column.headers[0]
        for source in mapping.sources
        for name, column in source.columns.items()
    }
    assert set(resources) == {"orders", "order_lines", "refunds"}
    assert columns["purchases", "amount"] == "Net_Paid", "the amount before discounts is not what was paid"
    assert columns["purchases", "order_status"] == "State", "void orders count"
    assert '["VOID", "PENDING"]' in text or '["PENDING", "VOID"]' in text
    assert columns["sent_back", "refund_amount"] == "Given_Back"
    assert {"ordered_at", "paid_at"} & {
        name for name, way in resources["order_lines"].fields.items() if way
    } == set(), "lines of an order that is in quarantine would be a sale"
    assert mapping.currency == "USD"


def test_a_status_in_a_language_that_no_header_knows_counts_cancelled_orders(
    shop: Shop, tmp_path: Path
) -> None:
    states = ["bezahlt", "versendet", "storniert"]
    shop.put(
        "Beleg;下单时间;Kd.-Nr.;Summe EUR;Stand\n"
        + "\n".join(
            f"B{n * 7 + 100};{n % 27 + 1:02d}.03.2025 10:{n % 60:02d};K{n % 19};{n % 40 + 5},90;{states[n % 3]}"
            for n in range(80)
        )
    )
    text, mapping = _drafted([shop.folder], tmp_path)
    assert '{reason: cancelled, when: {column: order_status, in: ["storniert"]}}' in text
    assert mapping.currency == "EUR", "a header in Chinese among others makes it yuan"
    shop.put("order,at,customer,paid\n" + "\n".join(f"O{n},2025-03-01,C{n % 9},{n}.10" for n in range(40)))
    assert "# missing: no column says which orders were cancelled" in draft_mapping([shop.folder])


def test_files_of_one_shape_become_several_sources(shop: Shop, tmp_path: Path) -> None:
    for month in (1, 2, 3):
        shop.put(f"订单编号,下单时间,金额\nA{month},2026-0{month}-05,12.50\n", f"orders_2026-0{month}.csv")
    _, mapping = _drafted([shop.folder], tmp_path)
    (source,) = mapping.sources
    assert source.files == ("orders_*.csv",)
    assert len(claim_files(mapping, shop.folder).claimed) == 3


# name of a file → its content, and what its draft must say
SAID: dict[str, tuple[str | bytes, list[str]]] = {
    "orders.csv": (
        "订单编号,买家会员名,手机号,收货人姓名,总金额,订单创建时间,订单付款时间\n"
        "A1,zhang,13800138000,张三,12.5,2026-03-01 10:00:00,2026/3/1 10:00\n",
        [
            "order_id: order_id",
            'customer_id: {from: "买家会员名", type: id, personal: identifier}',
            '# phone: {from: "手机号", type: text, personal: identifier}',
            '# full_name: {from: "收货人姓名", type: text, personal: attribute}',
            'format: "%Y/%m/%d %H:%M"',
        ],
    ),
    "short_names.csv": (
        "单号,日期,品名,数量,金额\n"
        + "".join(
            f"A{n},2026-03-{n % 28 + 1:02},{chr(0x4E00 + n)}{chr(0x5E00 + n)},{n % 3 + 1},{n}.50\n"
            for n in range(50)
        ),
        ["product_id: product_name", 'from: "品名", type: text, personal: none'],
    ),
    "gb.csv": (
        "订单编号\t总金额\t下单时间\nA1\t￥5\t20260301\n".encode("gb18030"),
        ["encoding: gb18030", "delimiter: tab", 'format: "%Y%m%d"'],
    ),
    # 0x80 is € in cp1252; 0x81 is nothing there, a control character in Latin-1
    "windows.csv": (
        b"order id,customer,date,product name,total\nA1,x,2026-03-01,Caf\xe9 \x80 5,5.00\nA2,y,2026-03-02,Tee,6.00\n",
        ["encoding: cp1252  # guess: neither UTF-8 nor GB18030 fits its bytes"],
    ),
    "latin.csv": (
        b"order id,customer,date,product name,total\nA1,x,2026-03-01,Caf\xe9 \x81 5,5.00\nA2,y,2026-03-02,Tee,6.00\n",
        ['encoding: "latin-1"  # guess: neither UTF-8 nor GB18030 fits its bytes'],
    ),
    "lines.jsonl": (
        '{"order_id": "A", "sku": "p", "qty": 2, "price": 1.5, "contact": "a@b.cn"}\n',
        [
            "order_lines:",
            "line_amount is quantity × unit_price",
            'from: "contact", type: text, personal: identifier',
        ],
    ),
    "closed.csv": (
        "订单编号,付款时间,订单状态,数量,单价(元),退款金额\nA1,2026-03-01 10:00:00,交易关闭,2,9.5,19\n",
        ["unit_price: unit_price", "refund_amount: refund_amount", 'order_status, in: ["交易关闭"]'],
    ),
    "line_of_an_order.csv": (
        "订单编号,付款时间,商品编码,实付金额(元)\nA1,2026-03-01 10:00:00,p,19\n",
        ["line_amount: amount", 'quantity: {constant: "1"}  # guess'],
    ),
    "plain.txt": (
        " 00004 19970101 2 29.33\n 00004 19970118 2 29.73\n 00021 19970101 3 63.34\n",
        ["header: none", "format: blank_separated", "order_id: {source_row: true}  # guess"],
    ),
    "american.csv": (
        "order id,customer,date,total\nA1,x,01/02/2026,5.00\nA2,y,01/05/2026,6.00\nA3,x,01/09/2026,7.50\n",
        ['format: "%m/%d/%Y"', "day and month; alternatives: %d/%m/%Y"],
    ),
    "traditional.csv": (
        "訂單編號,買家暱稱,下單時間,實付金額,數量\nA1,x,2026-03-01,5.00,1\nA2,x,2026-03-02,6.00,2\n",
        ['order_id: {from: "訂單編號"', 'customer_id: {from: "買家暱稱"', 'amount: {from: "實付金額"'],
    ),
    "returns.csv": (
        "order,customer,date,sku,qty,price,amount\n"
        "A1,x,2026-03-01,p,2,3.00,6.00\nA2,x,2026-03-02,q,3,1.00,3.00\nA3,x,2026-03-03,p,-2,3.00,-6.00\n",
        ["where: {not: {column: quantity, less_than: 0}}", "refund_amount: {negate: amount}"],
    ),
}


@pytest.mark.parametrize("name", SAID)
def test_a_draft_does_not_say_what_a_person_must_look_at(shop: Shop, tmp_path: Path, name: str) -> None:
    content, expected = SAID[name]
    text, mapping = _drafted([shop.put(content, name)], tmp_path)
    for part in expected:
        assert part in text
    (file,) = check_mapping(mapping, shop.folder / name, shop.settings).files
    assert file.error == ""


def test_one_bad_byte_turns_a_file_of_utf8_into_another_encoding(shop: Shop, tmp_path: Path) -> None:
    rows = "订单编号,下单时间,商品名称,金额\nA1,2026-03-05,面霜,12.50\nA2,2026-03-06,口红,7.50\n".encode()
    text, _ = _drafted([shop.put(rows + b"A3,2026-03-07,\xe9,1.00\n")], tmp_path)
    assert "encoding" not in text


def test_an_accent_of_an_old_windows_lands_as_another_letter(shop: Shop, tmp_path: Path) -> None:
    header = "order id,customer,date,sku,description,qty,price\n"
    rows = _several(
        30,
        lambda n: f"A{n // 2},c{n // 4},2026-03-{n // 2 + 1:02},p{n % 7},Crème – {n % 7} €,{n % 3 + 1},2.50",
    )
    path = shop.put((header + rows).encode("cp1252"), "ventes.csv")
    _, mapping = _drafted([path], tmp_path)
    (source, file), *_ = claim_files(mapping, path).claimed
    with extract(mapping, source, file, shop.settings, shop.home) as (connection, _, (batch, *_)):
        names = connection.table(batch.records).select("product_name").distinct().order("1").fetchall()
    assert names == [(f"Crème – {n} €",) for n in range(7)]


def test_keys_of_long_files_are_missed_or_a_draft_hides_that_it_saw_only_their_first_rows(
    shop: Shop, tmp_path: Path
) -> None:
    """Payments stand the other way round: the first rows of the two files have no order in common."""
    many = 12_000
    _put(
        shop,
        orders="order_id,customer_id,order_date\n"
        + _several(
            many,
            lambda n: f"B-{n * 7919 % 99991:05}x,K{n % 900 * 311 % 997:04},2026-03-{n * 28 // many + 1:02}",
        ),
        payments="order_id,payment_value\n"
        + _several(many, lambda n: f"B-{(many - 1 - n) * 7919 % 99991:05}x,{n % 90 + 1}.50"),
    )
    text, mapping = _drafted([shop.folder], tmp_path)
    assert "# orders is longer: judged by its first 5,000 rows" in text
    assert "# payments is longer: judged by its first 5,000 rows" in text
    orders = _landed(mapping, shop.folder, shop)["orders"]
    assert len({row[0] for row in orders}) == many
    assert sum(Decimal(str(row[4])) for row in orders) == sum(n % 90 + Decimal("1.5") for n in range(many))


def test_a_second_candidate_for_the_amount_is_not_named(shop: Shop, tmp_path: Path) -> None:
    path, _ = PANEL["tmall_order_report"](shop.folder)
    text, _ = _drafted([path], tmp_path)
    (line,) = [line for line in text.splitlines() if line.strip().startswith("amount:")]
    assert "guess: 买家实际支付金额 + 退款金额 = 总金额" in line
    assert "alternatives: 买家实际支付金额" in line


@pytest.mark.parametrize(
    ("header", "row", "missing"),
    [
        ("订单编号,付款时间,商品编码", "A1,2026-03-01,p", "line_amount"),
        ("订单编号,客户编号,金额", "A1,c,5.00", "ordered_at"),
    ],
)
def test_a_draft_makes_up_money_or_a_day_that_no_column_has(
    shop: Shop, tmp_path: Path, header: str, row: str, missing: str
) -> None:
    path = shop.put(f"{header}\n{row}\n", "poor.csv")
    assert f"# missing: {missing}" in draft_mapping([path])
    with pytest.raises(UsageError, match=missing):
        _drafted([path], tmp_path)


def test_the_draft_command_takes_one_file_only(shop: Shop) -> None:
    _put(
        shop,
        orders="订单编号,下单时间,金额\nA1,2026-03-05,12.50\n",
        members="会员号,手机号\nm1,13800138000\n",
    )
    files = [str(shop.folder / name) for name in ("orders.csv", "members.csv")]
    several = CliRunner().invoke(app, ["draft", *files])
    folder = CliRunner().invoke(app, ["draft", str(shop.folder), "--json"])
    assert (several.exit_code, folder.exit_code) == (0, 0)
    for text in (several.stdout, json.loads(folder.stdout)["mapping"]):
        assert "customers:" in text
        assert "orders:" in text


def test_a_file_that_is_no_table_is_drafted(shop: Shop) -> None:
    with pytest.raises(SourceError, match="no table"):
        draft_mapping([shop.put("just some words\nand more\n", "notes.txt")])
    with pytest.raises(UsageError, match="no columns look like an order"):
        draft_mapping([shop.put("latitude,longitude,city\n31.2304,121.4737,上海\n", "places.csv")])
    with pytest.raises(UsageError, match="is not there"):
        draft_mapping([shop.folder / "gone.csv"])
