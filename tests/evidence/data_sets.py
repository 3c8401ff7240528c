"""The public data sets of the evidence: where each lies, how siyu reads it, and what becomes of its rows.

Here: one declaration per data set. Not here: its figures, which stand in `<name>.sql` and `<name>.marts.sql`.
"""

from dataclasses import dataclass, field
from pathlib import Path

from siyu.channels.files import load_mapping
from siyu.settings import Settings

HERE = Path(__file__).resolve().parent
MAPPINGS = HERE.parents[1] / "examples" / "mappings"


@dataclass(frozen=True, kw_only=True)
class DataSet:
    """A public data set. Judgements (names of figures in its SQL) say how many rows should go where."""

    name: str  # of its mapping and its SQL files
    title: str
    source: str  # who made it, and under which terms
    folder: str
    read_as: tuple[str, ...]  # judgements that together count every row read
    recorded_as: tuple[str, ...]  # judgements that together count the records those rows become
    unchanged_as: str | None = None  # judgement that counts records siyu already had
    excluded_as: dict[str, str] = field(default_factory=dict)  # judgement → siyu's reason; one or more to one
    asks: tuple[str, ...] = ()  # SQL files both sides answer besides their own, in order
    as_of: str | None = None  # where the newest order does not say how far the data go

    @property
    def mapping_file(self) -> Path:
        """The mapping that ships with siyu."""
        return MAPPINGS / f"{self.name}.yml"

    @property
    def settings(self) -> Settings:
        """A home's settings as `siyu nightly` takes them from the mapping: time zone and currency."""
        mapping = load_mapping(self.mapping_file)
        assert mapping.reporting_currency is not None
        return Settings(business_timezone=mapping.timezone, reporting_currency=mapping.reporting_currency)

    def sql_files(self, end: str) -> list[Path]:
        """Its own file, then those it shares, with names that end on `end`."""
        return [HERE / f"{name}{end}" for name in (self.name, *self.asks)]


UCI = DataSet(
    name="uci_online_retail",
    title="UCI Online Retail, December 2009 to December 2011",
    source="D. Chen, Online Retail (2015) and Online Retail II (2019), UCI Machine Learning Repository, CC BY 4.0",
    folder="uci_online_retail",
    read_as=("all_rows",),
    recorded_as=("all_rows",),
    unchanged_as="second_copies",
    excluded_as={
        "bad_debt": "bad_debt",
        "tests": "test_order",
        "non_goods": "non_goods",
        "cancelled_tests": "test_order",
        "cancelled_non_goods": "non_goods",
        "stock_adjustments": "stock_adjustment",
        "zero_prices": "no_price",
    },
    asks=("months", "buyers"),
)
TMALL = DataSet(
    name="tmall_orders",
    title="Tmall orders of February 2020",
    source="A teaching data set from Chinese data-science sites; no licence stated, so it is not in this repository",
    folder="tmall_orders_2020_02",
    read_as=("all_orders",),
    recorded_as=("all_orders", "refunds"),
    asks=("months",),
)
OLIST = DataSet(
    name="olist_orders",
    title="Olist, a Brazilian marketplace, September 2016 to October 2018",
    source="Olist, Brazilian E-Commerce Public Dataset, CC BY-NC-SA 4.0; 8,135 of its 99,441 orders",
    folder="olist_orders_sample",
    read_as=("all_customers", "all_orders", "all_items"),
    recorded_as=("all_customers", "all_orders", "refunds", "all_items"),
    unchanged_as="second_rows_of_persons",
    asks=("months", "buyers"),
)
CDNOW = DataSet(
    name="cdnow",
    title="CDNOW, January 1997 to June 1998",
    source="P. Fader and B. Hardie (2001), Interfaces 31(3), the published 1/10 sample; no licence stated",
    folder="cdnow_sample",
    read_as=("purchases",),
    recorded_as=("purchases",),
    asks=("months", "buyers"),
)
HILLSTROM = DataSet(
    name="hillstrom_email",
    title="Hillstrom's e-mail test, March 2008",
    source="K. Hillstrom, MineThatData E-Mail Analytics and Data Mining Challenge (2008); no licence stated",
    folder="hillstrom_email",
    read_as=("customers",),
    recorded_as=("customers", "orders"),
    as_of="2008-03-20",  # the two weeks are over
)
FACEBOOK = DataSet(
    name="facebook_ad_costs",
    title="Facebook ad costs",
    source='"Sales Conversion Optimization" on Kaggle; no licence stated',
    folder="kag_ad_costs",
    read_as=("ads",),
    recorded_as=("ads",),
    as_of="2017-08-31",  # there is no order whose day could say it
)
DATA_SETS = (UCI, TMALL, OLIST, CDNOW, HILLSTROM, FACEBOOK)
