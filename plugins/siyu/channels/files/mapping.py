"""What a mapping is: how the files of a shop become records.

Here: the shape of the YAML. Not here: checks across its parts (loading.py), reading data.
"""

import difflib
from collections.abc import Iterable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, model_validator
from pydantic_core import PydanticCustomError

from siyu.channels.files.yaml_lines import Position
from siyu.resources import FieldType, Personal, Resource

FileFormat = Literal["csv", "blank_separated", "fixed_width", "xlsx", "parquet", "jsonl"]
OPERATORS = (
    "equals",
    "not_equals",
    "in_",
    "not_in",
    "starts_with",
    "matches",
    "is_empty",
    "less_than",
    "greater_than",
)

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, value: Any) -> Any:
        if isinstance(value, dict):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in value:
                if key not in known:
                    raise PydanticCustomError(
                        "unknown_key",
                        "unknown key {text}",
                        {"key": key, "text": f"{key!r}{nearest(key, known)}"},
                    )
        return value


class ColumnMapping(_Strict):
    """A column of the source: its header (or alternatives), how its text is read, and how it touches a person."""

    headers: Words = Field(alias="from", min_length=1)
    type: FieldType
    format: Words = ()
    personal: Personal
    optional: bool = False  # true: a file without it is read as if every value were empty


class Condition(_Strict):
    """A test of one row: one column with one operator, or `all`, `any`, `not` of other conditions.

    Two-valued: an empty value equals nothing and is in no list.
    """

    column: str | None = None
    equals: str | None = None
    not_equals: str | None = None
    in_: Words | None = Field(default=None, alias="in")
    not_in: Words | None = None
    starts_with: str | None = None
    matches: str | None = None  # RE2, found anywhere in the value
    is_empty: bool | None = None
    less_than: str | None = None
    greater_than: str | None = None
    ignore_case: bool = False
    all: tuple["Condition", ...] | None = Field(default=None, min_length=1)
    any: tuple["Condition", ...] | None = Field(default=None, min_length=1)
    not_: "Condition | None" = Field(default=None, alias="not")

    @model_validator(mode="after")
    def _one_test(self) -> "Condition":
        given = [name for name in ("column", "all", "any", "not_") if getattr(self, name) is not None]
        operators = [name for name in OPERATORS if getattr(self, name) is not None]
        if len(given) != 1 or len(operators) != (1 if self.column else 0):
            names = ", ".join(name.rstrip("_") for name in OPERATORS)
            raise PydanticCustomError(
                "one_test",
                "a condition has one of all, any, not, or a column with exactly one of {names}",
                {"names": names},
            )
        return self

    @property
    def operator(self) -> str:
        """Name of the one operator given beside `column`."""
        return next(name for name in OPERATORS if getattr(self, name) is not None)

    @property
    def operands(self) -> tuple[str, ...]:
        """The values beside the operator, as written; none for is_empty."""
        value = getattr(self, self.operator)
        return () if isinstance(value, bool) else value if isinstance(value, tuple) else (value,)

    def parts(self, position: Position = ()) -> Iterator[tuple["Condition", Position]]:
        """This condition and those inside it, each with its position below this one."""
        yield self, position
        for name in ("all", "any"):
            for index, part in enumerate(getattr(self, name) or ()):
                yield from part.parts((*position, name, index))
        if self.not_ is not None:
            yield from self.not_.parts((*position, "not"))

    def columns(self) -> set[str]:
        """Keys of the columns it looks at."""
        return {part.column for part, _ in self.parts() if part.column is not None}


class FieldMapping(_Strict):
    """Where the value of a field comes from: exactly one of a column, a constant or a small composition."""

    column: str | None = None
    constant: str | None = None
    join: tuple[str, ...] | None = Field(default=None, min_length=1)
    separator: str = "-"
    multiply: tuple[str, str] | None = None
    negate: str | None = None
    source_row: bool | None = None
    condition: Condition | None = None  # true or false, for boolean fields

    @model_validator(mode="before")
    @classmethod
    def _a_word_is_a_column(cls, value: Any) -> Any:
        return {"column": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_way(self) -> "FieldMapping":
        ways = ("column", "constant", "join", "multiply", "negate", "source_row", "condition")
        if len([way for way in ways if getattr(self, way)]) != 1:
            raise PydanticCustomError(
                "one_way", "a field has exactly one of {ways}", {"ways": ", ".join(ways)}
            )
        return self

    def columns(self) -> set[str]:
        """Keys of the columns it reads."""
        inside = self.condition.columns() if self.condition else set()
        return (
            {*(self.join or ()), *(self.multiply or ())}
            | inside
            | {c for c in (self.column, self.negate) if c}
        )


class Exclusion(_Strict):
    """Rows that land but do not count, and the reason they carry."""

    reason: Key
    when: Condition


class ResourceMapping(_Strict):
    """The rows of a source that become records of one resource."""

    where: Condition | None = None
    fields: dict[str, FieldMapping]
    exclude: tuple[Exclusion, ...] = ()
    repeats: Literal["keep", "exclude"] = "keep"

    def deciding_columns(self) -> set[str]:
        """Columns that say whether a row belongs here."""
        return self.where.columns() if self.where else set()

    def columns(self) -> set[str]:
        """Every column this resource looks at."""
        used = [field.columns() for field in self.fields.values()]
        used += [exclusion.when.columns() for exclusion in self.exclude]
        return self.deciding_columns().union(*used)


class Lookup(_Strict):
    """A value that the rows of another source hold: of those with the same `match`, the one value or the sum."""

    source: Key
    match: Words = Field(min_length=1)  # keys that both sources give to a column
    take: Key | None = None
    sum: Key | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Lookup":
        if (self.take is None) == (self.sum is None):
            raise PydanticCustomError("one_lookup", "a lookup has exactly one of take, sum")
        return self

    @property
    def column(self) -> str:
        """Key of the column in the other source."""
        return self.take or self.sum or ""


class SourceMapping(_Strict):
    """Files of one shape and what their rows become; without resources, what other sources look up in them."""

    name: Key
    files: Words = Field(min_length=1)
    format: FileFormat
    delimiter: str = ","
    encoding: str = "auto"  # UTF-8, or GB18030 where that is what fits
    header_row: int = Field(default=1, ge=1)  # 1-based line (text) or row (xlsx)
    header: Literal["none"] | None = None  # columns are then called 1, 2, 3 …
    sheet: str | None = None
    widths: tuple[int, ...] | None = None  # characters per column, for fixed_width
    decimal: Literal[".", ","] = "."
    columns: dict[Key, ColumnMapping] = Field(min_length=1)
    lookups: dict[Key, Lookup] = {}
    resources: dict[str, ResourceMapping] = {}

    @property
    def separator(self) -> str:
        """The delimiter as one character; `tab` may be written as a word."""
        return {"tab": "\t", "\\t": "\t", "blank": " "}.get(self.delimiter, self.delimiter)

    def with_matches(self, keys: set[str]) -> set[str]:
        """Keys of columns, and of those by which the looked-up ones among them are found."""
        return keys.union(*(self.lookups[key].match for key in keys & self.lookups.keys()))


class ColumnReference(_Strict):
    """The key of a column, where a constant could stand too."""

    column: str


class Mapping(_Strict):
    """How the files of one shop become records. `sha256` is that of the mapping file's bytes."""

    version: Literal[1]
    name: Key
    brand: str = "default"
    channel: str
    timezone: str
    currency: str | ColumnReference
    amount_unit: Literal["major", "minor"] = "major"
    sources: tuple[SourceMapping, ...] = Field(min_length=1)

    _sha256: str = PrivateAttr(default="")

    @model_validator(mode="before")
    @classmethod
    def _version_is_a_number(cls, value: Any) -> Any:
        if isinstance(value, dict) and str(value.get("version", "")).isdigit():
            return value | {"version": int(value["version"])}
        return value

    @property
    def sha256(self) -> str:
        """Hex SHA-256 of the mapping file."""
        return self._sha256

    @property
    def reporting_currency(self) -> str | None:
        """The one currency of every row; None where a column says it."""
        return self.currency if isinstance(self.currency, str) else None

    def source(self, name: str) -> SourceMapping:
        """The source of that name; KeyError when there is none."""
        return {source.name: source for source in self.sources}[name]

    def columns_of(self, source: SourceMapping) -> dict[str, ColumnMapping]:
        """What a row of a source holds: the columns of its file, then what it looks up, as it is read there."""
        looked_up = {
            key: self.source(lookup.source).columns[lookup.column] for key, lookup in source.lookups.items()
        }
        return source.columns | looked_up

    def defaults(self, resource: Resource) -> dict[str, FieldMapping]:
        """Fields that the mapping as a whole fills where a resource's own `fields` do not."""
        currency = (
            FieldMapping(constant=self.currency)
            if isinstance(self.currency, str)
            else FieldMapping(column=self.currency.column)
        )
        common = {
            "brand_code": FieldMapping(constant=self.brand),
            "channel_code": FieldMapping(constant=self.channel),
            "currency_code": currency,
        }
        return {name: field for name, field in common.items() if name in field_names(resource)}


def field_names(resource: Resource) -> list[str]:
    """Names of a resource's fields, in order."""
    return [field.name for field in resource.fields]


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a sentence about an unknown name: the nearest known one, or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(names)}"
