"""Exports of shops that do not know siyu, each with its truth: what a right mapping lands, row by row.

Every file comes from a small world of its own. The truth is written from the world, never from the file.
"""

import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

SHANGHAI = ZoneInfo("Asia/Shanghai")
Maker = Callable[[Path], tuple[Path, list["Sold"]]]
FAMILY = "王李张刘陈杨赵黄周吴徐孙马朱胡林郭何高罗"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英"


@dataclass(frozen=True, kw_only=True, order=True)
class Sold:
    """A row that counts as sold. `at` is local to the shop; empty customer and no quantity: the file has none."""

    order_id: str
    at: datetime
    customer: str
    quantity: int | None
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Line:
    """One product in one order of a world, by numbers that a file writes in its own way."""

    order: int
    number: int
    at: datetime
    customer: int
    product: int
    quantity: int
    price: Decimal

    @property
    def amount(self) -> Decimal:
        return self.quantity * self.price


def world(
    seed: int,
    *,
    orders: int = 300,
    customers: int = 120,
    products: int = 40,
    most_lines: int = 4,
    prices: tuple[int, int] = (300, 30_000),
    whole: bool = False,
    start: str = "2026-01-04",
    days: int = 60,
) -> list[Line]:
    """Orders in the order of time. Prices in fen between two bounds; `whole`: no fen."""
    chance = random.Random(seed)
    price = [
        Decimal(chance.randint(*prices)).quantize(Decimal(1)) * (1 if whole else Decimal("0.01"))
        for _ in range(products)
    ]
    moments = sorted(
        datetime.fromisoformat(start)
        + timedelta(
            days=chance.randrange(days), hours=chance.randrange(8, 23), seconds=chance.randrange(3600)
        )
        for _ in range(orders)
    )
    lines = []
    for order, at in enumerate(moments):
        customer = min(int(chance.expovariate(3 / customers)), customers - 1)
        chosen = chance.sample(range(products), chance.randint(1, most_lines))
        for number, product in enumerate(chosen, start=1):
            quantity = chance.choice((1, 1, 1, 1, 2, 2, 3, 5, 12))
            lines.append(
                Line(
                    order=order,
                    number=number,
                    at=at,
                    customer=customer,
                    product=product,
                    quantity=quantity,
                    price=price[product],
                )
            )
    return lines


def baskets(lines: list[Line]) -> list[list[Line]]:
    """The lines of each order."""
    found: dict[int, list[Line]] = {}
    for line in lines:
        found.setdefault(line.order, []).append(line)
    return list(found.values())


def table(header: list[str], rows: list[list[Any]], delimiter: str = ",") -> str:
    """Text with a delimiter, quoted where needed."""
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerows([header, *rows])
    return text.getvalue()


def at_midnight(moment: datetime) -> datetime:
    """What is left of a moment where a file has dates only."""
    return moment.replace(hour=0, minute=0, second=0)


def generated_order_lines(folder: Path) -> tuple[Path, list[Sold]]:
    """The lines of a Tmall shop with the headers of the generated order log."""
    header = [
        "订单编号",
        "行号",
        "买家ID",
        "商品编码",
        "商品名称",
        "类目",
        "数量",
        "单价",
        "金额",
        "单位成本",
        "订单创建时间",
        "订单付款时间",
        "更新时间",
    ]
    rows, truth = [], []
    for line in world(1):
        order, customer = f"3100000000{line.order:08}", f"tb_{line.customer:08}"
        created, paid = (f"{line.at + timedelta(minutes=m):%Y/%m/%d %H:%M:%S}" for m in (0, 7))
        amount = line.amount - (Decimal("0.30") if line.number == 2 else 0)  # a small discount
        goods = [f"P{line.product:04}", f"面霜{line.product}号", "护肤"]
        cost = (line.price * Decimal("0.4")).quantize(Decimal("0.01"))
        rows.append(
            [
                order,
                line.number,
                customer,
                *goods,
                line.quantity,
                line.price,
                amount,
                cost,
                created,
                paid,
                paid,
            ]
        )
        truth.append(
            Sold(order_id=order, at=line.at, customer=customer, quantity=line.quantity, amount=amount)
        )
    path = folder / "order_lines.csv.gz"
    path.write_bytes(gzip.compress(table(header, rows).encode()))
    return path, truth


def uci_invoice_lines(folder: Path) -> tuple[Path, list[Sold]]:
    """Invoice lines as the UCI repository has them: doubles for customers, C… invoices that take goods back."""
    columns: dict[str, list[Any]] = {
        name: []
        for name in [
            "InvoiceNo",
            "StockCode",
            "Description",
            "Quantity",
            "InvoiceDate",
            "UnitPrice",
            "CustomerID",
            "Country",
        ]
    }
    truth = []
    for line in world(2, most_lines=12, prices=(42, 1295)):
        is_return, is_guest = line.order % 29 == 7, line.order % 11 == 3
        invoice = f"{'C' if is_return else ''}{536365 + line.order}"
        at = line.at.replace(second=0)
        customer = None if is_guest else 12346.0 + line.customer
        quantity = -line.quantity if is_return else line.quantity
        values = [
            invoice,
            f"{21700 + line.product}{'A' if line.product % 5 == 0 else ''}",
            f"METAL SIGN {line.product} ",
            quantity,
            f"{at:%Y-%m-%d %H:%M:%S}",
            float(line.price),
            customer,
            "United Kingdom" if line.customer % 9 else "France",
        ]
        for name, value in zip(columns, values, strict=True):
            columns[name].append(value)
        if not is_return:
            named = "" if customer is None else f"{customer:.0f}"
            truth.append(Sold(order_id=invoice, at=at, customer=named, quantity=quantity, amount=line.amount))
    path = folder / "online_retail.parquet"
    pq.write_table(pa.table(columns), path)
    return path, truth


def tmall_order_report(folder: Path) -> tuple[Path, list[Sold]]:
    """Orders of a Tmall shop: no customer, no goods; what was actually paid is net of refunds."""
    header = [
        "订单编号",
        "总金额",
        "买家实际支付金额",
        "收货地址 ",
        "订单创建时间",
        "订单付款时间 ",
        "退款金额",
    ]
    rows, truth = [], []
    for lines in baskets(world(3, orders=500)):
        first = lines[0]
        total = sum((line.amount for line in lines), Decimal())
        refund = total if first.order % 6 == 1 else Decimal("5.5") if first.order % 40 == 2 else Decimal(0)
        is_paid = first.order % 8 != 0
        paid_at = f"{first.at + timedelta(seconds=40):%Y-%m-%d %H:%M:%S}" if is_paid else ""
        refund = refund if is_paid else Decimal(0)
        net = total - refund if is_paid else Decimal(0)
        province = ("上海", "广东省", "浙江省", "内蒙古自治区")[first.customer % 4]
        rows.append([first.order + 1, total, net, province, f"{first.at:%Y-%m-%d %H:%M:%S}", paid_at, refund])
        truth.append(
            Sold(order_id=str(first.order + 1), at=first.at, customer="", quantity=None, amount=total)
        )
    random.Random(3).shuffle(rows)
    path = folder / "tmall_order_report.csv"
    path.write_text(table(header, rows), encoding="utf-8", newline="")
    return path, truth


def german_erp(folder: Path) -> tuple[Path, list[Sold]]:
    """An old ERP: abbreviated German headers, semicolons, decimal commas, day first."""
    header = [
        "MANDT",
        "BSTNR",
        "POSNR",
        "KDNR",
        "BUDAT",
        "WERK",
        "MATNR",
        "BEZ",
        "MENGE",
        "EPREIS",
        "BETRAG",
        "KZ",
    ]
    rows, truth = [], []
    for line in world(4, customers=60, products=90, most_lines=6, prices=(95, 150_000)):
        order, customer = f"45{line.order:08}", f"{100_200 + line.customer}"
        price, amount = (f"{value:.2f}".replace(".", ",") for value in (line.price, line.amount))
        goods = [f"M-{line.product * 7:05}", f"Schraube Größe {line.product}", line.quantity, price, amount]
        work = "0010" if line.order % 3 else "0020"
        rows.append(
            ["100", order, f"{line.number * 10:04}", customer, f"{line.at:%d.%m.%Y}", work, *goods, "X"]
        )
        truth.append(
            Sold(
                order_id=order,
                at=at_midnight(line.at),
                customer=customer,
                quantity=line.quantity,
                amount=line.amount,
            )
        )
    path = folder / "VBAP_EXPORT.TXT"
    path.write_text(table(header, rows, ";"), encoding="utf-8", newline="")
    return path, truth


def pinyin_orders(folder: Path) -> tuple[Path, list[Sold]]:
    """One row per order, headers in pinyin, tabs, GB18030, amounts with a sign and thousands."""
    header = ["xuhao", "dingdanhao", "huiyuan", "xiadan", "leixing", "shuliang", "jine", "dizhi"]
    rows, truth = [], []
    for number, lines in enumerate(baskets(world(5, orders=400, customers=150, most_lines=3)), start=1):
        first = lines[0]
        order, customer = f"WX{first.at:%Y%m%d}{first.order:05}", f"vip{8800 + first.customer * 3}"
        total = sum((line.amount for line in lines), Decimal())
        pieces = sum(line.quantity for line in lines)
        kind = ("普通", "拼团", "秒杀")[first.order % 3]
        where = f"上海市徐汇区漕溪路{first.customer}号"
        rows.append(
            [
                number,
                order,
                customer,
                f"{first.at:%Y年%m月%d日 %H:%M}",
                kind,
                pieces,
                f"￥{total:,.2f}",
                where,
            ]
        )
        at = first.at.replace(second=0)
        truth.append(Sold(order_id=order, at=at, customer=customer, quantity=pieces, amount=total))
    path = folder / "daochu.xls.txt"
    path.write_bytes(table(header, rows, "\t").encode("gb18030"))
    return path, truth


def unnamed_columns(folder: Path) -> tuple[Path, list[Sold]]:
    """A workbook whose headers say nothing: tickets of a till, whole yuan, customers by phone, many without."""
    rows: list[list[Any]] = [[f"column_{number}" for number in range(1, 10)]]
    truth = []
    for number, line in enumerate(world(6, customers=90, most_lines=3, prices=(9, 899), whole=True), start=1):
        ticket = f"{line.order % 3 + 1:02}-{70_000 + line.order}"
        phone = None if line.order % 5 == 0 else f"138{line.customer * 7919 % 100_000_000:08}"
        goods = [6_900_000_000_000 + line.product * 101, f"T恤 {line.product}", line.price, line.quantity]
        rows.append(
            [
                number,
                ticket,
                "R" if line.order % 3 else "S",
                line.at,
                phone,
                *goods[:2],
                int(goods[2]),
                goods[3],
            ]
        )
        rows[-1].append(int(line.amount))
        truth.append(
            Sold(
                order_id=ticket, at=line.at, customer=phone or "", quantity=line.quantity, amount=line.amount
            )
        )
    rows[0].append("column_10")
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    path = folder / "Book1.xlsx"
    book.save(path)
    return path, truth


def nested_json(folder: Path) -> tuple[Path, list[Sold]]:
    """JSON lines of an app, one object per order: objects inside, fen, milliseconds."""
    texts, truth = [], []
    for lines in baskets(world(7, customers=200)):
        first = lines[0]
        at = first.at.replace(tzinfo=SHANGHAI)
        total = sum((line.amount for line in lines), Decimal())
        pieces = sum(line.quantity for line in lines)
        order = f"e{first.order:06x}"
        record = {
            "order": {"id": order, "status": "PAID", "createdAt": int(at.astimezone(UTC).timestamp() * 1000)},
            "buyer": {"uid": f"u-{first.customer}", "level": first.customer % 3},
            "item_qty": pieces,
            "pay": {"amount_fen": int(total * 100), "method": "wxpay"},
            "device": None,
        }
        texts.append(json.dumps(record))
        truth.append(
            Sold(order_id=order, at=first.at, customer=f"u-{first.customer}", quantity=pieces, amount=total)
        )
    path = folder / "events.ndjson"
    path.write_text("\n".join(texts) + "\n", encoding="utf-8")
    return path, truth


def chinese_report(folder: Path) -> tuple[Path, list[Sold]]:
    """A report with a title above its header: goods, discount, freight and what was paid; customers by phone."""
    header = [
        "序号",
        "订单号",
        "下单时间",
        "收货人姓名",
        "手机号码",
        "商品总数",
        "商品总额(元)",
        "优惠金额(元)",
        "运费(元)",
        "实付金额(元)",
        "订单状态",
    ]
    rows, truth = [], []
    chance = random.Random(8)
    for number, lines in enumerate(baskets(world(8)), start=1):
        first = lines[0]
        goods = sum((line.amount for line in lines), Decimal())
        discount = Decimal(5) if goods > 50 and first.order % 3 == 0 else Decimal(0)
        freight = Decimal(0) if goods > 99 else Decimal(8)
        paid = goods - discount + freight
        phone = f"1390{first.customer * 77_351 % 10_000_000:07}"
        name = FAMILY[first.customer % 20] + GIVEN[first.customer % 23] + chance.choice(GIVEN)
        pieces = sum(line.quantity for line in lines)
        order = f"E{first.at:%Y%m%d%H%M%S}{first.order:04}"
        money = [f"{value:.2f}" for value in (goods, discount, freight, paid)]
        rows.append([number, order, f"{first.at:%Y-%m-%d %H:%M:%S}", name, phone, pieces, *money, "交易完成"])
        truth.append(Sold(order_id=order, at=first.at, customer=phone, quantity=pieces, amount=paid))
    path = folder / "订单报表.csv"
    title = '"订单报表",,,,,,,,,,\r\n"导出时间：2026-03-06 09:00",,,,,,,,,,\r\n'
    path.write_bytes((title + table(header, rows)).encode("gb18030"))
    return path, truth


def spanish_till(folder: Path) -> tuple[Path, list[Sold]]:
    """A till in Spain: bars between the cells, day and hour apart, discounts in per cent, many without a customer."""
    header = ["FECHA", "HORA", "TIENDA", "ALBARAN", "SOCIO", "REF", "NOMBRE", "UDS", "PVP", "DTO", "IMPORTE"]
    rows, truth = [], []
    for line in world(9, orders=200, customers=70, products=60, most_lines=5, prices=(150, 8_900)):
        is_return = line.order % 37 == 5
        pieces = -line.quantity if is_return else line.quantity
        off = 20 if line.product % 6 == 0 else 0
        amount = (pieces * line.price * (100 - off) / 100).quantize(Decimal("0.01"))
        customer = f"{line.customer * 13 + 4011:06}" if line.order % 5 < 3 else ""
        receipt = f"{line.order % 2 + 1}/{26_000 + line.order}"
        goods = [
            f"{line.product * 37 + 100:05}",
            f"Camisa lino {line.product}",
            pieces,
            line.price,
            off,
            amount,
        ]
        shop = ("Centro", "Norte")[line.order % 2]
        rows.append([f"{line.at:%d/%m/%Y}", f"{line.at:%H:%M}", shop, receipt, customer, *goods])
        if not is_return:
            at = at_midnight(line.at)
            truth.append(Sold(order_id=receipt, at=at, customer=customer, quantity=pieces, amount=amount))
    path = folder / "ventas.txt"
    path.write_text(table(header, rows, "|"), encoding="utf-8", newline="")
    return path, truth


def legacy_fields(folder: Path) -> tuple[Path, list[Sold]]:
    """One row per order of an old system: F1 … F10, seconds since 1970, goods + freight - discount = to pay, points."""
    header = [f"F{number}" for number in range(1, 11)]
    rows, truth = [], []
    for lines in baskets(world(10, customers=110, prices=(500, 60_000))):
        first = lines[0]
        at = first.at.replace(tzinfo=SHANGHAI)
        goods = sum((line.amount for line in lines), Decimal())
        freight = Decimal("6.00") if goods < 200 else Decimal("0.00")
        discount = Decimal("15.00") if first.order % 4 == 0 else Decimal("0.00")
        total = goods + freight - discount
        pieces = sum(line.quantity for line in lines)
        order, customer = f"{100_000_001 + first.order}", f"{300_500 + first.customer * 17}"
        money = [goods, freight, discount, total, int(total)]
        seconds = int(at.timestamp())
        rows.append([order, seconds, customer, "CD"[first.order % 2], pieces, *money])
        truth.append(Sold(order_id=order, at=first.at, customer=customer, quantity=pieces, amount=total))
    path = folder / "DUMP0007.csv"
    path.write_text(table(header, rows, ";"), encoding="utf-8", newline="")
    return path, truth


def dutch_webshop(folder: Path) -> tuple[Path, list[Sold]]:
    """One row per order of a Dutch shop, euros with a sign, times with a T, a second date for the parcel."""
    header = [
        "Bestelling",
        "Besteld op",
        "Klantnr",
        "Plaats",
        "Aantal",
        "Bedrag",
        "Betaalwijze",
        "Verzonden op",
    ]
    rows, truth = [], []
    for lines in baskets(world(11, orders=220, customers=80, prices=(995, 19_995))):
        first = lines[0]
        total = sum((line.amount for line in lines), Decimal())
        pieces = sum(line.quantity for line in lines)
        order, customer = f"NL-{first.order + 5000}", f"{first.customer * 7 + 210}"
        town = ("Utrecht", "Delft", "Zwolle", "Breda")[first.customer % 4]
        sent = f"{first.at + timedelta(days=2):%Y-%m-%d}" if first.order % 9 else ""
        how = ("iDEAL", "PayPal")[first.order % 2]
        rows.append(
            [order, f"{first.at:%Y-%m-%dT%H:%M:%S}", customer, town, pieces, f"€ {total:.2f}", how, sent]
        )
        truth.append(Sold(order_id=order, at=first.at, customer=customer, quantity=pieces, amount=total))
    path = folder / "bestellingen.csv"
    path.write_text(table(header, rows), encoding="utf-8", newline="")
    return path, truth


def till_without_header(folder: Path) -> tuple[Path, list[Sold]]:
    """The tape of a till, without a header: price before pieces, no amount, member cards that many do not show."""
    rows, truth = [], []
    for line in world(12, orders=180, customers=60, products=30, most_lines=5, prices=(99, 4_999)):
        receipt = f"{line.at:%y%m%d}{line.order:05}"
        card = f"2800{line.customer * 7_654_321 % 1_000_000_000:09}" if line.order % 10 < 7 else ""
        cashier = f"K{line.order % 4}"
        at = f"{line.at:%Y-%m-%d %H:%M:%S}"
        rows.append([at, cashier, receipt, f"SKU{line.product:03}", line.price, line.quantity, card])
        truth.append(
            Sold(order_id=receipt, at=line.at, customer=card, quantity=line.quantity, amount=line.amount)
        )
    path = folder / "tape.csv"
    path.write_text(table([str(cell) for cell in rows[0]], rows[1:]), encoding="utf-8", newline="")
    return path, truth


def polish_auctions(folder: Path) -> tuple[Path, list[Sold]]:
    """One row per order of one product: decimal commas, the price before the pieces, a tracking number last."""
    header = ["NrZam", "Data", "Klient", "Towar", "Cena", "Szt", "Wartosc", "Miasto", "List"]
    rows, truth = [], []
    for line in world(13, orders=200, customers=90, products=25, most_lines=1, prices=(1_250, 45_000)):
        order, customer = f"{2_600_000 + line.order * 3}", f"kl_{line.customer * 31}"
        price, amount = (f"{value:.2f}".replace(".", ",") for value in (line.price, line.amount))
        town = ("Gdynia", "Opole", "Radom")[line.customer % 3]
        parcel = f"00{5_907_700_000 + line.order * 77}"
        goods = [f"Lampa {line.product}", price, line.quantity, amount]
        rows.append([order, f"{line.at:%d-%m-%Y %H:%M}", customer, *goods, town, parcel])
        at = line.at.replace(second=0)
        truth.append(
            Sold(order_id=order, at=at, customer=customer, quantity=line.quantity, amount=line.amount)
        )
    path = folder / "zestawienie.csv"
    path.write_text(table(header, rows, ";"), encoding="utf-8", newline="")
    return path, truth


def turkish_receipts(folder: Path) -> tuple[Path, list[Sold]]:
    """Lines of receipts with one sum of money: that of the line, not the price of a piece."""
    header = ["Fis No", "Tarih", "Musteri", "Urun", "Adet", "Tutar"]
    rows, truth = [], []
    for line in world(14, orders=170, customers=60, products=35, prices=(990, 24_990)):
        receipt, customer = f"F{line.order + 880:06}", f"M{line.customer + 100}"
        at = f"{line.at:%d.%m.%Y %H:%M}"
        rows.append([receipt, at, customer, f"U{line.product:03}", line.quantity, line.amount])
        truth.append(
            Sold(
                order_id=receipt,
                at=line.at.replace(second=0),
                customer=customer,
                quantity=line.quantity,
                amount=line.amount,
            )
        )
    path = folder / "satis.csv"
    path.write_text(table(header, rows, "\t"), encoding="utf-8", newline="")
    return path, truth


PANEL: dict[str, Maker] = {
    maker.__name__: maker
    for maker in (
        generated_order_lines,
        uci_invoice_lines,
        tmall_order_report,
        german_erp,
        pinyin_orders,
        unnamed_columns,
        nested_json,
        chinese_report,
        spanish_till,
        legacy_fields,
        dutch_webshop,
        till_without_header,
        polish_auctions,
        turkish_receipts,
    )
}
NO_SYNONYM = (
    "german_erp",
    "pinyin_orders",
    "unnamed_columns",
    "spanish_till",
    "legacy_fields",
    "dutch_webshop",
    "till_without_header",
    "polish_auctions",
    "turkish_receipts",
)
