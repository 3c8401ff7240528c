"""`siyu sandbox nights`: whole nights over a simulated brand, from its platforms' APIs to what BI reads."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer
import yaml

from siyu.cli.options import HomeOption, JsonOption
from siyu.cli.terminal import print_json
from siyu.errors import EnvironmentFaultError, UsageError

if TYPE_CHECKING:
    from siyu.sandbox.server.apps import App
    from siyu.settings import Home

CHINA = ZoneInfo("Asia/Shanghai")
NOON = time(12)  # every platform has finished yesterday by then
_DAY = timedelta(days=1)
_PER_SECOND = 30  # the sandbox bears 50


def nights(
    world: Annotated[Path, typer.Argument(help="A world, as `siyu sandbox world` wrote it.")],
    *,
    count: Annotated[
        int,
        typer.Option("--nights", metavar="COUNT", min=1, help="How many, up to the last day of the world."),
    ] = 3,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run nights over a simulated brand.

    Serves the world's platforms on this machine while it runs, configures a new home for them, writes what its tills
    export to WORLD/exports, and runs its nights with the clock of each. The home keeps what was published; its
    channels.yml shows how accounts are configured.

    Example: siyu sandbox nights world/ --nights 3 --home .siyu/demo
    """
    from rich.console import Console

    from siyu.cli.night_report import StepProgress, print_night
    from siyu.orchestration.nightly import run_night
    from siyu.orchestration.runner import DagRunner
    from siyu.sandbox.pos import export_pos
    from siyu.sandbox.server.app import make_server, serving
    from siyu.settings import PROJECT, FileSource, find_home

    tills = FileSource(mapping=PROJECT / "examples" / "mappings" / "pos_exports.yml", path=world / "exports")
    place, days = find_home(home), _last_days(world, count)
    if place.version_file.exists():
        raise UsageError(
            f"{place} is a home already",
            expected="a new one: a restarted sandbox knows none of its tokens",
            do="name another with --home, or remove it",
        )
    place.create()
    errors = Console(stderr=True)
    done = []
    server = make_server(world, at=_noon_after(days[0]))
    with serving(server) as base, DagRunner(place) as runner:
        configure(place, server.apps, base, world=world, first_night=days[0], per_second=_PER_SECOND)
        for day in days:
            server.clock.set(_noon_after(day))
            with _clock_at(_noon_after(day)), StepProgress(errors, quiet=as_json) as progress:
                if not as_json:
                    errors.print(f"night of {day}", highlight=False)
                # tills send all they have once, then what has changed
                export_pos(world, tills.path, as_of=day, since=None if day == days[0] else day)
                done.append(
                    run_night(place, [tills], business_date=day, on_step=progress.step_ended, runner=runner)
                )
    if as_json:
        print_json(done)
    else:
        print_night(Console(), done[-1], place)


def configure(
    home: "Home",
    made: Iterable["App"],
    base: str,
    *,
    world: Path,
    first_night: date,
    per_second: float | None = None,
) -> None:
    """Write the channels and connections of the sandbox's apps into a home.

    Args:
        home: Made already.
        made: The apps of the server.
        base: Where it answers.
        world: Its folder, which knows the shops and advertisers.
        first_night: Business date of the first night. Taobao is read from that day on, WeCom from two days before; of
            the others all that the world holds.
        per_second: Calls of the streams that would wait longest for their turn; None: no more than of a platform.
    """
    from siyu.orchestration.connections import Connection, save_connection

    apps = {(app.channel, app.label): app for app in made}
    wecom, youzan = apps["wecom", "self_built"], apps["youzan", "self_use"]
    taobao, ads = apps["taobao", "main"], apps["oceanengine", "main"]
    connections = {
        "wecom": ("wecom", {"secret": wecom.secret}),
        "youzan": ("youzan", {"client_id": youzan.app_id, "client_secret": youzan.secret}),
        "taobao": ("taobao", {"app_key": taobao.app_id, "app_secret": taobao.secret, **taobao.grants}),
        "ocean_engine": ("oceanengine", {"app_id": ads.app_id, "secret": ads.secret, **ads.grants}),
    }
    for name, (path, settings) in connections.items():
        save_connection(home, name, Connection(base_url=f"{base}/{path}", settings=settings))
    whole = described(world)["from"]
    accounts: dict[str, list[tuple[object, str]]] = {
        "youzan": [(youzan.grants["kdt_id"], "youzan")],
        "taobao": [("tmall", "tmall_shop")],
        "ocean_engine": [(advertiser, "douyin_feed") for advertiser in _advertisers(world)],
        "wecom": [(wecom.app_id, "wecom")],
    }
    since: dict[str, Any] = {
        "youzan": whole,
        "taobao": first_night,
        "ocean_engine": whole,
        "wecom": first_night - 2 * _DAY,
    }
    # what is asked for call by call
    recent = (
        *("moments", "moment_tasks", "moment_reach", "moment_reactions", "bills"),
        *("mass_messages", "mass_message_tasks", "mass_message_results", "group_message_results"),
    )
    streams: dict[str, dict[str, dict[str, object]]] = {
        "wecom": {stream: {"look_back": 2} for stream in recent},
        "youzan": {"points_changes": {"read": False}},  # a call per customer and week: an hour of a demo
    }
    if per_second:
        for channel, many_calls in {
            "youzan": ("customers", "salesman_orders"),
            "taobao": ("orders", "members"),
        }.items():
            streams.setdefault(channel, {}).update(
                {stream: {"per_second": per_second} for stream in many_calls}
            )
    content = {
        channel: {
            "accounts": [
                {"name": str(name), "connection": channel, "surface": surface} for name, surface in of_channel
            ],
            "since": date.fromisoformat(str(since[channel])),
            **({"streams": streams[channel]} if channel in streams else {}),
        }
        for channel, of_channel in accounts.items()
    }
    home.channels_file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


@contextmanager
def configured_home(
    world: Path, folder: Path, day: date, *, latency: float
) -> Iterator[tuple["Home", dict[str, str]]]:
    """A new home over a world that is served by a process of its own: it, and the environment of its night.

    Args:
        world: Its folder.
        folder: Of the home.
        day: The night's business date.
        latency: Seconds that every answer of the platforms takes.
    """
    import httpx

    from siyu.sandbox.server.apps import App
    from siyu.settings import Home

    secrets = folder.parent / "apps.json"
    command = [str(Path(sys.executable).with_name("siyu")), "sandbox", "serve", str(world), "--json"]
    command += ["--at", _noon_after(day).isoformat(), "--port", "0", "--secrets", str(secrets)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            facts = _first_document(process)
            httpx.post(f"{facts['admin_url']}/latency", json={"seconds": latency}).raise_for_status()
            made = [App(**app) for app in json.loads(secrets.read_text(encoding="utf-8"))["apps"]]
            home = Home(folder).create()
            configure(home, made, facts["admin_url"].removesuffix("/_admin"), world=world, first_night=day)
            with _clock_at(_noon_after(day)):
                yield home, dict(os.environ)
        finally:
            process.kill()


def _first_document(process: "subprocess.Popen[str]") -> dict[str, Any]:
    """The JSON that a server prints when it listens."""
    said = ""
    for line in process.stdout or ():
        said += line
        with suppress(json.JSONDecodeError):
            found: dict[str, Any] = json.loads(said)
            return found
    raise EnvironmentFaultError(
        "the sandbox ended before it listened",
        do="run siyu sandbox serve by itself, and mend what it complains of",
    )


def described(world: Path) -> dict[str, Any]:
    """What world.json says.

    Raises:
        UsageError: The folder holds no world.
    """
    file = world / "world.json"
    if not file.is_file():
        raise UsageError(f"{file} is not there", expected="a world", do=f"siyu sandbox world {world}")
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def _last_days(world: Path, count: int) -> list[date]:
    told = described(world)
    first, last = (date.fromisoformat(told[name]) for name in ("from", "to"))
    if (most := (last - first).days + 1) < count:
        raise UsageError(
            f"{count} nights", expected=f"{most} at most: the days of the world", do="ask for fewer"
        )
    return [last - number * _DAY for number in reversed(range(count))]


def _advertisers(world: Path) -> list[int]:
    from siyu.engine import connect

    with connect() as connection:
        table = connection.read_parquet(str(world / "ad_campaigns.parquet"))
        return sorted(row[0] for row in table.select("advertiser_id").distinct().fetchall())


def _noon_after(day: date) -> datetime:
    return datetime.combine(day + _DAY, NOON, tzinfo=CHINA)


@contextmanager
def _clock_at(moment: datetime) -> Iterator[None]:
    """The clock of siyu at a moment, in this process and in those it starts."""
    from siyu.clock import SHIFT_VARIABLE, utc_now

    before = os.environ.pop(SHIFT_VARIABLE, None)
    os.environ[SHIFT_VARIABLE] = str((moment - utc_now()).total_seconds())
    try:
        yield
    finally:
        del os.environ[SHIFT_VARIABLE]
        if before is not None:
            os.environ[SHIFT_VARIABLE] = before
