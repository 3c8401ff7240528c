"""`siyu sandbox …`: generated input, so that siyu runs with no account anywhere."""

from datetime import date, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from siyu.cli.options import JsonOption, day
from siyu.cli.terminal import print_json, print_result, visible
from siyu.sandbox import DEFAULT_AS_OF, DEFAULT_FIRST_DAY, DEFAULT_LAST_DAY, DEFAULT_ORDERS

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


def china_moment(text: str | datetime) -> datetime:
    """A moment from the command line; without a zone it is China's.

    Raises:
        ValueError: It is none; the text says what is expected.
    """
    if isinstance(text, datetime):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("a moment such as 2026-03-01T03:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo("Asia/Shanghai"))


@app.command("serve")
def serve(
    folder: Annotated[Path, typer.Argument(help="A world, as `siyu sandbox world` wrote it.")],
    *,
    at: Annotated[
        datetime,
        typer.Option(
            "--at",
            parser=china_moment,
            metavar="MOMENT",
            help="Where the world's clock stands; China's time.",
        ),
    ],
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65535, help="0 takes any free one.")] = 8600,
    seed: Annotated[str, typer.Option(metavar="TEXT", help="Equal seeds give equal apps and secrets.")] = "1",
    secrets: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the apps' secrets go; default FOLDER/apps.json."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Speak the platforms' APIs over a world.

    Runs until ended, on this machine alone. Prints a base URL and made-up app ids per platform. The clock stands
    still; /_admin moves it and injects faults.

    Example: siyu sandbox serve world/ --port 8600 --at 2026-03-01T03:00
    """
    from siyu.sandbox.server.app import listen, make_server, run
    from siyu.sandbox.server.apps import write_secrets

    server = make_server(folder, at=at, seed=seed)
    listening = listen(port)
    secrets = secrets or folder / "apps.json"
    write_secrets(secrets, server.apps)
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    channels: list[dict[str, Any]] = [
        {
            "channel": channel,
            "base_url": f"{base}/{channel}",
            "apps": [
                {"label": app.label, "app_id": app.app_id} for app in server.apps if app.channel == channel
            ],
        }
        for channel in server.channels
    ]
    lines = [
        f"{one['base_url']}  " + ", ".join(f"{made['label']} {made['app_id']}" for made in one["apps"])
        for one in channels
    ]
    words = "\n".join(
        [*lines, f"{base}/_admin", f"secrets of the apps: {secrets}", f"the clock stands at {at}"]
    )
    facts = {
        "at": at.isoformat(),
        "admin_url": f"{base}/_admin",
        "secrets": str(secrets),
        "channels": channels,
    }
    print_result(facts, words, as_json=as_json)
    run(server, listening)


@app.command("world")
def world(
    folder: Annotated[Path, typer.Argument(help="Where the tables go; made when absent.")],
    *,
    size: Annotated[
        str, typer.Option(metavar="SIZE", help="S, M or L (10,000, 100,000, 1,000,000 persons), or a number.")
    ] = "S",
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Equal seeds give equal files.")] = 1,
    first: Annotated[
        date, typer.Option("--from", parser=day, metavar="DAY", help="First day of the world.")
    ] = DEFAULT_FIRST_DAY,
    last: Annotated[
        date, typer.Option("--to", parser=day, metavar="DAY", help="Last day; nothing happens after it.")
    ] = DEFAULT_LAST_DAY,
    preset: Annotated[
        str, typer.Option(metavar="NAME", help="fashion, sports, jewellery, baby, paint or coffee.")
    ] = "fashion",
    as_json: JsonOption = False,
) -> None:
    """Write a simulated brand and the truth about it.

    The tables are Parquet files; truth/ holds what only a judge may read, world.json what was asked for and the rows.

    Example: siyu sandbox world world/ --size S --seed 1
    """
    from siyu.sandbox.world.generate import generate_world

    started = monotonic()
    described = generate_world(folder, size=size, seed=seed, first=first, last=last, preset=preset)
    described["seconds"] = round(monotonic() - started, 1)
    rows = described["rows"]
    text = (
        f"{preset}, {described['persons']:,} persons, {first} to {last}, seed {seed}\n"
        f"{rows['orders.parquet']:,} orders of {rows['accounts.parquet']:,} accounts; "
        f"{len(rows)} tables, {sum(rows.values()):,} rows\n"
        f"written to {folder} in {described['seconds']} s; truth/ says what is true about it"
    )
    print_result(described, text, as_json=as_json)


@app.command("pos")
def pos(
    world: Annotated[Path, typer.Argument(help="A world, as `siyu sandbox world` wrote it.")],
    folder: Annotated[Path, typer.Argument(help="Where the files go; made when absent.")],
    *,
    as_of: Annotated[
        date, typer.Option("--as-of", parser=day, metavar="DAY", help="The last day that is in them.")
    ],
    since: Annotated[
        date | None,
        typer.Option(
            parser=day, metavar="DAY", help="Only what changed from this day on; default everything."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write what the stores' tills would export.

    CSV files as of the end of the day: receipts with lines, payments and returns, members, stores, staff and
    rosters, footfall, targets, inventory, staff and gift costs. examples/mappings/pos_exports.yml reads them.

    Example: siyu sandbox pos world/ exports/ --as-of 2026-03-01
    """
    from siyu.sandbox.pos import export_pos

    rows = export_pos(world, folder, as_of=as_of, since=since)
    words = "\n".join([*(f"{count:>10,}  {name}" for name, count in rows.items()), f"written to {folder}"])
    print_result({"as_of": as_of.isoformat(), "files": rows}, words, as_json=as_json)
