"""Who is one person, with rules and crosswalk, against the least that could be done.

Both sides, bench/identity_rules.py and bench/identity_baseline.py, read the same Parquet files and write Parquet, each
in a process of its own. With the rules off both must find the same partition, or there are no figures.

Here: the graph, what runs, whether the partitions are equal. Not here: resolving (identity), the counters (measure).
"""

import os
import sys
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import duckdb

from siyu.bench.measure import Cost, run_measured
from siyu.errors import RefusedError
from siyu.settings import PROJECT
from siyu.storage import make_folder

BASELINE, WITH_RULES = (PROJECT / "bench" / f"identity_{side}.py" for side in ("baseline", "rules"))
BUDGET = 2.0  # times the baseline
IDENTIFIERS_PER_EDGE = 1.4

# Persons with accounts in some channels. One in fifty uses the phone of somebody else at home, one in a hundred has a
# number that another gave up long before, one card in a hundred was opened with the number of a guide.
_ACCOUNTS = """
with
persons as (
    select
        n, 1 + cast(floor(30 * chance(n, 'load')) as bigint) as first_landed,
        case when chance(n, 'home') < 0.02 then n - 1 when chance(n, 'heir') < 0.01 then n // 2 else n end as phone_of,
        timestamp '2024-01-01' + to_seconds(cast(floor(31536000 * chance(n, 'since')) as bigint)) as since
    from range($persons) as persons (n)
),
channels as (
    from (values
        ('card', 'store', 'tills', 0.8, true, false), ('open_id', 'shop', 'youzan', 0.8, true, true),
        ('external_userid', 'corp', 'wecom', 0.5, false, true), ('open_uid', 'tmall', 'taobao', 0.3, true, false)
    ) as channels (type, scope, link_source, share, has_phone, has_unionid)
)
select
    made(type, scope, n) as account, link_source, first_landed,
    if(type = 'card' and chance(n, 'guide') < 0.01, -1 - n // 5000, phone_of) as number,
    if(has_phone, made('phone', 'global', number), null) as phone,
    if(has_unionid, made('unionid', 'global', n), null) as unionid,
    if(phone_of < n - 1, since + to_years(2), since) as first_seen_at,
    first_seen_at + to_days(cast(floor(300 * chance(n, type)) as integer)) as last_seen_at
from persons cross join channels
where chance(n, type || ' or not') < share
"""
_EDGES = """
from (
    select account as left_identifier, phone as right_identifier, link_source, 1 as strength,
        first_landed, first_seen_at, last_seen_at
    from accounts where phone is not null
    union all
    select account, unionid, link_source, 2, first_landed, first_seen_at, last_seen_at
    from accounts where unionid is not null
)
limit $edges
"""
# and buyers of whom the marketplace says nothing
_IDENTIFIERS = """
with
seen as (
    select left_identifier as identifier, first_landed, first_seen_at, last_seen_at from edges
    union all
    select right_identifier, first_landed, first_seen_at, last_seen_at from edges
),
joined as (
    select
        identifier, min(first_landed) as first_landed,
        min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
    from seen group by identifier
)
select *, split_part(identifier, '|', 1) as identifier_type from joined
union all
select made('open_uid', 'masked', n), 1 + n % 30, timestamp '2024-06-01', timestamp '2024-06-01', 'open_uid'
from range($identifiers - (select count(*) from joined)) as masked (n)
"""
_DIFFERENT = """
select count(distinct {'l': label, 'm': member_id}) <> count(distinct label)
    or count(distinct label) <> count(distinct member_id) or count(*) <> (select count(*) from labels)
from labels inner join members using (identifier)
"""
_RECURSIVE = """
with recursive
edges as (
    select left_identifier as one, right_identifier as other from given
    union all select right_identifier, left_identifier from given
),
labels (identifier, label) using key (identifier) as (
    select one, min(least(one, other)) from edges group by one
    union
    select edges.other, min(changed.label)
    from labels as changed
    inner join edges on changed.identifier = edges.one
    inner join recurring.labels as known on edges.other = known.identifier and changed.label < known.label
    group by edges.other
)
select count(distinct label) from labels
"""


@dataclass(frozen=True, kw_only=True)
class IdentityFigures:
    """What was measured over one graph: of each side the middle of its runs, and every run.

    recursive_seconds, recursive_edges: DuckDB's recursive query over that many of the edges; None: it was left out.
    splink_seconds: Splink's clustering over the same edges; None: Splink is not installed.
    """

    edges: int
    identifiers: int
    members: int
    conflicts: dict[str, int]  # by reason
    ours_seconds: float
    ours_cpu_seconds: float
    ours_peak_memory_bytes: int
    baseline_seconds: float
    baseline_cpu_seconds: float
    baseline_peak_memory_bytes: int
    ratio: float
    ours: list[Cost]
    baseline: list[Cost]
    recursive_seconds: float | None
    recursive_edges: int
    splink_seconds: float | None


def write_graph(folder: Path, *, edges: int, threads: int, memory_limit: str) -> None:
    """Write edges.parquet and identifiers.parquet; the same number gives the same rows."""
    with duckdb.connect(config={"threads": threads, "memory_limit": memory_limit}) as connection:
        connection.execute("create macro chance(n, salt) as (hash(hash(n, salt)) >> 11) / 9007199254740992.0")
        connection.execute(
            "create macro made(kind, place, number) as kind || '|' || place || '|' || md5(kind || number)"
        )
        # a few more persons than it takes: the edges are cut at their number
        accounts = connection.sql(_ACCOUNTS, params={"persons": edges * 8 // 25 + 50})
        accounts.to_table("accounts")
        connection.sql(_EDGES, params={"edges": edges}).write_parquet(str(folder / "edges.parquet"))
        connection.read_parquet(str(folder / "edges.parquet")).create_view("edges")
        identifiers = connection.sql(
            _IDENTIFIERS, params={"identifiers": round(edges * IDENTIFIERS_PER_EDGE)}
        )
        identifiers.write_parquet(str(folder / "identifiers.parquet"))


def measure_identity(
    folder: Path, *, edges: int, runs: int, threads: int, memory_limit: str, with_recursive: bool
) -> IdentityFigures:
    """Run both sides in turn, `runs` times each.

    Args:
        folder: Gets the graph, and what each side writes.
        edges: Their number; there are 1.4 times as many identifiers.
        runs: How often each side runs.
        threads: DuckDB's, on both sides.
        memory_limit: DuckDB's, of ours.
        with_recursive: Whether a recursive query is measured too, over a tenth of the edges.

    Raises:
        RefusedError: Without rules the partition is not that of the baseline.
        EnvironmentFaultError: A side did not run to its end.
    """
    make_folder(folder)
    write_graph(folder, edges=edges, threads=threads, memory_limit=memory_limit)

    def ours(rules: str) -> Cost:
        program = [sys.executable, str(WITH_RULES), str(folder), str(threads), memory_limit, rules]
        return run_measured(program, folder=folder, environment=environment)[0]

    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    minimal = [sys.executable, str(BASELINE), str(folder), str(threads)]
    baseline = [run_measured(minimal, folder=folder, environment=environment)[0]]
    ours("off")
    _check_equal(folder)
    with_rules = []
    for number in range(runs):
        with_rules.append(ours("on"))
        if number:
            baseline.append(run_measured(minimal, folder=folder, environment=environment)[0])
    with duckdb.connect() as connection:
        connection.read_parquet(str(folder / "members.parquet")).create_view("members")
        connection.read_parquet(str(folder / "conflicts.parquet")).create_view("conflicts")
        (members,) = connection.execute("select count(distinct member_id) from members").fetchone() or (0,)
        conflicts = dict(
            connection.execute(
                "select reason, count(*) from conflicts group by reason order by reason"
            ).fetchall()
        )
    taken, least = (median(cost.wall_seconds for cost in side) for side in (with_rules, baseline))
    return IdentityFigures(
        edges=edges,
        identifiers=round(edges * IDENTIFIERS_PER_EDGE),
        members=members,
        conflicts=conflicts,
        ours_seconds=round(taken, 2),
        ours_cpu_seconds=round(median(cost.cpu_seconds for cost in with_rules), 2),
        ours_peak_memory_bytes=max(cost.peak_memory_bytes for cost in with_rules),
        baseline_seconds=round(least, 2),
        baseline_cpu_seconds=round(median(cost.cpu_seconds for cost in baseline), 2),
        baseline_peak_memory_bytes=max(cost.peak_memory_bytes for cost in baseline),
        ratio=round(taken / least, 2),
        ours=with_rules,
        baseline=baseline,
        recursive_seconds=_recursive(folder, edges // 10, threads) if with_recursive else None,
        recursive_edges=edges // 10,
        splink_seconds=_splink(folder, threads, memory_limit) if find_spec("splink") else None,
    )


def as_words(figures: IdentityFigures) -> str:
    """The figures in a few lines for a terminal."""
    found = ", ".join(f"{count:,} {reason}" for reason, count in figures.conflicts.items()) or "none"
    verdict = "kept" if figures.ratio <= BUDGET else "MISSED"
    lines = [
        f"{figures.edges:,} edges, {figures.identifiers:,} identifiers: {figures.members:,} members;"
        f" conflicts: {found}; equal to the baseline without rules",
        f"  rules and crosswalk {figures.ours_seconds:8.1f} s  CPU {figures.ours_cpu_seconds:8.1f} s"
        f"  memory {figures.ours_peak_memory_bytes / 2**20:7,.0f} MB",
        f"  baseline            {figures.baseline_seconds:8.1f} s  CPU {figures.baseline_cpu_seconds:8.1f} s"
        f"  memory {figures.baseline_peak_memory_bytes / 2**20:7,.0f} MB",
        f"  Splink's clustering {figures.splink_seconds:8.1f} s"
        if figures.splink_seconds is not None
        else "  Splink's clustering is not measured: it needs the extra siyu[fuzzy]",
        f"within {BUDGET:g} × the baseline: {figures.ratio:.2f} ×, {verdict}",
    ]
    if figures.recursive_seconds is not None:
        lines.insert(
            3,
            f"  recursive query     {figures.recursive_seconds:8.1f} s  over {figures.recursive_edges:,} edges",
        )
    return "\n".join(lines)


def _check_equal(folder: Path) -> None:
    with duckdb.connect() as connection:
        for name in ("labels", "members"):
            connection.read_parquet(str(folder / f"{name}.parquet")).create_view(name)
        _refuse_different(connection, "without rules the members are not the connected components")


def _refuse_different(connection: duckdb.DuckDBPyConnection, found: str) -> None:
    """Compare `members` with `labels`, what the baseline found."""
    (is_different,) = connection.execute(_DIFFERENT).fetchone() or (True,)
    if is_different:
        raise RefusedError(
            found, expected="the partition of bench/identity_baseline.py", do="mend siyu.identity"
        )


def _recursive(folder: Path, edges: int, threads: int) -> float:
    with duckdb.connect(config={"threads": threads}) as connection:
        connection.read_parquet(str(folder / "edges.parquet")).limit(edges).to_table("given")
        started = time.monotonic()
        connection.execute(_RECURSIVE).fetchall()
        return round(time.monotonic() - started, 1)


def _splink(folder: Path, threads: int, memory_limit: str) -> float:
    """Cluster every edge of a folder in memory; the clusters must be the baseline's.

    Raises:
        RefusedError: They are others.
    """
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    spill = str(folder / "spill")
    with duckdb.connect(
        config={"threads": threads, "memory_limit": memory_limit, "temp_directory": spill}
    ) as connection:
        connection.read_parquet(str(folder / "labels.parquet")).create_view("labels")
        started = time.monotonic()
        for name in ("identifiers", "edges"):
            connection.read_parquet(str(folder / f"{name}.parquet")).to_table(name)
        clusters = cluster_pairwise_predictions_at_threshold(
            "identifiers",
            "edges",
            DuckDBAPI(connection=connection),
            "identifier",
            edge_id_column_name_left="left_identifier",
            edge_id_column_name_right="right_identifier",
        ).as_duckdbpyrelation()
        clusters.select("identifier, cluster_id as member_id").create_view("members")
        taken = round(time.monotonic() - started, 1)
        _refuse_different(connection, "Splink's clusters are not the connected components")
    return taken
