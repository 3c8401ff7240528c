"""A file that has landed is not read a second time."""

from pathlib import Path

from siyu.channels.files import claim_files, land_file
from siyu.landing import Counts
from siyu.settings import Home, Settings
from tests.channels.shop import HEADER, Shop

SMALL_CELLS = Settings(cell_limit_bytes=1000)


def test_the_rows_of_a_file_that_has_landed_are_read_again(shop: Shop, tmp_path: Path) -> None:
    path = shop.put(f"{HEADER}\nA{'0' * 1000},2026-03-01 10:00:00,5.00\n")
    mapping = shop.mapping(top={"channel": "taobao_search"})
    ((source, file),) = claim_files(mapping, path).claimed

    def counts(settings: Settings, home: Home) -> Counts:
        return land_file(mapping, source, file, settings, home).resources["orders"].counts

    assert counts(shop.settings, shop.home).landed == 1
    # whoever reads the row under this limit cannot understand it
    assert counts(SMALL_CELLS, Home(tmp_path / "new").create()).quarantined == 1
    assert counts(SMALL_CELLS, shop.home).landed == 1
