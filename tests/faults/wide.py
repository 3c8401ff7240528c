"""Homes that show more than orders: who bought, and what ads cost, which a platform tells and a backfill reads.

No night reads the platform by itself, so that what is known of a day is what a backfill of it was told.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from siyu.landing import live, read_records
from siyu.landing.personal import open_keys
from siyu.orchestration.connections import Connection, save_connection
from siyu.privacy.persons import id_of
from siyu.publication.records import current_publication
from siyu.settings import Home
from tests.channels.api.ads import REPORT, SECRET, Ads, row
from tests.channels.api.platform import Answer, Asked
from tests.faults.looking import check_shown
from tests.faults.shop import Sale, expected_orders
from tests.privacy.searching import found_in

_BRAND, _CHANNEL, _UNKNOWN = "default", "own_web", "unknown"
# of every night and backfill: the same day whenever the test runs, and nothing that is waited for
FINAL = {"business_date": "2026-06-30", "is_final": "true"}
_CHANNELS = """\
ocean_engine:
  accounts: [{name: "7300001", connection: ads, surface: douyin_feed}]
  since: 2099-01-01
"""


@dataclass
class Platform:
    """What each day's ads cost, as the platform tells it now."""

    costs: dict[date, Decimal]
    _tokens: Ads = field(default_factory=lambda: Ads([]))

    def __call__(self, asked: Asked) -> Answer:
        if asked.path != REPORT:
            return self._tokens(asked)
        first, last = (date.fromisoformat(asked.query[name][:10]) for name in ("start_time", "end_time"))
        told = self.between(first, last).items()
        rows = [row(1, day=day, stat_cost=str(cost)) for day, cost in sorted(told)]
        return replace(self._tokens, rows=rows)(asked)

    def between(self, first: date, last: date) -> dict[date, Decimal]:
        """What a backfill of these days is told."""
        return {day: cost for day, cost in self.costs.items() if first <= day <= last}


def widen(home: Home, url: str) -> None:
    """Make a home one that knows the platform; its next night shows persons and ads as well."""
    settings = {"app_id": "42", "secret": SECRET, "refresh_token": "refresh-0"}
    save_connection(home, "ads", Connection(base_url=url, settings=settings))
    home.channels_file.write_text(_CHANNELS, encoding="utf-8")


def asked_for(first: date, last: date) -> dict[str, str]:
    """The params of a backfill of these days."""
    return FINAL | {"from_date": first.isoformat(), "to_date": last.isoformat()}


def token_of(home: Home, order: str) -> str:
    """The token of who bought an order."""
    return open_keys(home).tokenizer.customer(_BRAND, _CHANNEL, f"buyer-{order}")


def member_of(home: Home, order: str) -> str:
    """The member_id of who bought an order."""
    return id_of(f"customer|{_CHANNEL}|{token_of(home, order)}")


def where_named(home: Home, orders: Iterable[str]) -> set[str]:
    """The places of a home where the buyers of these orders are named in any form."""
    needles = {
        needle: order
        for order in orders
        for needle in (f"buyer-{order}", token_of(home, order), member_of(home, order))
    }
    return {place for place, found in found_in(home, needles).items() if found}


def check_wide(
    home: Home,
    files: Mapping[str, Sequence[Sale]],
    *,
    spent: Mapping[date, Decimal],
    forgotten: Iterable[str],
) -> None:
    """As check_shown; and ads cost what was told, and orders are of who bought them.

    spent: What backfills that the standing publication was made from were told. forgotten: Orders whose buyers the
    brand has forgotten: their money stays.
    """
    check_shown(home, files)
    current = current_publication(home)
    assert current is not None
    names = {record.load_id: record.source.name for record in live(read_records(home))}
    loads = [names[load_id] for load_id in current.load_ids]
    orders = expected_orders([files[name] for name in loads if name in files])
    nobodys = {f"{_CHANNEL}|{order}" for order in forgotten}
    buyers = {key: member_of(home, key.rpartition("|")[2]) for key, *_ in orders if key not in nobodys}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{home.marts_file}' as served (read_only)")

        def served(table: str) -> list[tuple[Any, ...]]:
            return sorted(connection.table(f"served.main.{table}").fetchall())

        assert served("member_orders") == [(key, buyers.get(key, _UNKNOWN), net) for key, *_, net in orders]
        assert served("members") == sorted((member, 1) for member in buyers.values())
        assert served("ads_daily") == sorted(spent.items())
