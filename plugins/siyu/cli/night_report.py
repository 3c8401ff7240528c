"""How a night looks on a terminal: a line per step while it runs, then what was published and where to look."""

from types import TracebackType
from typing import Any

from rich.console import Console
from rich.status import Status
from rich.table import Table

from siyu.channel_settings import CHANNELS
from siyu.cli.terminal import visible
from siyu.orchestration.journal import Step
from siyu.orchestration.nightly import Night
from siyu.settings import Home

STEPS = {
    "extract_and_land": "reading the files and landing what is new",
    "check_loads": "checking that every row is accounted for",
    "check_ready": "looking for anything new",
    "build": "building the warehouse with dbt",
    "export": "exporting the candidate",
    "audit": "auditing the candidate",
    "publish": "publishing",
    "report": "writing the report",
    "enforce_retention": "removing what is no longer kept",
    "compact_raw": "merging small raw files",
}

# so many streams of a channel are named; where there are more, they are counted
_NAMED = 3


class StepProgress:
    """One line per finished step, and a spinner for the one that runs; only on a terminal, the log has them always."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._console = console
        self._quiet = quiet or not console.is_terminal
        self._status: Status | None = None
        self._ended: set[str] = set()

    def __enter__(self) -> "StepProgress":
        if not self._quiet:
            self._status = self._console.status("starting Airflow")
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status:
            self._status.stop()

    def step_ended(self, step: Step) -> None:
        """Show that a step ended, and name the next."""
        self._ended.add(step.name)
        if self._quiet:
            return
        sign = "[red]✗[/]" if step.error else "[green]✓[/]"
        self._console.print(
            f"{sign} {STEPS.get(step.name, step.name):<45} {step.seconds:6.1f} s", highlight=False
        )
        following = next((text for name, text in STEPS.items() if name not in self._ended), None)
        if self._status and following:
            self._status.update(following)


def print_night(console: Console, night: Night, home: Home) -> None:
    """What was published, rows per mart, and where to look."""
    publication = night.publication
    console.print()
    for line in _landed(night):
        console.print(visible(line), highlight=False, markup=False, soft_wrap=True)
    verb = "Published" if night.is_new else "Nothing new: still published is"
    console.print(
        f"[bold]{verb} publication {publication.id}[/], as of {publication.as_of_date}"
        f" ({sum(step.seconds for step in night.steps):.0f} s in steps)",
        highlight=False,
    )
    if night.is_new and (missing := _facts(night, "check_ready").get("missing")):
        console.print(
            visible(f"Without: {', '.join(missing)}"), highlight=False, markup=False, soft_wrap=True
        )
    table = Table("table", "rows", box=None, padding=(0, 2))
    table.columns[1].justify = "right"
    for name, rows in sorted(publication.rows.items()):
        table.add_row(f"marts.{name}", f"{rows:,}")
    console.print(table)
    console.print("Where to look:", highlight=False)
    places = {
        "marts": home.marts_file,
        "report": home.report_file,
        "audit": home.publications / f"{publication.id:06d}" / "verdict.html",
        "log": night.log,
    }
    for name, place in places.items():
        if not place.exists():  # a publication that an older siyu made has no report yet
            continue
        console.print(visible(f"  {name:<6} {place}"), highlight=False, markup=False, soft_wrap=True)
    console.print(
        visible(f"  try    siyu status --home {home}"), highlight=False, markup=False, soft_wrap=True
    )


def _landed(night: Night) -> list[str]:
    """One line per file and resource and per channel: what landed and what did not; files nobody claimed."""
    facts = _facts(night, "extract_and_land")
    lines = []
    for load in facts.get("loads", []):
        for resource, counts in load["resources"].items():
            excluded = sum(counts["excluded"].values())
            lines.append(
                f"{load['source']} → {resource}: {counts['landed']:,} landed"
                f" ({excluded:,} excluded), {counts['unchanged']:,} unchanged, {counts['quarantined']:,} quarantined"
            )
    for channel in CHANNELS:
        steps = [step for step in night.steps if step.name == f"extract_{channel}"]  # one more with each try
        if loads := [load for step in steps for load in step.facts.get("loads", [])]:
            streams = sorted({load["stream"] for load in loads})
            told = ", ".join(streams) if len(streams) <= _NAMED else f"{len(streams)} streams"
            landed, unchanged, quarantined = (
                sum(load[count] for load in loads) for count in ("landed", "unchanged", "quarantined")
            )
            lines.append(
                f"{channel} → {told}: {landed:,} landed, {unchanged:,} unchanged, {quarantined:,} quarantined"
            )
    as_of = night.publication.as_of_date.isoformat()
    lines += [
        f"{load['source']} → {resource}: the newest row is of {newest};"
        f" what is after {as_of} counts from a later night on"
        for load in facts.get("loads", [])
        for resource, newest in load["newest"].items()
        if newest > as_of
    ]
    lines += [f"{name}: claimed by no mapping, not read" for name in facts.get("unclaimed", [])]
    return lines


def _facts(night: Night, name: str) -> dict[str, Any]:
    return next((step.facts for step in night.steps if step.name == name), {})
