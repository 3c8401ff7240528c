"""Connections to DuckDB answer alike every time they are asked."""

from siyu.engine import connect

# who has an identifier at a moment: the one whose time ends first after it; an open end is the last
FIRST_TO_END = """
with
moments as (
    select cast('r1' as varchar) as moment, cast('old' as varchar) as name, cast('2024-02-01' as timestamp) as at_time
    union all select 'r2', 'old', cast('2024-02-02' as timestamp)
    union all select 'r3', 'new', cast('2024-04-01' as timestamp)
    union all select 'r4', 'stranger', cast('2024-04-01' as timestamp)
),
given as (
    select cast('old' as varchar) as name, cast('t1' as varchar) as token, cast('false' as boolean) as is_excluded
    union all select 'new', 't2', cast('false' as boolean)
    union all select 'stranger', 't3', cast('false' as boolean)
    union all select 'idle', 't4', cast('false' as boolean)
),
names as (select name, 'phone|' || 'global' || '|' || token as identifier from given where not is_excluded),
owners as (
    select
        cast('phone|global|t1' as varchar) as identifier, cast('first' as varchar) as owner,
        cast('2024-03-01' as timestamp) as valid_to
    union all select 'phone|global|t1', 'second', cast(null as timestamp)
    union all select 'phone|global|t2', 'third', cast(null as timestamp)
    union all select 'phone|global|t4', 'fourth', cast(null as timestamp)
),
ranked as (
    select owner, row_number() over (partition by moment order by valid_to asc nulls last) as owner_rank
    from moments
    inner join names on moments.name = names.name
    inner join owners on names.identifier = owners.identifier and coalesce(at_time < valid_to, true)
)
select distinct owner from ranked where owner_rank = 1 order by owner
"""


def test_the_first_of_each_is_drawn_by_lot() -> None:
    with connect() as connection:
        answers = {tuple(connection.execute(FIRST_TO_END).fetchall()) for _ in range(100)}
    assert answers == {(("first",), ("third",))}
