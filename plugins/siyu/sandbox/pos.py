"""What the tills of the stores would export of a world, up to a day: CSV files with Chinese headers.

Here: which files there are, and writing them. Not here: their columns (pos.sql), how anybody reads them.
"""

from datetime import date
from importlib.resources import files
from pathlib import Path

from duckdb import ColumnExpression, ConstantExpression
from duckdb.sqltypes import VARCHAR

from siyu.engine import connect
from siyu.errors import UsageError

# Name of the file → the view of pos.sql that is in it, what its rows are sorted by, and when one of them last changed.
_FILES = {
    "pos_orders": ("receipts", "开单时间, 小票号", "修改时间"),
    "pos_lines": ("receipt_lines", "小票号, 行号", "修改时间"),
    "pos_payments": ("payments", "支付流水号", "支付时间"),
    "pos_refunds": ("returns", "退货单号", "修改时间"),
    "pos_members": ("members", "会员卡号", "修改时间"),
    "pos_consults": ("consults", "咨询单号", "修改时间"),
    "stores": ("stores", "门店编码, 起始日期", None),  # always the whole list
    "staff": ("staff", "工号", "修改日期"),
    "rosters": ("rosters", "日期, 门店编码, 工号", "日期"),
    "footfall": ("footfall", "日期, 门店编码", "日期"),
    "targets": ("targets", "月份, 门店编码", None),
    "inventory": ("inventory", "盘点日期, 门店编码, SKU编码", "盘点日期"),
    "staff_costs": ("staff_costs", "费用单号", "费用日期"),
    "gift_costs": ("gift_costs", "领用单号", "领用日期"),
}
_TABLES = (
    *("orders", "order_lines", "payments", "refunds", "accounts", "memberships"),
    *("stores", "store_leases", "regions", "staff", "staff_assignments", "roster"),
    *("footfall", "targets", "stock_counts", "costs", "skus", "products"),
    *("contacts", "chats"),
)


def export_pos(world: Path, folder: Path, *, as_of: date, since: date | None = None) -> dict[str, int]:
    """Write one file per table of the till system, as it stands at the end of a day in Shanghai.

    Equal worlds and days give equal bytes; files of the same day are overwritten.

    Args:
        world: Folder that `siyu sandbox world` wrote; its truth is not looked at.
        folder: Where the files go; made when absent.
        as_of: The last day.
        since: Only rows that changed on this day or later; lists of stores and targets are always whole. Everything
            when not given.

    Returns:
        Rows by name of the file.

    Raises:
        UsageError: A table of the world is not there.
    """
    if missing := [table for table in _TABLES if not (world / f"{table}.parquet").is_file()]:
        raise UsageError(
            f"{world} lacks {', '.join(missing)} of a world",
            expected="Parquet files such as orders.parquet",
            do="make a world with `siyu sandbox world`",
        )
    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    with connect() as connection:
        connection.execute("create schema world; create schema pos; set schema = 'world'")
        for table in _TABLES:
            connection.read_parquet(str(world / f"{table}.parquet")).create_view(table)
        connection.execute("set schema = 'main'")
        connection.execute("set variable last_day = ?::date", [as_of.isoformat()])
        connection.execute(files(__package__).joinpath("pos.sql").read_text(encoding="utf-8"))
        for file, (view, order, changed) in _FILES.items():
            name = f"{file}_{as_of:%Y%m%d}.csv"
            found = connection.sql("select * from query_table(?)", params=[f"pos.{view}"])
            if since and changed:
                first = ConstantExpression(since.isoformat())
                found = found.filter(ColumnExpression(changed).cast(VARCHAR) >= first)
            found = found.order(order)
            rows[name] = int(found.count("*").fetchall()[0][0])
            found.write_csv(str(folder / name), sep=",", header=True)
    return rows
