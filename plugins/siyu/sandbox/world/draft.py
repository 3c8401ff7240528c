"""What every part of the world works with: the range, the preset, seeded draws and a database to put them in.

Here: time as integers, one generator per part, columns into DuckDB and back. Not here: any behaviour.

Moments are seconds since 1970 in UTC, days are day numbers since 1970-01-01 in Asia/Shanghai. `NEVER` lies after
every world: the SQL macro `utc` turns whatever is not before the world's end into null.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from zlib import crc32

import duckdb
import numpy as np
from numpy.typing import NDArray

from siyu.sandbox.world.presets import Preset

Array = NDArray[Any]

DAY = 86_400
SHANGHAI = 28_800
NEVER = 2**40
EPOCH = date(1970, 1, 1)
LEAD_DAYS = 720  # how long before the range people may have become customers

MACROS = """
create schema world; create schema truth; create schema draft;
create macro never() as 1099511627776;
create macro utc(second) as
    if(second < getvariable('world_end'), make_timestamp(cast(second as bigint) * 1000000), null);
create macro utc_ever(second) as
    if(second < never(), make_timestamp(cast(second as bigint) * 1000000), null);
create macro on_day(number) as date '1970-01-01' + cast(number as integer);
create macro before_end(day) as if(day < on_day(getvariable('end_day')), day, null);
create macro shanghai_day(second) as on_day((second + 28800) // 86400);
create macro pick(name, place) as
    list_extract(getvariable(name), cast(place % len(getvariable(name)) as integer) + 1);
create macro padded(number, width) as lpad(cast(number as varchar), width, '0');
create macro phone_text(number) as if(number > 0, cast(number as varchar), null);
create macro positive(number) as if(number > 0, number, null);
create macro dice(number, salt) as  -- 0 to 999, for what needs no generator of its own
    (number * 48271 + salt * 69621 + getvariable('seed') * 16807) % 2147483647 * (16807 + salt * 1234) % 2147483647
    * 1000 // 2147483647;
create macro opaque(prefix, number) as prefix || substr(md5(prefix || cast(number as varchar)), 1, 22);
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """One world in the making. `first` and `last` are its days, both included."""

    persons: int
    seed: int
    first: date
    last: date
    preset: Preset
    connection: duckdb.DuckDBPyConnection = field(repr=False)

    @property
    def first_day(self) -> int:
        """Number of the first day."""
        return (self.first - EPOCH).days

    @property
    def end_day(self) -> int:
        """Number of the first day after the world."""
        return (self.last - EPOCH).days + 1

    @property
    def days(self) -> int:
        """Days in the range."""
        return self.end_day - self.first_day

    @property
    def start(self) -> int:
        """Its first second."""
        return int(midnight(self.first_day))

    @property
    def end(self) -> int:
        """The first second after it."""
        return int(midnight(self.end_day))

    def draws(self, part: str) -> np.random.Generator:
        """The generator of one part: a child of the seed by name, so that no part shuffles another."""
        return np.random.default_rng(
            np.random.SeedSequence(self.seed, spawn_key=(crc32(part.encode()), self.persons))
        )

    def put(self, name: str, columns: dict[str, Array]) -> None:
        """Keep columns of equal length as table `draft.<name>`."""
        self.connection.register("drawn", columns)
        self.connection.table("drawn").create(f"draft.{name}")
        self.connection.unregister("drawn")

    def add(self, name: str, columns: dict[str, Array]) -> None:
        """Append columns to table `draft.<name>`, made by the first call."""
        self.connection.register("drawn", columns)
        self.connection.execute(f"create table if not exists draft.{name} as from drawn limit 0")
        self.connection.execute(f"insert into draft.{name} by name from drawn")
        self.connection.unregister("drawn")

    def get(self, query: str) -> dict[str, Array]:
        """Run a query of ours; its columns as arrays, in its order."""
        columns = self.connection.execute(query).fetchnumpy()
        return {name: np.asarray(values) for name, values in columns.items()}

    def sql(self, script: str) -> None:
        """Run statements of ours."""
        self.connection.execute(script)

    def prepare(self, words: Mapping[str, object]) -> None:
        """Make the macros and the word lists that the SQL of the parts uses."""
        variables = {
            "world_start": self.start,
            "world_end": self.end,
            "first_day": self.first_day,
            "end_day": self.end_day,
            "persons": self.persons,
            "seed": self.seed % 100_000,
            "sizes": list(self.preset.sizes),
            "brand": self.preset.brand,
            "categories": list(self.preset.categories),
            "goods": list(self.preset.goods),
            "referral_reward": self.preset.referral_reward_fen,
        }
        for name, value in {**variables, **words}.items():
            self.connection.execute(f"set variable {name} = $value", {"value": value})
        self.connection.execute(MACROS)


def midnight(day: Any) -> Any:
    """First second of a day (number or array) in Asia/Shanghai."""
    return day * DAY - SHANGHAI


def day_of(moment: Any) -> Any:
    """Day number of a moment (number or array) in Asia/Shanghai."""
    return (moment + SHANGHAI) // DAY


def choose(draws: np.random.Generator, weights: Any, size: int) -> Array:
    """Draw `size` positions of `weights` with chances in proportion to them."""
    shares = np.cumsum(np.asarray(weights, dtype=float))
    places = np.searchsorted(shares, draws.random(size) * shares[-1], side="right")
    return np.asarray(np.minimum(places, len(shares) - 1))


def waits(draws: np.random.Generator, mean_days: float, size: int) -> Array:
    """Exponential waiting times in whole seconds."""
    return np.asarray(draws.exponential(mean_days * DAY, size).astype(np.int64))


def ranges(counts: Array) -> tuple[Array, Array]:
    """For `counts` children per parent: the parent's position and the child's number from 0, flat."""
    parent = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    return parent, np.arange(len(parent)) - first
