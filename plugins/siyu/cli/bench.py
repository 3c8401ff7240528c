"""`siyu bench …`: figures that a choice or a budget rests on, both sides measured in one run on this machine."""

import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from siyu.cli.options import HomeOption, JsonOption
from siyu.cli.terminal import print_result
from siyu.errors import UsageError

app = typer.Typer(no_args_is_help=True)

ORDERS = 1_000_000
ORDERS_PER_MEMBER = 10
EDGES = 2_500_000


@app.callback()
def about() -> None:
    """Figures that a choice or a budget rests on, both sides measured in one run on this machine."""


@app.command("build")
def build(
    as_of: Annotated[str, typer.Option("--as-of", help="Last business day, e.g. 2025-12-31.")],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare one dbt build with one process per model.

    A process per model is what a task per model would start.

    Example: siyu bench build --home .siyu/demo/home --as-of 2025-12-31
    """
    from siyu.bench.build import measure_builds
    from siyu.settings import find_home

    figures = measure_builds(find_home(home), as_of)
    words = (
        f"{figures.models} models: one build {figures.one_build_seconds:.1f} s, one process per model"
        f" {figures.build_per_model_seconds:.1f} s, {figures.ratio:.1f} times as long"
    )
    print_result(figures, words, as_json=as_json)


@app.command("extract")
def extract(
    world: Annotated[Path, typer.Argument(help="A world, as `siyu sandbox world` wrote it.")],
    *,
    latency: Annotated[
        float,
        typer.Option("--latency", min=0, metavar="SECONDS", help="How long the platforms take to answer."),
    ] = 0.05,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", help="Also keep the result in this file, e.g. docs/extraction.json."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a first night over each platform of a served world.

    Share of the allowed rate, CPU, memory and rows per second; the platforms are served by a process of their own.

    Example: siyu bench extract world/ --latency 0.05
    """
    from siyu.bench.extract import ExtractFigures, as_words, keep_extraction, measure_channel
    from siyu.bench.measure import machine
    from siyu.channel_settings import read_channels
    from siyu.cli.sandbox_nights import configured_home, described
    from siyu.clock import utc_now
    from siyu.settings import load_settings

    told = described(world)
    day = date.fromisoformat(told["to"])
    with (
        tempfile.TemporaryDirectory(prefix="siyu-bench-") as folder,
        configured_home(world, Path(folder) / "home", day, latency=latency) as (home, environment),
    ):
        figures = ExtractFigures(
            world=f"{told['preset']}, {told['persons']:,} persons, {told['from']} to {told['to']}",
            persons=told["persons"],
            latency_seconds=latency,
            machine=machine(load_settings(home)),
            measured_at=utc_now().date().isoformat(),
            channels=[
                measure_channel(home, channel, day, environment=environment)
                for channel in read_channels(home)
            ],
        )
    if keep:
        keep_extraction(figures, keep)
    print_result(figures, as_words(figures), as_json=as_json)


@app.command("identity")
def identity(
    *,
    edges: Annotated[int, typer.Option("--edges", min=1, help="Edges of the generated graph.")] = EDGES,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Runs per side; the middle one counts.")] = 5,
    threads: Annotated[
        int | None, typer.Option("--threads", min=1, help="DuckDB's, on both sides; default one per core.")
    ] = None,
    memory: Annotated[str, typer.Option("--memory", help="DuckDB's limit.")] = "6GB",
    recursive: Annotated[
        bool,
        typer.Option(
            "--recursive", help="Also measure a recursive query over a tenth of the edges (minutes)."
        ),
    ] = False,
    work: Annotated[Path | None, typer.Option("--work", help="Where the graph is made and left.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare members by rules with bare components.

    Both sides read and write Parquet; Splink's clustering over the same edges is told too, where it is installed. Ends
    with 1 when, without rules, they do not find the same partition. A missed budget is told, and ends with 0.

    Example: siyu bench identity --edges 2500000
    """
    from siyu.bench.identity import as_words, measure_identity

    with tempfile.TemporaryDirectory(prefix="siyu-bench-") as temporary:
        figures = measure_identity(
            work or Path(temporary),
            edges=edges,
            runs=runs,
            threads=threads or os.cpu_count() or 1,
            memory_limit=memory,
            with_recursive=recursive,
        )
    print_result(figures, as_words(figures), as_json=as_json)


@app.command("night")
def night(
    *,
    orders: Annotated[int, typer.Option("--orders", min=1, help="Orders of the generated log.")] = ORDERS,
    members: Annotated[
        int | None,
        typer.Option("--members", min=1, help="Persons of the generated log; default one per ten orders."),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="Measure over files of your own instead, with --path.")
    ] = None,
    path: Annotated[
        Path | None, typer.Option("--path", help="The file or folder that --mapping reads.")
    ] = None,
    runs: Annotated[int, typer.Option("--runs", min=1, help="Runs per side; the middle one counts.")] = 3,
    airflow: Annotated[
        bool, typer.Option("--airflow/--no-airflow", help="Whether the night through Airflow is measured.")
    ] = True,
    keep: Annotated[
        Path | None,
        typer.Option("--keep", help="Also keep the result in this file, e.g. docs/performance.json."),
    ] = None,
    work: Annotated[
        Path | None, typer.Option("--work", help="Where log and homes are made and left, to be taken again.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare a night in Airflow, without it, and in plain SQL.

    All three make the same tables over the same landed files. Ends with 1 when the plain tables are not equal to
    siyu's. A missed budget is told, and ends with 0.

    Example: siyu bench night --orders 10000000 --members 1000000 --runs 3
    """
    from siyu.bench.figures import as_words
    from siyu.bench.figures import keep as keep_figures
    from siyu.bench.night import data_set_of_files, generated_data_set, measure_night

    if (mapping is None) != (path is None):
        raise UsageError("--mapping and --path go together", do="give both, or neither for a generated log")
    with tempfile.TemporaryDirectory(prefix="siyu-bench-") as temporary:
        folder = work or Path(temporary)
        if mapping and path:
            data = data_set_of_files(mapping, path)
        else:
            persons = members or max(1, orders // ORDERS_PER_MEMBER)
            data = generated_data_set(folder / f"log-{orders}-{persons}", orders=orders, members=persons)
        figures = measure_night(data, folder, runs=runs, with_airflow=airflow)
    if keep:
        keep_figures(figures, keep)
    print_result(figures, as_words(figures), as_json=as_json)
