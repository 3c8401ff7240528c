"""Run as a program: a re-keying that is killed at its n-th side effect, then run again.

It prints the runs of tests.killing. Arguments: folder, how many points (0: all), seed.
"""

import json
import shutil
from pathlib import Path

import duckdb
import pandas  # noqa: F401 - DuckDB imports it at first use; once here instead of in every child

from siyu.errors import EnvironmentFaultError
from siyu.landing import create_raw_views, open_quarantine
from siyu.landing.personal import open_keys
from siyu.privacy import rekey
from siyu.publication import published_state
from siyu.publication.manifest import read_manifest
from siyu.publication.records import present_publications
from siyu.resources import CUSTOMERS
from siyu.settings import Home, Settings
from siyu.storage import inside
from tests.killing import DATABASE, Run, arguments, half_made, in_child, killed_and_finished, print_runs
from tests.landing.shop import BRAND, CHANNEL, File, Shop, customer, files_of, order
from tests.privacy.crosswalks import publish_crosswalk
from tests.privacy.searching import unsealed
from tests.publication.small_candidates import served_restricted, write_candidate

WHO = {"by": "li.na", "reason": "the key was in a mail"}
PEOPLE = File(
    name="people.csv",
    rows=[
        customer("anna-0001", phone="13912345678", full_name="Anna"),
        customer("bert", phone="13700000002"),
    ],
    bad=[{"reason": "not_a_date", "key_text": "carl-0003", "brand_code": BRAND, "channel_code": CHANNEL}],
    resource=CUSTOMERS,
)
ORDERS = File(name="orders.csv", rows=[order("o1", customer_id="anna-0001"), order("o2", customer_id="bert")])
ORDERS_OF_THE_NEXT_DAY = File(name="more.csv", rows=[order("o3", customer_id="bert")])
SERVED = "select identifier, token from restricted.dim_member_identifiers order by member_id"


def prepare(home: Home) -> None:
    """Two persons in raw, quarantine, vault, two publications and a candidate."""
    home.create()
    shop = Shop(home)
    shop.land(PEOPLE)
    shop.land(ORDERS)
    tokenizer = open_keys(home).tokenizer
    tokens = [tokenizer.customer(BRAND, CHANNEL, account) for account in ("anna-0001", "bert")]
    owners = [(f"customer|{CHANNEL}|{token}", 0, f"m{number}") for number, token in enumerate(tokens)]
    publish_crosswalk(home, "night1", owners[:1])
    publish_crosswalk(home, "night2", owners)
    write_candidate(home, "night3")


def seen(home: Home) -> dict[str, object]:
    """All places in which tokens are, each token as it was before any re-keying; and how many keys they are of."""
    tokenizer = open_keys(home).tokenizer

    def first(value: str | None) -> str | None:
        if not value:
            return value
        before, bar, token = value.rpartition("|")
        return f"{before}{bar}{tokenizer.first(token)}"

    with duckdb.connect() as connection:
        create_raw_views(connection, home)
        people = connection.sql("select customer_token, phone_token from raw.files__customers").fetchall()
        orders = connection.sql("select order_id, customer_token from raw.files__orders").fetchall()
        published = [
            connection.read_parquet(str(inside(one.folder, read_manifest(one.folder).restricted[name].file)))
            .select("identifier, token, member_id")
            .fetchall()
            for one in present_publications(home)
            for name in ("dim_member_identifiers",)
        ]
    shop = Shop(home)
    return {
        "keys": 1 + len(tokenizer.later),
        "people": sorted([*map(first, row)] for row in people),
        "orders": sorted([order_id, first(token)] for order_id, token in orders),
        "open": [[row.source_row, first(row.group_key)] for row in open_quarantine(home)],
        "sealed": sorted(
            json.dumps(
                {name: first(value) if name in {"token", "owner"} else value for name, value in one.items()}
            )
            for one in unsealed(home)
        ),
        "published": [
            sorted([first(one), first(token), member] for one, token, member in rows) for rows in published
        ],
        "served": sorted([first(one), first(token)] for one, token in served_restricted(home, SERVED)),
        "state": str(published_state(home)),
        "candidates": sorted(path.name for path in home.candidates.glob("*")),
        # the same rows in another file are known
        "news": [
            sum(one.counts.landed for one in shop.land(again).resources.values())
            for again in (_again(PEOPLE), _again(ORDERS))
        ],
    }


def _again(file: File) -> File:
    return File(name=f"again-{file.name}", rows=file.rows, resource=file.resource)


def _is_refused(home: Home) -> bool:
    try:
        Shop(home).land(ORDERS_OF_THE_NEXT_DAY)
    except EnvironmentFaultError:
        return True
    return False


def run(before: Path, folder: Path, kill: int) -> Run:
    shutil.copytree(before, folder)
    home = Home(folder)

    def finish() -> Run:
        is_half = (home.keys / "token.key.next").exists()
        served = served_restricted(home, SERVED)
        refused = _is_refused(home) if is_half else None
        if is_half or _keys(home) == 1:
            rekey(home, Settings(), **WHO)
        return {"served_after_kill": len(served), "refused": refused, "after_rerun": seen(home)}

    done = killed_and_finished(
        home, kill, lambda: rekey(home, Settings(), **WHO), finish, also=frozenset({DATABASE})
    )
    return done | {"half_made": half_made(files_of(home))}


def _keys(home: Home) -> int:
    return 1 + len(open_keys(home).tokenizer.later)


def main(folder: Path, points: int, seed: int) -> None:
    before = folder / "before"
    in_child(lambda: prepare(Home(before)))
    shutil.copytree(before, folder / "looked-at")
    _, state = in_child(lambda: seen(Home(folder / "looked-at")))
    print_runs(lambda name, kill: run(before, folder / name, kill), points, seed, before=state)


if __name__ == "__main__":
    main(*arguments())
