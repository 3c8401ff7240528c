"""What it takes to read a simulated brand's platforms: share of the allowed rate, CPU, memory, rows per second.

Here: one night of a channel over a served world, in a process of its own. Not here: serving the world (cli).

As a program it reads what is due of a channel into a home, and prints its loads as JSON:
`python -m siyu.bench.extract HOME CHANNEL DAY`.
"""

import json
import sys
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from siyu.bench.figures import keep_result
from siyu.bench.measure import Cost, python_program, run_measured
from siyu.channels.configured import load_channels
from siyu.landing import read_records
from siyu.settings import Home, load_settings
from siyu.storage import read_json

# fewer seconds of calls than this tell nothing of a rate
_LEAST_SECONDS = 10


@dataclass(frozen=True, kw_only=True)
class ChannelFigures:
    """What one night of a channel took.

    rows: Landed, over all resources.
    busiest: The stream that made the most calls.
    rate_used_share: Of the calls that the platform allows in the time of the busiest stream; None where it made too
        few to tell.
    """

    channel: str
    rows: int
    calls: int
    cost: Cost
    rows_per_second: float
    cpu_seconds_per_1000_rows: float
    busiest: str
    rate_used_share: float | None


@dataclass(frozen=True, kw_only=True)
class ExtractFigures:
    """A first night over every platform of one world."""

    world: str  # preset, persons and days
    persons: int
    latency_seconds: float  # of each answer of the platforms
    machine: str
    measured_at: str  # ISO 8601 day, UTC
    channels: list[ChannelFigures]


def keep_extraction(figures: ExtractFigures, file: Path) -> None:
    """Write a result into the file; an older one of the same world is replaced, the others stay."""
    keep_result(asdict(figures), file, name="world", size="persons")


def kept_extractions(file: Path) -> list[ExtractFigures]:
    """The results of a file, the smallest world first; none where there is no file."""
    return [
        ExtractFigures(
            **one
            | {
                "channels": [
                    ChannelFigures(**found | {"cost": Cost(**found["cost"])}) for found in one["channels"]
                ]
            }
        )
        for one in (read_json(file) if file.exists() else [])
    ]


def measure_channel(home: Home, channel: str, day: date, *, environment: dict[str, str]) -> ChannelFigures:
    """Read a channel of a configured home for a business date, in a process of its own.

    Raises:
        EnvironmentFaultError: It failed; the last of what it said follows.
    """
    command = python_program("siyu.bench.extract", home.root, channel, day.isoformat())
    cost, said = run_measured(command, folder=home.root, environment=environment)
    loads: list[dict[str, Any]] = json.loads(said.splitlines()[-1])
    rows, calls = (sum(load[name] for load in loads) for name in ("landed", "calls"))
    busiest = max(loads, key=lambda load: load["calls"])
    return ChannelFigures(
        channel=channel,
        rows=rows,
        calls=calls,
        cost=cost,
        rows_per_second=round(rows / cost.wall_seconds, 1),
        cpu_seconds_per_1000_rows=round(1000 * cost.cpu_seconds / max(rows, 1), 2),
        busiest=busiest["stream"],
        rate_used_share=_used(home, channel, busiest),
    )


def as_words(figures: ExtractFigures) -> str:
    """One line per channel."""
    lines = []
    for one in figures.channels:
        used = (
            "too few calls to tell"
            if one.rate_used_share is None
            else f"{one.rate_used_share:.1%} of its rate"
        )
        lines.append(
            f"{one.channel}: {one.rows:,} rows by {one.calls:,} calls in {one.cost.wall_seconds:.1f} s"
            f" ({one.rows_per_second:,.0f} rows/s), {one.cpu_seconds_per_1000_rows:.2f} CPU-s per 1,000 rows,"
            f" {one.cost.peak_memory_bytes / 2**20:.0f} MB; {one.busiest}: {used}"
        )
    return "\n".join(lines)


def _used(home: Home, channel: str, load: dict[str, Any]) -> float | None:
    """Calls of a stream over those allowed between its first and its last; what a bucket held at first is left out."""
    connector = load_channels(home)[channel].connector
    allowed = connector.stream(load["stream"]).per_second or connector.api.per_second
    (record,) = (record for record in read_records(home) if record.load_id == load["load_id"])
    if record.extraction is None or load["calls"] < _LEAST_SECONDS * allowed:
        return None
    seconds: float = (record.landed_at - record.extraction.observed_at) / timedelta(seconds=1)
    return round(float(load["calls"] - allowed) / (seconds * allowed), 4)


def main() -> None:
    """Read, and say what landed."""
    from siyu.clock import utc_now
    from siyu.orchestration.ingest import extract_channel
    from siyu.orchestration.journal import Step
    from siyu.orchestration.runs import Run

    home, channel, day = Home(Path(sys.argv[1])), sys.argv[2], sys.argv[3]
    step = Step(name="extract")
    run = Run(
        home=home,
        settings=load_settings(home),
        run_id="bench",
        run_after=utc_now(),
        params={"business_date": day},
    )
    extract_channel(run, channel, step)
    sys.stdout.write(json.dumps(step.facts["loads"]) + "\n")


if __name__ == "__main__":
    main()
