"""A shop of a few orders, written by hand, for tests that need a whole night but no volume."""

from pathlib import Path

MAPPING = """\
version: 1
name: small_shop
channel: own_web
timezone: Asia/Shanghai
currency: CNY
sources:
  - name: lines
    files: ["*.csv"]
    format: csv
    columns:
      order: {from: order, type: id, personal: none}
      buyer: {from: buyer, type: id, personal: identifier}
      sku: {from: sku, type: id, personal: none}
      units: {from: units, type: integer, personal: none}
      price: {from: price, type: amount, personal: none}
      paid: {from: paid, type: timestamp, format: "%Y-%m-%d %H:%M:%S", personal: none}
    resources:
      order_lines:
        where: {not: {column: order, starts_with: R}}
        fields:
          order_id: order
          customer_id: buyer
          product_id: sku
          quantity: units
          unit_price: price
          ordered_at: paid
          paid_at: paid
      refunds:
        where: {column: order, starts_with: R}
        fields:
          refund_id: order
          customer_id: buyer
          product_id: sku
          quantity: units
          unit_price: price
          refunded_at: paid
"""

# order, buyer, sku, units, price, paid: gross 10 + 40 + 15 + 60 = 125.00; R1 takes 15.00 back; net 110.00
LOG = """\
order,buyer,sku,units,price,paid
A1,canary-ann,tea,2,5.00,2026-03-01 10:00:00
A2,canary-ann,pot,1,40.00,2026-03-20 23:59:59
A3,canary-bob,cup,3,5.00,2026-03-21 00:00:00
A4,,pot,1,60.00,2026-03-21 12:00:00
R1,canary-bob,cup,3,5.00,2026-03-22 09:00:00
"""
CANARY = b"canary-"  # every buyer of the shop is one; no byte of this may be found outside the source and the vault
GROSS, REFUNDED, NET = "125.00", "15.00", "110.00"
AS_OF = "2026-03-21"  # the day of the newest order; the refund of the 22nd is not known yet
NEXT_LOG = "order,buyer,sku,units,price,paid\nA5,canary-cat,tea,1,5.00,2026-03-23 08:00:00\n"


def write_small_shop(folder: Path) -> tuple[Path, Path]:
    """Write mapping and log; returns (mapping, folder of the log)."""
    log = folder / "log"
    log.mkdir(parents=True)
    mapping = folder / "small_shop.yml"
    mapping.write_text(MAPPING, encoding="utf-8")
    (log / "orders.csv").write_text(LOG, encoding="utf-8")
    return mapping, log
