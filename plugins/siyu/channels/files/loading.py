"""Reading a mapping from its file, and every check that needs no data file.

All problems are reported at once, each with file and line, unknown names with the nearest known one.
"""

import codecs
import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ValidationError

from siyu.channels.files.mapping import (
    ColumnMapping,
    Condition,
    FieldMapping,
    Mapping,
    ResourceMapping,
    SourceMapping,
    field_names,
    nearest,
)
from siyu.channels.files.operands import operand, problem_of_format, problem_of_pattern
from siyu.channels.files.yaml_lines import Position, YamlLines
from siyu.errors import UsageError
from siyu.resources import RESOURCES, Field, FieldType, Personal, Resource

Problem = tuple[Position, str]

TEXT_FORMATS = ("csv", "blank_separated", "fixed_width")
NUMBERS: tuple[FieldType, ...] = ("integer", "decimal", "amount")
WORDS: tuple[FieldType, ...] = ("text", "id")
MONEY_PER_UNIT = ("unit_price", "unit_cost")
# a column says that it is no identifier and not for everybody; what is compared, the field itself says
_SEALED = (Personal.ATTRIBUTE, Personal.FREE_TEXT, Personal.COMPARED)
# Which types of column may feed a field of a type.
FEEDS: dict[FieldType, tuple[FieldType, ...]] = {
    "text": WORDS,
    "id": WORDS,
    "integer": ("integer",),
    "decimal": NUMBERS,
    "amount": NUMBERS,
    "timestamp": ("timestamp",),
    "date": ("date",),
    "boolean": ("boolean",),
}
# Fields that are computed from two others where a mapping leaves them out.
PRODUCTS = {"line_amount": ("quantity", "unit_price"), "refund_amount": ("quantity", "unit_price")}


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping.

    Raises:
        UsageError: It cannot be used; the message has one line per problem, `file:line: what is wrong`.
    """
    document = YamlLines(path)
    if not isinstance(document.data, dict):
        raise UsageError(
            f"{path} holds no mapping",
            expected="a YAML document with version, name and sources",
            do="siyu mapping draft FILE writes one, or see docs/how-to/bring-your-own-data.md",
        )
    try:
        mapping = Mapping.model_validate(document.data)
    except ValidationError as error:
        problems = [_from_pydantic(problem) for problem in error.errors()]
    else:
        problems = list(_problems(mapping))
        mapping._sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        if not problems:
            return mapping
    lines = sorted({(document.line_of(position), message) for position, message in problems})
    raise UsageError(
        "\n".join(f"{path}:{line}: {message}" for line, message in lines), do="mend the mapping and try again"
    )


def _from_pydantic(problem: Any) -> Problem:
    position: Position = tuple(part for part in problem["loc"] if part != "[key]")
    message = problem["msg"]
    if problem["type"] == "string_pattern_mismatch":
        message = "a name has small letters, digits and _ only, and begins with a letter"
    named = f"{'.'.join(str(part) for part in position)}: {message}" if position else message
    key = problem.get("ctx", {}).get("key")
    return (position if key is None else (*position, key)), named


def _problems(mapping: Mapping) -> Iterator[Problem]:
    try:
        ZoneInfo(mapping.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: a folder of zones, a name too long
        yield ("timezone",), f"no time zone is called {mapping.timezone!r}; write it like Asia/Shanghai"
        return
    if isinstance(mapping.currency, str) and not re.fullmatch("[A-Z]{3}", mapping.currency):
        yield ("currency",), f"{mapping.currency!r} is no currency; write its three capitals, like CNY"
    names = [source.name for source in mapping.sources]
    for index, source in enumerate(mapping.sources):
        at: Position = ("sources", index)
        if source.name in names[:index]:
            yield (*at, "name"), f"two sources are called {source.name!r}"
        yield from _below(at, _source_problems(source))
        yield from _below((*at, "columns"), _column_problems(source))
        lookup_problems = list(_lookup_problems(mapping, source))
        yield from _below((*at, "lookups"), lookup_problems)
        if lookup_problems:
            continue  # what its resources take from there is not known
        if not source.resources and not _is_looked_into(mapping, source):
            yield at, f"source {source.name} has no resources, and no other source looks into it"
        for name, part in source.resources.items():
            here = (*at, "resources", name)
            if name not in RESOURCES:
                yield here, f"unknown resource {name!r}{nearest(name, RESOURCES)}"
                continue
            yield from _below(here, _resource_problems(mapping, source, RESOURCES[name], part))


def _below(position: Position, problems: Iterable[Problem]) -> Iterator[Problem]:
    for inner, message in problems:
        yield (*position, *inner), message


def _source_problems(source: SourceMapping) -> Iterator[Problem]:
    if source.header == "none" and source.header_row != 1:
        yield ("header_row",), "header_row and header: none exclude each other"
    if source.format == "csv" and len(source.separator) != 1:
        yield ("delimiter",), f"{source.delimiter!r} is not one character; `tab` may be written as a word"
    if (source.format == "fixed_width") != (source.widths is not None):
        yield ("widths",), "widths (characters per column) belong to format fixed_width, and it needs them"
    if source.widths is not None and min(source.widths, default=0) < 1:
        yield ("widths",), "a width is at least 1"
    if source.decimal == "," and source.format not in TEXT_FORMATS:
        yield (
            ("decimal",),
            f"{source.format} files hold numbers as numbers; a decimal comma is for text files",
        )
    if source.sheet is not None and source.format != "xlsx":
        yield ("sheet",), "a sheet belongs to format xlsx"
    if source.encoding != "auto":
        try:
            codecs.lookup(source.encoding)
        except (LookupError, ValueError):  # ValueError: a NUL in it
            yield (
                ("encoding",),
                f"no encoding is called {source.encoding!r}; known are auto, utf-8, gb18030 …",
            )
    for index, pattern in enumerate(source.files):
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            yield ("files", index), "a glob is relative to the folder given, and stays inside it"


def _column_problems(source: SourceMapping) -> Iterator[Problem]:
    for key, column in source.columns.items():
        if column.format and column.type not in ("timestamp", "date"):
            yield (
                (key, "format"),
                f"a format belongs to columns of type timestamp or date, {key} is {column.type}",
            )
        for format_ in column.format:
            if problem := problem_of_format(format_):
                yield (key, "format"), problem
        if source.header == "none":
            for header in column.headers:
                if not header.isdigit() or int(header) < 1:
                    yield (key, "from"), f"without a header, columns are called 1, 2, 3 …, not {header!r}"


def _lookup_problems(mapping: Mapping, source: SourceMapping) -> Iterator[Problem]:
    others = {other.name: other for other in mapping.sources if other is not source}
    for key, lookup in source.lookups.items():
        if key in source.columns:
            yield (key,), f"{key!r} is a column of the file already; give the lookup another name"
        if lookup.source not in others:
            yield (
                (key, "source"),
                f"no other source is called {lookup.source!r}{nearest(lookup.source, others)}",
            )
            continue
        other = others[lookup.source]
        for match in lookup.match:
            here, there = source.columns.get(match), other.columns.get(match)
            if here is None or there is None:
                yield (key, "match"), f"{match!r} is not a column of both {source.name} and {other.name}"
            elif here.type != there.type:
                yield (key, "match"), f"{match!r} is {here.type} here and {there.type} in {other.name}"
        column = other.columns.get(lookup.column)
        at = (key, "sum" if lookup.sum else "take")
        if column is None:
            yield at, f"{other.name} has no column {lookup.column!r}{nearest(lookup.column, other.columns)}"
        elif lookup.sum and column.type not in NUMBERS:
            yield at, f"only numbers have a sum, {lookup.column} is {column.type}"


def _is_looked_into(mapping: Mapping, source: SourceMapping) -> bool:
    return any(lookup.source == source.name for other in mapping.sources for lookup in other.lookups.values())


def _resource_problems(
    mapping: Mapping, source: SourceMapping, resource: Resource, part: ResourceMapping
) -> Iterator[Problem]:
    fields = mapping.defaults(resource) | part.fields
    for name, field in fields.items():
        at = ("fields", name)
        if name not in field_names(resource):
            yield at, f"{resource.name} has no field {name!r}{nearest(name, field_names(resource))}"
        elif unknown := field.columns() - mapping.columns_of(source).keys():
            yield at, _unknown_columns(unknown, mapping, source)
        else:
            yield from _below(at, _field_problems(mapping, source, resource.field(name), field))
    for missing in [field.name for field in resource.fields if field.required and field.name not in fields]:
        if not set(PRODUCTS.get(missing, (missing,))) <= fields.keys():
            yield ("fields",), f"{resource.name} needs the field {missing!r}"
    conditions = [
        (("exclude", index, "when"), exclusion.when) for index, exclusion in enumerate(part.exclude)
    ]
    if part.where is not None:
        conditions.append((("where",), part.where))  # type: ignore[arg-type]
    for position, condition in conditions:
        yield from _below(position, _condition_problems(mapping, source, condition))


def _unknown_columns(unknown: set[str], mapping: Mapping, source: SourceMapping) -> str:
    name = min(unknown)
    return f"the source has no column {name!r}{nearest(name, mapping.columns_of(source))}"


def _field_problems(
    mapping: Mapping, source: SourceMapping, target: Field, field: FieldMapping
) -> Iterator[Problem]:
    columns = mapping.columns_of(source)
    personal = {columns[key].personal for key in field.columns()} - {Personal.NONE}
    if target.personal is Personal.NONE and personal:
        yield (), f"{target.name} lands in the clear, but is fed by a column with `personal: {min(personal)}`"
    # the number of a row names nobody: a file without customer ids may take it, where each row is another person
    if target.personal is not Personal.NONE and not field.source_row:
        accepted = _SEALED if target.personal in _SEALED else (target.personal,)
        if not any(personal == {one} for one in accepted):
            expected = " or ".join(f"`personal: {one}`" for one in accepted)
            yield (), f"{target.name} is personal: its column must say {expected}"
    if field.constant is not None:
        try:
            operand(field.constant, target.type, mapping.timezone)
        except ValueError as error:
            yield ("constant",), str(error)
    if field.condition is not None:
        yield from _below(("condition",), _condition_problems(mapping, source, field.condition))
    made = _made_types(field, columns)
    if made and not made <= set(FEEDS[target.type]):
        expected = " or ".join(FEEDS[target.type])
        yield (), f"{target.name} takes {expected}, not {', '.join(sorted(made))}"
    is_money = target.type == "amount" or target.name in MONEY_PER_UNIT
    if mapping.amount_unit == "minor" and is_money and made and "amount" not in made:
        yield (), f"{target.name} is money, and amounts are in fen: its column must be of type amount"


def _made_types(field: FieldMapping, columns: dict[str, ColumnMapping]) -> set[FieldType]:
    if field.condition is not None:
        return {"boolean"}
    if field.source_row or field.join is not None:
        return {"id"}
    return {columns[key].type for key in field.columns()}


def _condition_problems(mapping: Mapping, source: SourceMapping, condition: Condition) -> Iterator[Problem]:
    columns = mapping.columns_of(source)
    for part, position in condition.parts():
        if part.column is None:
            continue
        if part.column not in columns:
            yield (*position, "column"), _unknown_columns({part.column}, mapping, source)
            continue
        type_ = columns[part.column].type
        at = (*position, part.operator.rstrip("_"))
        if part.operator in ("starts_with", "matches") and type_ not in WORDS:
            yield at, f"{at[-1]} needs a column of type text or id, {part.column} is {type_}"
        if part.operator in ("less_than", "greater_than") and type_ in (*WORDS, "boolean"):
            yield at, f"{at[-1]} needs a number, date or timestamp, {part.column} is {type_}"
        if part.operator == "matches" and (problem := problem_of_pattern(part.operands[0])):
            yield at, problem
        for word in part.operands:
            try:
                operand(word, type_, mapping.timezone)
            except ValueError as error:
                yield at, str(error)
