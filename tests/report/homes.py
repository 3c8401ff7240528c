"""Homes with a report: a busy shop after its second night, and a shop in which nothing ever happened.

Both are made from the publication of the gate's busy shop, which dbt built: its files, some of them rewritten by a
query, are published by the publisher itself.
"""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from siyu.engine import connect
from siyu.orchestration.journal import recorded
from siyu.publication import publish_candidate
from siyu.publication.checksum import checksum_of
from siyu.publication.manifest import read_manifest, write_manifest
from siyu.report import write_report
from siyu.settings import Home, Settings
from siyu.storage import make_folder, sha256_of
from tests.gate.stories import RUN, Template
from tests.gate.worlds import AS_OF
from tests.landing.shop import File, Shop, order
from tests.publication.small_candidates import write_verdict

# names as a hostile or careless person gives them; each must come out as it went in, as text
HOSTILE_BRAND = "</script><img src=x onerror='window.broken=1'>"
MISSING = ("ocean_engine/1001/account_costs", "wecom/siyu/fund_flow")  # what tonight is published without
HOSTILE_CAMPAIGN = "=1+1|'<svg onload=window.broken=1>"
STEPS = ("extract_and_land", "build", "export", "audit", "publish")
TONIGHT = {
    "dim_brands": f"select * from published union all select 'b2', $${HOSTILE_BRAND}$$, '乙'",  # noqa: S608
    "dim_campaigns": f"select * replace ($${HOSTILE_CAMPAIGN}$$ as campaign_name) from published",  # noqa: S608
    "kpi_daily": """
        select * from published
        union all
        select * replace ('b2' as brand_code) from published
        where channel_code = 'all' and business_date > '2024-01-01'
    """,
}
# the night before: a day less, a refund not yet known, an order not yet landed
BEFORE = {
    "kpi_daily": """
        select * replace (
            as_of_date - 1 as as_of_date,
            cast(net_revenue_amount + case
                when channel_code <> 'all' or window_days <> 1 then 0
                when business_date = '2023-05-22' then 10.00
                when business_date = '2024-01-20' then -77.70
                else 0
            end as decimal(18, 2)) as net_revenue_amount
        )
        from published
        where business_date < as_of_date
    """
}


def busy_home(template: Template, root: Path) -> Home:
    """Two publications of two brands, the second a day later; the load it was made from, and the night's journal."""
    home = Home(root).create()
    load = Shop(home).land(
        File(
            rows=[order("1"), order("2", _exclusion="test_order"), order("3")],
            bad=[{"reason": "not_a_number", "column_name": "paid_amount", "row_text": "{}"}],
        )
    )
    _publish(template, home, BEFORE, load_id="before", as_of=AS_OF - timedelta(days=1))
    _publish(template, home, TONIGHT, load_id=load.load_id, missing=MISSING)
    for name in STEPS:
        with recorded(home, RUN, name) as step:
            step.rows = 7
    shutil.copy(template.home.runs / RUN / "build.json", home.runs / RUN / "build.json")
    return home


def empty_home(template: Template, root: Path) -> Home:
    """One publication of tables without a row, its audit and journal gone."""
    home = Home(root).create()
    names = read_manifest(template.home.publications / "000001").tables
    _publish(template, home, dict.fromkeys(names, "select * from published where false"), load_id="none")
    (home.publications / "000001" / "verdict.json").unlink()
    return home


def _publish(
    template: Template,
    home: Home,
    changes: Mapping[str, str],
    *,
    load_id: str,
    as_of: date = AS_OF,
    missing: tuple[str, ...] = (),
) -> None:
    """Publish the busy shop's tables, those named in `changes` as a query over `published` gives them."""
    source, folder = template.home.publications / "000001", make_folder(home.candidates / RUN)
    manifest = read_manifest(source)
    tables = {}
    with connect() as connection:
        for name, table in manifest.tables.items():
            file = folder / table.file
            content = connection.read_parquet(str(source / table.file))
            content.query("published", changes.get(name, "select * from published")).write_parquet(str(file))
            rows, checksum = checksum_of(connection.read_parquet(str(file)))
            tables[name] = replace(table, rows=rows, checksum=checksum, sha256=sha256_of(file))
    manifest = replace(
        manifest,
        run_id=RUN,
        as_of_date=as_of,
        load_ids=(load_id,),
        models={name: tables[name] for name in manifest.models},
        restricted={name: tables[name] for name in manifest.restricted},
        missing=missing,
    )
    write_manifest(folder, manifest)
    write_verdict(folder)
    publish_candidate(home, Settings(), RUN)


def written(home: Home) -> str:
    """The page of a home, written now."""
    return write_report(home, Settings()).file.read_text(encoding="utf-8")
