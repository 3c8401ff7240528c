"""`siyu sandbox …`: generated input, so that siyu runs with no account anywhere."""

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from siyu.cli.options import JsonOption, day
from siyu.cli.terminal import print_json, visible
from siyu.sandbox import DEFAULT_AS_OF, DEFAULT_ORDERS

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Generated input, so that siyu runs with no account anywhere."""


@app.command("order-log")
def order_log(
    folder: Annotated[Path, typer.Argument(help="Where the files go; made when absent.")],
    *,
    orders: Annotated[
        int, typer.Option(metavar="COUNT", help="Orders of both shops together.")
    ] = DEFAULT_ORDERS,
    members: Annotated[
        int | None,
        typer.Option(metavar="COUNT", help="Customers of both shops; default a tenth of the orders."),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Equal seeds give equal files.")] = 1,
    as_of: Annotated[
        date, typer.Option("--as-of", parser=day, metavar="DAY", help="Last day with orders.")
    ] = DEFAULT_AS_OF,
    as_json: JsonOption = False,
) -> None:
    """Write what two shops would export in 18 months.

    Beside it truth.json says what is true about it, that is, what a night must find. Equal seeds give equal files.
    With --json the truth is printed as well.

    Example: siyu sandbox order-log exports/ --orders 20000 --seed 1
    """
    from siyu.sandbox.order_log import generate_order_log

    truth = generate_order_log(folder, orders=orders, members=members, seed=seed, as_of=as_of)
    if as_json:
        print_json(truth)
        return

    from rich.console import Console
    from rich.table import Table

    table = Table("file", "rows", title=f"order log up to {truth['as_of']}, seed {seed}")
    table.columns[1].justify = "right"
    for name, rows in sorted(truth["files"].items()):
        table.add_row(name, f"{rows:,}")
    console = Console()
    console.print(table)
    console.print(
        visible(f"written to {folder}; truth.json says what a night must find"), highlight=False, markup=False
    )
