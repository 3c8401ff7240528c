"""The page of performance and its picture, from the results that `siyu bench night --keep` wrote.

docs/performance.json holds the results, docs/extraction.json those of `siyu bench extract --keep`, docs/performance.yml
what a person found behind them.
"""

import math
from collections.abc import Callable
from html import escape

import yaml

from siyu.bench.extract import ChannelFigures, ExtractFigures, kept_extractions
from siyu.bench.figures import NightFigures, Side, budgets, read_kept
from siyu.bench.measure import Cost
from siyu.settings import PROJECT

RESULTS = PROJECT / "docs" / "performance.json"
EXTRACTIONS = PROJECT / "docs" / "extraction.json"
FINDINGS = PROJECT / "docs" / "performance.yml"
PICTURE = "performance.svg"
SIZES = (1_000_000, 3_000_000, 10_000_000, 30_000_000)
GENERATED = "generated"
_PARTS_SHOWN = 6

_INTRO = """# Performance

What a night costs, measured by `siyu bench night` on one machine, all sides in one run. Four ways over the same landed
files:

- **directly**: siyu's steps in one process without Airflow: build (dbt with its tests), export, audit, publish.
- **plain SQL**: [`bench/plain_night.sql`](../bench/plain_night.sql), one statement per published table, with the same
  threads and memory, writing the same outputs and checking nothing. The bench fails unless all its tables equal siyu's.
- **through Airflow**: `siyu nightly`, reading tonight's files again: all of the data set where it is public data, the
  file of costs where it is generated.
- **the same directly**: the first, after reading the same files again.

The budgets are meant for 10,000,000 orders of 1,000,000 members; every data set is held against them.

Seconds are the median of the runs, memory is the largest of them: the sum over all processes. Bytes count what was
written, also to files that were removed again.
"""

_EXTRACTION = """## Extraction

What a first night over the platforms of a simulated brand takes, channel by channel, measured by `siyu bench extract`.
A platform allows so many calls a second: the last column says how many of those the stream with the most calls used.
"""
_EXTRACTION_HEAD = """\
| channel | rows | calls | wall, s | rows a second | CPU-s per 1,000 rows | memory | most calls | of its rate |
|---|---:|---:|---:|---:|---:|---:|---|---:|"""

_AGAIN = """## Measure again

```sh
siyu bench night --orders {smallest} --keep docs/performance.json
siyu bench night --orders {size} --no-airflow --keep docs/performance.json
siyu bench night --mapping examples/mappings/uci_online_retail.yml --path <folder> --keep docs/performance.json
siyu sandbox world <world> --size M --from 2026-03-01 --to 2026-06-30
siyu bench extract <world> --keep docs/extraction.json
siyu bench identity --recursive
make docs
```
"""
_DISK = """
The log, the landed files and the homes of the runs need about {bytes_per_order} bytes of disk per order.
"""


def page() -> str:
    """Results, budgets, growth and findings as Markdown."""
    results = read_kept(RESULTS)
    findings = yaml.safe_load(FINDINGS.read_text(encoding="utf-8")) if FINDINGS.exists() else []
    parts = [_INTRO]
    if not results:
        parts.append("Nothing has been measured yet.\n")
    parts += [_section(result) for result in results]
    parts.append(_growth(_generated(results)))
    parts.append(_extractions(kept_extractions(EXTRACTIONS)))
    if findings:
        parts.append("## What is behind the figures\n")
        parts += [f"**{finding['about']}** {' '.join(finding['text'].split())}\n" for finding in findings]
    parts.append(_again())
    return "\n".join(parts)


def _section(result: NightFigures) -> str:
    lines = [
        f"## {result.data_set}\n",
        f"{result.orders:,} orders, {result.members:,} members, {sum(result.rows.values()):,} published rows in"
        f" {len(result.rows)} tables; {_megabytes(result.landed_bytes)} landed. Measured {result.measured_at},"
        f" {len(result.directly.runs)} runs. {result.machine}.\n",
        "| | wall, s | CPU, s | memory, MB | written, MB |",
        "|---|---:|---:|---:|---:|",
        _row("landing, once", result.landing),
        _row("directly", result.directly),
        _row("plain SQL", result.plain),
    ]
    if result.through_airflow and result.directly_with_landing:
        lines += [
            _row("through Airflow", result.through_airflow),
            _row("the same directly", result.directly_with_landing),
        ]
    lines += ["", "| budget | found | |", "|---|---|---|"]
    lines += [
        f"| {one.what} | {one.found} | {'kept' if one.is_kept else '**missed**'} |" for one in budgets(result)
    ]
    lines += ["", f"Directly: {_parts(result.directly)}.  ", f"Plain SQL: {_parts(result.plain)}."]
    if result.through_airflow:
        lines[-1] += "  "
        lines.append(f"Through Airflow: {_parts(result.through_airflow)}.")
    return "\n".join(lines) + "\n"


def _row(name: str, cost: Cost | Side) -> str:
    return (
        f"| {name} | {cost.wall_seconds:,.1f} | {cost.cpu_seconds:,.1f} | {cost.peak_memory_bytes / 2**20:,.0f} |"
        f" {cost.written_bytes / 2**20:,.0f} |"
    )


def _parts(side: Side) -> str:
    """The longest parts, the rest in one."""
    longest = sorted(side.parts.items(), key=lambda part: -part[1])
    shown = [f"`{name}` {seconds:.1f} s" for name, seconds in longest[:_PARTS_SHOWN]]
    if rest := sum(seconds for _, seconds in longest[_PARTS_SHOWN:]):
        shown.append(f"others {rest:.1f} s")
    return ", ".join(shown)


def _generated(results: list[NightFigures]) -> list[NightFigures]:
    return [result for result in results if result.data_set.startswith(GENERATED)]


def _growth(results: list[NightFigures]) -> str:
    lines = ["## Growth"]
    if results:
        lines += [
            f"\n![Seconds of a night over the number of orders]({PICTURE})\n",
            "| orders | directly, s | CPU, s | memory, MB | plain SQL, s | CPU, s | memory, MB | directly / plain |",
            "|---:|---:|---:|---:|---:|---:|---:|---:|",
        ]
    for result in results:
        one, other = result.directly, result.plain
        lines.append(
            f"| {result.orders:,} | {one.wall_seconds:,.1f} | {one.cpu_seconds:,.1f} |"
            f" {one.peak_memory_bytes / 2**20:,.0f} | {other.wall_seconds:,.1f} | {other.cpu_seconds:,.1f} |"
            f" {other.peak_memory_bytes / 2**20:,.0f} | {one.wall_seconds / other.wall_seconds:.1f} |"
        )
    if len(results) > 1:
        lines.append(_growth_in_words(results[0], results[-1]))
    measured = {result.orders for result in results}
    if missing := [size for size in SIZES if size not in measured]:
        lines.append(f"\nNot measured: {', '.join(f'{size:,}' for size in missing)} orders.")
    return "\n".join(lines) + "\n"


def _growth_in_words(first: NightFigures, last: NightFigures) -> str:
    def times(side: str) -> str:
        small, large = getattr(first, side), getattr(last, side)
        wall, cpu = large.wall_seconds / small.wall_seconds, large.cpu_seconds / small.cpu_seconds
        return f"{wall:.1f} times as long (CPU {cpu:.1f} times)"

    return (
        f"\nFrom {first.orders:,} to {last.orders:,} orders, {last.orders / first.orders:.1f} times as many, directly"
        f" takes {times('directly')}, plain SQL {times('plain')}. The budget is: no worse than linear."
    )


def _extractions(results: list[ExtractFigures]) -> str:
    parts = [_EXTRACTION]
    if not results:
        parts.append("Nothing has been measured yet.\n")
    for result in results:
        rows = "\n".join(_of_channel(one) for one in result.channels)
        parts.append(
            f"{result.world}; every answer takes {result.latency_seconds * 1000:.0f} ms. Measured {result.measured_at}."
            f" {result.machine}.\n\n{_EXTRACTION_HEAD}\n{rows}\n"
        )
    return "\n".join(parts)


def _of_channel(one: ChannelFigures) -> str:
    used = "too few calls to tell" if one.rate_used_share is None else f"{one.rate_used_share:.1%}"
    return (
        f"| {one.channel} | {one.rows:,} | {one.calls:,} | {one.cost.wall_seconds:,.1f} | {one.rows_per_second:,.0f}"
        f" | {one.cpu_seconds_per_1000_rows:.2f} | {_megabytes(one.cost.peak_memory_bytes)} | {one.busiest} | {used} |"
    )


def _again() -> str:
    text = _AGAIN.format(smallest=SIZES[0], size=SIZES[2])
    if generated := _generated(read_kept(RESULTS)):
        landed = max(result.landed_bytes / result.orders for result in generated)
        # twice in the home, as rows and sealed; about as much in the log, a warehouse, a publication, the plain tables
        text += _DISK.format(bytes_per_order=f"{math.ceil(6 * landed / 100) * 100:,}")
    return text


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MB"


# the picture: both axes logarithmic, so that what grows as the data does is a line at 45 degrees ----------------------

_WIDTH, _HEIGHT = 720, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 700, 40, 350
_SERIES: tuple[tuple[str, str, str, Callable[[NightFigures], float]], ...] = (
    ("directly", "#0b5394", "", lambda result: result.directly.wall_seconds),
    ("plain SQL", "#a64d00", "6 4", lambda result: result.plain.wall_seconds),
)


def picture() -> str:
    """Seconds over orders as SVG; a sentence where nothing has been measured."""
    results = _generated(read_kept(RESULTS))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="14" fill="#222222">',
        "<title>Seconds of a night over the number of orders, both axes logarithmic</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
    ]
    if results:
        parts += _chart(results)
    else:
        parts.append('<text x="80" y="200">No generated log has been measured yet.</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"


def _chart(results: list[NightFigures]) -> list[str]:
    seconds = [value(result) for result in results for _, _, _, value in _SERIES]
    low, high = math.floor(math.log10(min(seconds))), math.ceil(math.log10(max(seconds)))
    first, last = min(SIZES[0], results[0].orders), max(SIZES[-1], results[-1].orders)

    def across(orders: float) -> float:
        return round(_LEFT + (_RIGHT - _LEFT) * math.log(orders / first) / math.log(last / first), 1)

    def up(value: float) -> float:
        return round(_BOTTOM - (_BOTTOM - _TOP) * (math.log10(value) - low) / (high - low), 1)

    parts = []
    for power in range(low, high + 1):
        y = up(10**power)
        parts.append(f'<line x1="{_LEFT}" x2="{_RIGHT}" y1="{y}" y2="{y}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 5}" text-anchor="end">{10**power:,}</text>')
    for size in sorted({*SIZES, *(result.orders for result in results)}):
        x = across(size)
        parts.append(f'<line x1="{x}" x2="{x}" y1="{_TOP}" y2="{_BOTTOM}" stroke="#eeeeee"/>')
        parts.append(f'<text x="{x}" y="{_BOTTOM + 20}" text-anchor="middle">{_short(size)}</text>')
    for number, (name, colour, dashes, value) in enumerate(_SERIES):
        points = [(across(result.orders), up(value(result)), value(result)) for result in results]
        line = " ".join(f"{x},{y}" for x, y, _ in points)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2" stroke-dasharray="{dashes}"/>'
        )
        for x, y, found in points:
            parts.append(f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>')
            parts.append(f'<text x="{x + 8}" y="{y - 8}" fill="{colour}">{found:,.0f} s</text>')
        x = _LEFT + 20 + 140 * number
        parts.append(
            f'<line x1="{x}" x2="{x + 30}" y1="20" y2="20" stroke="{colour}" stroke-width="2"'
            f' stroke-dasharray="{dashes}"/>'
        )
        parts.append(f'<text x="{x + 38}" y="25">{escape(name)}</text>')
    middle = (_TOP + _BOTTOM) / 2
    parts.append(f'<text x="{(_LEFT + _RIGHT) / 2}" y="{_BOTTOM + 50}" text-anchor="middle">orders</text>')
    parts.append(
        f'<text x="20" y="{middle}" text-anchor="middle" transform="rotate(-90 20 {middle})">seconds, wall</text>'
    )
    return parts


def _short(size: int) -> str:
    return f"{size / 1_000_000:g} M" if size >= 1_000_000 else f"{size / 1_000:g} k"
