"""F11: any order of landing, any repetition and any split of files gives the same current version of every order."""

import shutil
from datetime import timedelta

import duckdb
from hypothesis import given
from hypothesis import strategies as st

from siyu.landing import create_raw_views
from siyu.landing.personal import open_keys
from siyu.resources import ORDER_LINES
from siyu.settings import Home
from tests.landing.shop import NOON, File, Shop, line
from tests.properties import examples

# the rule of the staging models: newest version, then greatest hash, never the load
CURRENT = """
select order_id, product_id, quantity, updated_at
from raw.files__order_lines
qualify
    dense_rank() over (
        partition by channel_code, order_id order by updated_at desc nulls last, _group_hash desc
    ) = 1
    and _load_id = min(_load_id) over (partition by channel_code, order_id, updated_at, _group_hash)
order by all
"""


@st.composite
def documents(draw):
    """Versions of three orders: created, paid, part refund … some at the same moment, some without a version."""
    found = []
    for order_id in ("a", "b", "c"):
        for _ in range(draw(st.integers(1, 4))):
            version = draw(st.sampled_from([None, 0, 1, 1, 2]))
            moment = None if version is None else NOON + timedelta(days=version)
            lines = draw(
                st.lists(st.tuples(st.sampled_from(["p1", "p2"]), st.integers(1, 3)), min_size=1, max_size=3)
            )
            found.append(
                [
                    line(order_id, product_id=product, quantity=units, updated_at=moment)
                    for product, units in lines
                ]
            )
    return found


def current(home: Home) -> list[tuple]:
    with duckdb.connect() as connection:
        create_raw_views(connection, home)
        return connection.sql(CURRENT).fetchall()


def land_all(folder, files: list[list[list[dict]]]) -> list[tuple]:
    """Land in a home of its own, which shares its keys with its neighbours: tokens are content, and break ties."""
    shop = Shop(Home(folder).create())
    if not (keys := folder.parent / "keys").exists():
        open_keys(shop.home)
        shutil.copytree(shop.home.keys, keys)
    elif not shop.home.keys.exists():
        shutil.copytree(keys, shop.home.keys)
    for number, file in enumerate(files):
        rows = [row for document in file for row in document]
        shop.land(File(name=f"{number}.csv", resource=ORDER_LINES, rows=rows))
    return current(shop.home)


def one_file_each(found: list) -> list:
    return [[document] for document in found]


@examples(4, soak=100)
@given(data=st.data(), found=documents())
def test_f11_shuffled_repeated_and_split_versions_have_the_same_winners(
    tmp_path_factory, data, found
) -> None:
    folder = tmp_path_factory.mktemp("orders")
    straight = land_all(folder / "straight", one_file_each(found))
    repeated = found + data.draw(st.lists(st.sampled_from(found), max_size=3))
    shuffled = data.draw(st.permutations(repeated))
    # versions of one order never share a file here: what shares a file, key and version is one document
    assert land_all(folder / "shuffled", one_file_each(shuffled)) == straight


def test_f11_one_file_of_distinct_versions_equals_a_file_for_each(tmp_path) -> None:
    versions = [
        [line("a", quantity=number, updated_at=NOON + timedelta(days=number))] for number in range(1, 4)
    ]
    versions.append([line("b"), line("b")])
    together = land_all(tmp_path / "together", [versions])
    assert together == land_all(tmp_path / "apart", one_file_each(versions[::-1]))
    assert [(row[0], row[2]) for row in together] == [("a", 3), ("b", 1), ("b", 1)]
