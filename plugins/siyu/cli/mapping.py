"""`siyu mapping …`: draft a mapping for files, or see what a mapping would land."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from siyu.cli.options import HomeOption, JsonOption
from siyu.cli.terminal import print_json, visible
from siyu.errors import ExitCode

if TYPE_CHECKING:
    from rich.console import Console

    from siyu.channels.files.check import Check, CheckedFile

app = typer.Typer(no_args_is_help=True)


@app.callback()
def about() -> None:
    """Draft a mapping, or see what it would land."""


@app.command("draft")
def draft(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Exported files, or the folder they are in.")
    ],
    *,
    as_json: JsonOption = False,
) -> None:
    """Print a mapping as far as the headers and values of files tell.

    What it is unsure of it marks with `# guess`: look there.

    Example: siyu mapping draft exports/ > shop.yml
    """
    from siyu.channels.files.drafting import draft_mapping

    text = draft_mapping(paths)
    if as_json:
        print_json({"mapping": text})
    else:
        sys.stdout.write(text)


@app.command("check")
def check(
    mapping: Annotated[Path, typer.Argument(help="A mapping (YAML).")],
    path: Annotated[Path, typer.Argument(help="The file or folder it reads.")],
    *,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what a mapping would land, and what not and why; writes nothing.

    The settings are those of the home; a home to be takes its zone and currency from the mapping.

    Example: siyu mapping check mine.yml exports/
    """
    from rich.console import Console

    from siyu.channels.files.check import check_mapping
    from siyu.channels.files.loading import load_mapping
    from siyu.settings import find_home, load_settings

    loaded = load_mapping(mapping)
    found = find_home(home)
    settings = load_settings(found)
    if not found.settings_file.exists():  # a home to be takes them from its first mapping
        settings = settings.model_copy(
            update={
                "business_timezone": loaded.timezone,
                "reporting_currency": loaded.reporting_currency or settings.reporting_currency,
            }
        )
    result = check_mapping(loaded, path, settings)
    if as_json:
        print_json(result)
    else:
        _show(Console(highlight=False), result)
    if result.is_refused:
        raise typer.Exit(int(ExitCode.USAGE))


def _show(console: "Console", result: "Check") -> None:
    for file in result.files:
        _show_file(console, file)
    for name, files in result.sources_without_a_file.items():
        words = f"source {name} finds no file ({', '.join(files)})"
        console.print(visible(words), style="yellow", markup=False)
    for name in result.unclaimed:
        console.print(visible(f"no source claims {name}"), style="yellow", markup=False)


def _show_file(console: "Console", file: "CheckedFile") -> None:
    from rich.table import Table
    from rich.text import Text

    encoding = f", {file.encoding}" if file.encoding else ""
    console.print(Text.assemble((visible(file.file), "bold"), f"  (source {visible(file.source)}{encoding})"))
    if file.error:
        console.print(visible(f"  would be refused: {file.error}"), style="red", markup=False)
    if not file.resources:
        return
    table = Table("resource", "read", "elsewhere", "would land", "of it excluded", "quarantined")
    for column in table.columns[1:]:
        column.justify = "right"
    for part in file.resources:
        excluded = "\n".join(f"{reason} {rows:,}" for reason, rows in part.excluded.items())
        quarantined = "\n".join(
            f"{bad.reason}{f' ({bad.column})' if bad.column else ''} {bad.rows:,}" for bad in part.rejected
        )
        table.add_row(
            part.resource,
            f"{part.read:,}",
            f"{part.elsewhere:,}",
            f"{part.would_land:,}",
            Text(visible(excluded or "0")),
            Text(visible(quarantined or "0")),
        )
    console.print(table)
    for part in file.resources:
        for bad in part.rejected:
            console.print(
                f"  {part.resource} rows {', '.join(map(str, bad.source_rows))}: {bad.reason}",
                markup=False,
            )
            for sample in bad.samples:
                console.print(visible(f"    {sample}"), style="dim", markup=False)
    if file.looks_into:
        console.print(visible(f"  looks values up in: {', '.join(file.looks_into)}"), markup=False)
    for key, rows in file.unmatched.items():
        console.print(f"  rows that find no {key}: {rows:,}", markup=False)
    if file.rows_nowhere:
        console.print(f"  rows that no resource takes: {file.rows_nowhere:,}")
    if file.unmapped_columns:
        console.print(
            visible(f"  columns not mapped, dropped: {', '.join(file.unmapped_columns)}"), markup=False
        )
