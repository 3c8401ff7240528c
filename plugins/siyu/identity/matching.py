"""Accounts that are probably one person's, by what they told of themselves: Splink over tokens.

Here: the model that Splink is given, how it is trained, and the pairs that it finds. Not here: which pairs are
suggested or accepted (models), what a token is made of (landing).

Splink is an extra, `siyu[fuzzy]`, and is imported when there is something to compare. Tokens are equal or they are not,
so how often strangers agree by chance is counted, not sampled; what Splink's EM learns is how often the accounts of one
person agree. Nothing is drawn at random: equal accounts give equal pairs.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from duckdb import DuckDBPyConnection, DuckDBPyRelation

from siyu.engine import quoted

if TYPE_CHECKING:
    from splink import Linker

LEAST_ACCOUNTS = 50  # with fewer, what is counted says nothing of chance
_LEAST_TO_LEARN_FROM = 100  # pairs of one person's accounts; with fewer EM learns what is not there
_LEAST_SHARE = 0.01  # of one person's pairs tell anything else too: somebody moved, or married
_TRAINING_PAIRS = 3_000_000  # more change nothing, and take long
_SAME_BOTH = 0.7  # of one person's pairs of accounts told the same name and birthday: a guess, to begin with
_TOLD = _NAME, _BIRTHDAY, _ADDRESS = "full_name_token", "birth_date_token", "address_token"
_PROVINCE = "province"
_LOG = logging.getLogger(__name__)
_PAIRS = pa.schema(
    [
        ("left_identifier", pa.string()),
        ("right_identifier", pa.string()),
        ("match_weight", pa.float64()),
        ("match_probability", pa.float64()),
        ("is_same_name", pa.bool_()),
        ("is_same_birthday", pa.bool_()),
        ("is_same_address", pa.bool_()),
        ("is_same_province", pa.bool_()),
    ]
)
_SCRATCH = "member_matching"
_HERE = "select current_database(), current_schema()"
# to six and three places: sums of fractions differ behind them from run to run
_FOUND = """
select
    least(identifier_l, identifier_r) as left_identifier,
    greatest(identifier_l, identifier_r) as right_identifier,
    round(match_weight, 3) as match_weight,
    round(match_probability, 6) as match_probability,
    coalesce(one.full_name_token = other.full_name_token, false) as is_same_name,
    coalesce(one.birth_date_token = other.birth_date_token, false) as is_same_birthday,
    coalesce(one.address_token = other.address_token, false) as is_same_address,
    coalesce(one.province = other.province, false) as is_same_province
from found
inner join accounts as one on identifier_l = one.identifier
inner join accounts as other on identifier_r = other.identifier
order by left_identifier, right_identifier
"""


def match_pairs(connection: DuckDBPyConnection, accounts: DuckDBPyRelation) -> DuckDBPyRelation:
    """Which accounts agree in two of name, birthday and address, and how sure it is that they are one person's.

    Args:
        connection: Of which the relation is. Splink works beside it, in memory, and leaves nothing behind.
        accounts: identifier (unique), full_name_token, birth_date_token, address_token, province; null was not told.

    Returns:
        left_identifier < right_identifier, match_weight (log2 of the odds), match_probability (0-1), is_same_name,
        is_same_birthday, is_same_address, is_same_province. No rows where the accounts are too few to tell chance from
        a person; the log says so.
    """
    columns = ("identifier", *_TOLD, _PROVINCE)
    told = accounts.select(*columns).order("identifier").to_arrow_table()
    found = _PAIRS.empty_table()
    if told.num_rows >= LEAST_ACCOUNTS:
        with _beside(connection) as scratch:
            scratch.from_arrow(told).create("accounts")
            found = _find(scratch)
        _LOG.info("%d accounts were compared: %d pairs agree", told.num_rows, found.num_rows)
    elif told.num_rows:
        _LOG.warning("%d accounts can be compared, at least %d are needed", told.num_rows, LEAST_ACCOUNTS)
    return connection.from_arrow(found)


@contextmanager
def _beside(connection: DuckDBPyConnection) -> Iterator[DuckDBPyConnection]:
    """A connection to a database in memory that shares the caller's engine and its bounds."""
    with connection.cursor() as scratch:
        database, schema = scratch.execute(_HERE).fetchone() or ("", "")
        scratch.execute(f"attach ':memory:' as {_SCRATCH}")
        scratch.execute(f"use {_SCRATCH}")
        try:
            yield scratch
        finally:
            scratch.execute(f"use {quoted(database, schema)}")
            scratch.execute(f"detach {_SCRATCH}")


def _find(scratch: DuckDBPyConnection) -> pa.Table:
    logging.getLogger("splink").setLevel(logging.ERROR)  # it advises a person who models
    chance = _Chance(scratch)
    model = _model(chance)
    if chance.same_persons >= _LEAST_TO_LEARN_FROM:
        learner = _linker(scratch, model, chance)
        for name in _TOLD:
            _learn(learner, chance, name)
        model = _tempered(learner.misc.save_model_to_json())
    linker = _linker(scratch, model, chance)
    linker.inference.predict().as_duckdbpyrelation().create_view("found")
    return scratch.execute(_FOUND).to_arrow_table().cast(_PAIRS)


def _linker(scratch: DuckDBPyConnection, model: Any, chance: "_Chance") -> "Linker":
    from splink import DuckDBAPI, Linker

    linker = Linker("accounts", model, DuckDBAPI(connection=scratch), set_up_basic_logging=False)
    for name in _TOLD:
        rarity = chance.by_value(name)
        linker.table_management.register_term_frequency_lookup(rarity, name, overwrite=True)  # type: ignore[no-untyped-call]
    return linker


class _Chance:
    """How often two accounts agree, whoever's they are: nearly all pairs are of strangers."""

    def __init__(self, scratch: DuckDBPyConnection) -> None:
        self._scratch = scratch

    def pairs(self, *columns: str) -> tuple[float, float]:
        """How many pairs of accounts have told all of these columns, and how many of them agree in all."""
        rows = self._scratch.table("accounts")
        for name in columns:
            rows = rows.filter(f"{name} is not null")
        alike = rows.aggregate(f"count(*)::double as alike, {', '.join(columns)}")
        sums = "coalesce(sum(alike) * (sum(alike) - 1) / 2, 0), coalesce(sum(alike * (alike - 1) / 2), 0)"
        told, same = alike.aggregate(sums).fetchone() or (0.0, 0.0)
        return told, same

    @property
    def same_persons(self) -> float:
        """About how many pairs are of one person: those of one name and birthday, without those by chance."""
        told, same = self.pairs(_NAME, _BIRTHDAY)
        return max(same - told * self.of(_NAME) * self.of(_BIRTHDAY), 0)

    def by_value(self, column: str) -> pa.Table:
        """How probably a stranger tells each value of a column: as many do beside two, and no rarer than all do."""
        told = self._scratch.table("accounts").filter(f"{column} is not null")
        seen = f"(count(*) - 2) / {max(len(told), 1)}::double"
        return told.aggregate(
            f"{column}, greatest({self.of(column)}, {seen}) as tf_{column}"
        ).to_arrow_table()

    def of(self, column: str) -> float:
        """How probably two accounts that tell a column agree in it."""
        told, same = self.pairs(column)
        return _share(same, told)


def _share(same: float, told: float) -> float:
    """A share of pairs that no rule of probability forbids: what was not seen happens too."""
    return min(max(same, 0.5) / max(told, 1.0), 0.5)


def _model(chance: _Chance) -> Any:
    """What is compared, in which pairs; chances as counted, and of one person as a first guess."""
    import splink.comparison_level_library as levels
    from splink import SettingsCreator, block_on
    from splink.comparison_library import CustomComparison

    def comparison(name: str, null: Any, *same: tuple[Any, float, float]) -> CustomComparison:
        rest_m, rest_u = (1 - sum(one[place] for one in same) for place in (1, 2))
        known = [level.configure(m_probability=m, u_probability=u) for level, m, u in same]
        rest = levels.ElseLevel().configure(m_probability=rest_m, u_probability=rest_u)
        return CustomComparison(output_column_name=name, comparison_levels=[null, *known, rest])

    def exact(name: str) -> Any:
        # a common name, or the birthday that a form begins with, says less than a rare one
        return levels.ExactMatchLevel(name, term_frequency_adjustments=True)

    def one(name: str, m: float) -> CustomComparison:
        return comparison(name, levels.NullLevel(name), (exact(name), m, chance.of(name)))

    def place() -> CustomComparison:
        (address, same_address), (province, same_province) = chance.pairs(_ADDRESS), chance.pairs(_PROVINCE)
        both, same_in_both = chance.pairs(_ADDRESS, _PROVINCE)
        told = address + province - both
        return comparison(
            "place",
            levels.And(levels.NullLevel(_ADDRESS), levels.NullLevel(_PROVINCE)),
            (exact(_ADDRESS), 0.5, _share(same_address, told)),
            (levels.ExactMatchLevel(_PROVINCE), 0.4, _share(same_province - same_in_both, told)),
        )

    told, _ = chance.pairs(_NAME, _BIRTHDAY)
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="identifier",
        probability_two_random_records_match=_share(max(chance.same_persons, 1) / _SAME_BOTH, told),
        retain_matching_columns=False,
        comparisons=[one(_NAME, 0.9), one(_BIRTHDAY, 0.95), place()],
        blocking_rules_to_generate_predictions=[
            block_on(_NAME, _BIRTHDAY),
            block_on(_NAME, _ADDRESS),
            block_on(_BIRTHDAY, _ADDRESS),
        ],
    )


def _learn(linker: "Linker", chance: _Chance, name: str) -> None:
    """Let EM learn, from pairs that agree in one column, how often one person's accounts agree in the others."""
    _, pairs = chance.pairs(name)
    if not pairs:
        return  # the first guess stays
    # tokens are random: those below a bound are a sample, the same one every time
    bound = f"{int(min(_TRAINING_PAIRS / pairs, 1) * 0xFFFF):04x}g"
    linker.training.estimate_parameters_using_expectation_maximisation(
        f"l.{name} = r.{name} and l.{name} < '{bound}'",
        estimate_without_term_frequencies=True,
    )


def _tempered(model: dict[str, Any]) -> dict[str, Any]:
    """The model that was learned, in which nothing is impossible because it was not met."""
    for comparison in model["comparisons"]:
        for level in comparison["comparison_levels"]:
            if not level.get("is_null_level"):
                level["m_probability"] = max(level.get("m_probability", 0), _LEAST_SHARE)
    del model["linker_uid"]  # tables of another linker are not the same
    return model
