"""Run as a program: an erasure that is killed at its n-th side effect, then finished by one without any request.

It prints the runs of tests.killing. Arguments: folder, how many points (0: all), seed.
"""

import shutil
from pathlib import Path

import duckdb
import pandas  # noqa: F401 - DuckDB imports it at first use; once here instead of in every child

from siyu.landing import add_tombstones, create_raw_views, open_quarantine
from siyu.landing.personal import open_keys
from siyu.privacy import Request, erase
from siyu.privacy.persons import id_of
from siyu.publication import publish_candidate, published_state
from siyu.publication.manifest import read_manifest
from siyu.publication.records import present_publications
from siyu.resources import CUSTOMERS
from siyu.settings import Home, Settings
from tests.killing import Run, arguments, half_made, in_child, killed_and_finished, print_runs
from tests.landing.shop import BRAND, CHANNEL, File, Shop, customer, files_of, order
from tests.privacy.searching import unsealed
from tests.publication.small_candidates import served_restricted, write_candidate

PHONE, TOKEN = "13912345678", "token3"
WHO = {"by": "li.na", "reason": "test"}


def anna(home: Home) -> Request:
    """Asked for by her id, which is made of her only account."""
    token = open_keys(home).tokenizer.customer(BRAND, CHANNEL, "anna-0001")
    return Request(kind="member_id", value=id_of(f"customer|{CHANNEL}|{token}"))


def prepare(home: Home) -> None:
    """Somebody and somebody else in raw, quarantine, vault, two publications and a candidate."""
    home.create()
    shop = Shop(home)
    people = [customer("anna-0001", phone=PHONE, full_name="Anna"), customer("bert", phone="13700000002")]
    bad = [{"account": "anna-0001"}, {"phone": "13700000002"}]
    shop.land(File(name="people.csv", rows=people, bad=bad, resource=CUSTOMERS))
    shop.land(
        File(name="orders.csv", rows=[order("o1", customer_id="anna-0001"), order("o2", customer_id="bert")])
    )
    for night, amount in (("night1", "10.00"), ("night2", "11.00")):
        write_candidate(home, night, amount=amount)
        publish_candidate(home, Settings(), night)
    write_candidate(home, "night3")
    add_tombstones(home, [TOKEN])  # what a request would find in a real crosswalk


def seen(home: Home) -> dict[str, object]:
    """All that somebody could be found in, without what differs between two runs."""
    with duckdb.connect() as connection:
        create_raw_views(connection, home)
        people = connection.sql("select phone_token from raw.files__customers").fetchall()
        orders = connection.sql(
            "select order_id, customer_token, paid_amount::varchar from raw.files__orders"
        )
        landed = [sorted(people, key=repr), sorted(orders.fetchall(), key=repr)]
    return {
        "landed": landed,
        "open": [(row.source_name, row.source_row) for row in open_quarantine(home)],
        "sealed": [one.get("kind") for one in unsealed(home)],
        "published": [
            sorted((name, table.checksum) for name, table in read_manifest(one.folder).tables.items())
            for one in present_publications(home)
        ],
        "served": [
            published_state(home),
            served_restricted(home, "select token from restricted.crosswalk order by token"),
        ],
        "candidates": sorted(path.name for path in home.candidates.glob("*")),
    }


def run(before: Path, folder: Path, kill: int) -> Run:
    shutil.copytree(before, folder)
    home = Home(folder)

    def finish() -> Run:
        served = served_restricted(home, "select token from restricted.crosswalk order by token")
        # killed before it noted whom it is about, it has to be asked again
        erase(home, Settings(), [anna(home)] if kill < NOTED else [], **WHO)
        return {"served_after_kill": served, "after_rerun": seen(home)}

    done = killed_and_finished(home, kill, lambda: erase(home, Settings(), [anna(home)], **WHO), finish)
    return done | {"half_made": half_made(files_of(home))}


NOTED = 60  # side effects of finding the person and writing the tombstones, at the most


def main(folder: Path, points: int, seed: int) -> None:
    before = folder / "before"
    in_child(lambda: prepare(Home(before)))
    _, state = in_child(lambda: seen(Home(before)))
    print_runs(lambda name, kill: run(before, folder / name, kill), points, seed, before=state)


if __name__ == "__main__":
    main(*arguments())
