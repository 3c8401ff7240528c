"""Making a world: the parts in their order, then every table as Parquet."""

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from siyu.errors import UsageError
from siyu.sandbox.world import (
    SIZES,
    accounts,
    ads,
    bills,
    calendar,
    campaigns,
    friends,
    groups,
    marketing,
    orders,
    organisation,
    persons,
    products,
    referrals,
    service,
    shop,
    stores,
    truth,
)
from siyu.sandbox.world.draft import World
from siyu.sandbox.world.presets import preset_named
from siyu.sandbox.world.tables import declared_tables, write_table
from siyu.sandbox.world.words import TAG_COLUMNS, WORDS

DATABASE_MEMORY = "1000MB"
FEWEST_DAYS = 75  # the second campaign, the first by template messages, begins on day 38 and needs a month


def generate_world(
    folder: Path, *, size: str, seed: int, first: date, last: date, preset: str = "fashion"
) -> dict[str, Any]:
    """Write one world and its truth into `folder`.

    Args:
        folder: Made when absent; tables of an earlier world are overwritten.
        size: S, M or L, or a number of persons of at least 200.
        seed: Equal seeds (and sizes, ranges and presets) give equal bytes.
        first: First day of the range.
        last: Its last day; nothing happens afterwards.
        preset: Name of a brand in `presets.yml`.

    Returns:
        What `world.json` holds: the arguments, and rows by table.

    Raises:
        UsageError: The size or preset is unknown, or the range shorter than 75 days.
    """
    count = SIZES.get(size) or (int(size) if size.isdecimal() else 0)
    if count < 200:
        raise UsageError(f"size {size!r}", expected="S, M, L or a number of persons of at least 200")
    if (last - first).days + 1 < FEWEST_DAYS:
        raise UsageError(f"a range from {first} to {last}", expected=f"at least {FEWEST_DAYS} days")
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as scratch,
        duckdb.connect(
            Path(scratch) / "drafts.duckdb", config={"memory_limit": DATABASE_MEMORY}
        ) as connection,
    ):
        world = World(
            persons=count,
            seed=seed,
            first=first,
            last=last,
            preset=preset_named(preset),
            connection=connection,
        )
        connection.begin()  # never committed: nothing is worth waiting for the disk
        world.prepare(WORDS | TAG_COLUMNS)
        draw_world(world)
        rows = {table.file: write_table(connection, table, folder) for table in declared_tables()}
    description = {
        "size": size,
        "persons": count,
        "seed": seed,
        "from": first.isoformat(),
        "to": last.isoformat(),
        "preset": preset,
        "rows": rows,
    }
    (folder / "world.json").write_text(json.dumps(description, indent=2) + "\n", encoding="utf-8")
    return description


def draw_world(world: World) -> None:
    """Draw every part: who there is, what happens to them, and what comes of it."""
    employees = world.preset.stores * (world.preset.guides_per_store + 1) + 100
    phones = persons.mobile_numbers(employees + 2 * world.persons)
    calendar.draw_calendar(world)
    brand = organisation.draw_organisation(world, phones[:employees])
    goods = products.draw_products(world)
    people = persons.draw_persons(world, brand, phones[employees:])
    known, contacts, pressure = _draw_behaviour(world, people, brand, goods)

    friends.draw_friendship_tables(world, people, known, contacts)
    groups.draw_groups(world, brand, known, pressure.gone)
    world.sql(marketing.MESSAGES)
    world.sql(service.TABLES)
    world.sql(referrals.TABLES)
    shop.draw_shop(world, known, pressure.gone_follower)
    world.sql(marketing.NOTICES)
    world.sql(marketing.STATISTICS)
    world.sql(bills.TABLES)
    stores.draw_stores(world, brand, goods)
    truth.draw_truth(world)


def _draw_behaviour(
    world: World, people: persons.Persons, brand: organisation.Organisation, goods: products.Products
) -> tuple[accounts.Accounts, friends.Contacts, campaigns.Pressure]:
    """What people do of their own accord, what is done to them, and all orders that come of both."""
    own, uses = accounts.draw_own_orders(world, people, persons.draw_purchases(world, people))
    begins = friends.draw_friend_moments(world, people)
    known = accounts.draw_accounts(world, people, own, uses, begins)
    contacts = friends.draw_contacts(world, people, brand, known)
    pressure = campaigns.draw_campaigns(world, brand, known, contacts)
    contacts = friends.settle_contacts(contacts, pressure.gone)
    ads.draw_links(world)
    clicks = ads.draw_ads(world, people, known)
    services = service.draw_service(world, known, own, pressure.gone)
    referrals.draw_referrals(world, people, known)
    drafts = orders.gather(world, people, known, own, [*pressure.extra, clicks, services])
    pressure.extra.clear()
    orders.draw_orders(world, drafts, persons=people, organisation=brand, products=goods, accounts=known)
    return known, contacts, pressure
