"""A shop whose files tests land night after night, and what its marts must then show, reckoned in plain Python."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

MAPPING = """\
version: 1
name: shop
channel: own_web
timezone: Asia/Shanghai
currency: CNY
sources:
  - name: records
    files: ["*.csv"]
    format: csv
    columns:
      kind: {from: kind, type: id, personal: none}
      id: {from: id, type: id, personal: none}
      order: {from: order, type: id, personal: none}
      buyer: {from: buyer, type: id, personal: identifier}
      sku: {from: sku, type: id, personal: none}
      units: {from: units, type: integer, personal: none}
      amount: {from: amount, type: amount, personal: none}
      at: {from: at, type: timestamp, format: "%Y-%m-%d %H:%M:%S", personal: none}
      updated: {from: updated, type: timestamp, format: "%Y-%m-%d %H:%M:%S", personal: none}
    resources:
      orders:
        where: {column: kind, equals: order}
        fields:
          order_id: order
          customer_id: buyer
          paid_amount: amount
          ordered_at: at
          paid_at: at
          updated_at: updated
      order_lines:
        where: {column: kind, equals: order}
        fields:
          order_id: order
          customer_id: buyer
          product_id: sku
          quantity: units
          line_amount: amount
          ordered_at: at
          paid_at: at
          updated_at: updated
      refunds:
        where: {column: kind, equals: refund}
        fields:
          refund_id: id
          order_id: order
          customer_id: buyer
          product_id: sku
          quantity: units
          refund_amount: amount
          refunded_at: at
          updated_at: updated
"""
HEADER = "kind,id,order,buyer,sku,units,amount,at,updated"
FIRST_DAY = date(2026, 3, 1)


@dataclass(frozen=True, kw_only=True)
class Sale:
    """One version of an order, with what is paid back of it; `at` and `updated` are Shanghai's clock."""

    order: str
    at: datetime
    updated: datetime
    amount: Decimal
    units: int = 1
    refund: Decimal = Decimal(0)

    @property
    def lines(self) -> list[str]:
        """The version as rows of a file."""
        # one product, so that all versions of an order are the same goods
        values = f"{self.order},buyer-{self.order},tea"
        times = f"{self.at:%Y-%m-%d %H:%M:%S},{self.updated:%Y-%m-%d %H:%M:%S}"
        rows = [f"order,{self.order},{values},{self.units},{self.amount},{times}"]
        if self.refund:
            rows.append(f"refund,R-{self.order},{values},1,{self.refund},{times}")
        return rows


def sales_of_day(day: int, orders: int = 3) -> list[Sale]:
    """The orders of the n-th day; every third is paid back in part."""
    noon = datetime.combine(FIRST_DAY + timedelta(days=day), datetime.min.time()) + timedelta(hours=12)
    return [
        Sale(
            order=f"D{day:02d}-{number}",
            at=noon + timedelta(minutes=number),
            updated=noon + timedelta(minutes=number),
            amount=Decimal(20 + day + number),
            units=1 + number,
            refund=Decimal("2.50") if number % 3 == 0 else Decimal(0),
        )
        for number in range(orders)
    ]


def changed(sale: Sale, *, days_later: int, amount: int) -> Sale:
    """A later version of an order."""
    return replace(sale, updated=sale.updated + timedelta(days=days_later), amount=Decimal(amount))


def write_mapping(folder: Path) -> Path:
    """Write the mapping."""
    path = folder / "shop.yml"
    path.write_text(MAPPING, encoding="utf-8")
    return path


def write_file(path: Path, sales: Iterable[Sale]) -> Path:
    """Write a file of the shop."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [row for sale in sales for row in sale.lines]
    path.write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return path


OrderRow = tuple[str, date, int, Decimal, Decimal, Decimal]


def expected_orders(files: Iterable[Sequence[Sale]]) -> list[OrderRow]:
    """`fct_orders` by key: the newest version of every order, whichever file brought it."""
    newest: dict[str, Sale] = {}
    refunds: dict[str, Sale] = {}
    for sale in (sale for file in files for sale in file):
        if sale.order not in newest or sale.updated > newest[sale.order].updated:
            newest[sale.order] = sale
        if sale.refund and (sale.order not in refunds or sale.updated > refunds[sale.order].updated):
            refunds[sale.order] = sale
    return [
        (
            f"own_web|{sale.order}",
            sale.at.date(),
            sale.units,
            sale.amount,
            refunds[sale.order].refund if sale.order in refunds else Decimal(0),
            sale.amount - (refunds[sale.order].refund if sale.order in refunds else 0),
        )
        for _, sale in sorted(newest.items())
    ]
