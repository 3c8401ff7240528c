"""The organisation: regions, stores and their leases, departments, employees, who works where and when."""

from dataclasses import dataclass

import numpy as np

from siyu.sandbox.world.draft import Array, World, choose, midnight, ranges
from siyu.sandbox.world.words import CITIES

OPERATORS = 5
EXPERTS = 5
FIRST_STORE_NODE = 1_000
HEAD_OFFICE_NODE = 2
FIRST_REGION_NODE = 10


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """Stores and employees as arrays,
    position = id - 1. Days are day numbers; `left` of those who stay is far off."""

    city: Array
    opened: Array
    closed: Array
    area: Array
    staff_store: Array  # first store, -1 at head office
    staff_mobile: Array
    hired: Array
    left: Array
    guides: Array  # [store, place]: position of an employee, the manager in the last place

    def guide_on(self, store: Array, day: Array, pick: Array) -> Array:
        """Position of an employee of each store on a day; `pick` (0 to 1) chooses, the manager stands in."""
        places = self.guides.shape[1]
        chosen = self.guides[store, (pick * places).astype(np.int64)]
        works = (self.hired[chosen] <= day) & (day < self.left[chosen])
        return np.asarray(np.where(works, chosen, self.guides[store, places - 1]))


def draw_organisation(world: World, phones: Array) -> Organisation:
    """Tables regions, stores, store_leases, departments, staff, staff_assignments, roster.

    `phones` are numbers nobody else has; the employees take the first ones.
    """
    draws, preset = world.draws("organisation"), world.preset
    stores = preset.stores
    city = choose(draws, 1 / (1 + np.arange(preset.cities)) ** 0.6, stores)
    city[: preset.cities] = np.arange(preset.cities)[:stores]  # each city has a store
    opened = world.first_day - draws.integers(30, 3_000, stores)
    new = round(stores * preset.new_store_share)
    opened[stores - new :] = world.first_day + world.days // 2
    closed = np.full(stores, world.end_day + 10_000)
    gone = draws.random(stores) < preset.closed_store_share
    gone[0] = False  # the shop that stands in for closed ones
    gone[stores - new :] = False
    closed[gone] = world.first_day + draws.integers(world.days // 2, world.days + 1, stores)[gone]
    area = draws.integers(preset.area_m2[0], preset.area_m2[1] + 1, stores)
    place = np.array([[row[2], row[3]] for row in CITIES])[city] + draws.normal(0, 0.05, (stores, 2))
    world.put(
        "stores",
        {
            "store_id": np.arange(1, stores + 1),
            "city": city,
            "region_id": city % preset.regions + 1,
            "opened": opened,
            "closed": closed,
            "latitude": place[:, 0],
            "longitude": place[:, 1],
            "area": area,
            "rent": area * preset.rent_fen_per_m2 * draws.integers(70, 140, stores) // 100,
            "grows": np.where(draws.random(stores) < 0.1, world.first_day + world.days // 3, 0),
        },
    )

    per_store = preset.guides_per_store + 1
    guides = np.arange(stores * per_store).reshape(stores, per_store)
    people = stores * per_store + OPERATORS + EXPERTS
    head = np.arange(people) >= stores * per_store
    manager = ~head & (np.arange(people) % per_store == per_store - 1)
    store = np.where(head, -1, np.arange(people) // per_store)
    at_opening = np.where(head, world.first_day - 1_500, opened[store])
    hired = at_opening + np.where(manager | head, 0, draws.integers(0, 700, people))
    hired = np.where(hired >= world.end_day, at_opening, hired)
    leaves = (draws.random(people) < preset.leaver_share) & ~manager & ~head
    left = np.full(people, world.end_day + 10_000)
    left[leaves] = np.maximum(hired, world.first_day)[leaves] + draws.integers(20, world.days, people)[leaves]
    left = np.where(head, left, np.minimum(left, closed[store]))
    half = ~manager & ~head & (draws.random(people) < preset.part_time_share)
    moves = ~manager & ~head & (draws.random(people) < 0.04)
    role = np.select([head & (np.arange(people) % 2 == 0), head, manager], [2, 3, 1], 0)
    staff = {
        "staff_id": np.arange(1, people + 1),
        "store": store,
        "role": role,
        "gender": np.where(draws.random(people) < 0.8, 2, 1),
        "mobile": phones[:people],
        "hired": hired,
        "left_day": left,
        "half": half,
        "moved": np.where(
            moves, world.first_day + draws.integers(1, world.days + 1, people), world.end_day + 10_000
        ),
    }
    world.put("staff", staff)
    _draw_roster(world, staff)
    world.sql(TABLES)
    return Organisation(
        city=city, opened=opened, closed=closed, area=area, staff_store=store,
        staff_mobile=staff["mobile"], hired=hired, left=left, guides=guides,
    )  # fmt: skip


def _draw_roster(world: World, staff: dict[str, Array]) -> None:
    """Five days of seven on duty, three for part-timers; early and late shifts."""
    person, number = ranges(np.where(staff["store"] >= 0, world.days, 0))
    day = world.first_day + number
    days_a_week = np.where(staff["half"][person], 3, 5)
    on_duty = (
        ((person * 3 + day * 2) % 7 < days_a_week)
        & (staff["hired"][person] <= day)
        & (day < staff["left_day"][person])
    )
    person, day = person[on_duty], day[on_duty]
    starts = midnight(day) + np.where((person + day) % 2 == 0, 10, 13) * 3_600
    world.put(
        "roster",
        {
            "staff_id": staff["staff_id"][person],
            "day": day,
            "starts": starts,
            "ends": starts + np.where(staff["half"][person], 4, 8) * 3_600,
        },
    )


TABLES = """
create view world.regions as
select region_id, pick('region_names', region_id - 1) || '大区' as name, 10 + region_id as department_id
from (select distinct region_id from draft.stores);

create view world.stores as
select
    store_id, 'S' || padded(store_id, 5) as store_code,
    pick('cities', city) || padded(store_id, 4) || '店' as name,
    region_id, pick('provinces', city) as province, pick('cities', city) as city, latitude, longitude,
    on_day(opened) as opened_on, before_end(on_day(closed)) as closed_on,
    1000 + store_id as department_id, 58000000 + store_id as youzan_offline_id
from draft.stores
where opened < getvariable('end_day');

create view world.store_leases as
select
    store_id, on_day(opened) as valid_from_on,
    if(grows > opened, on_day(grows), before_end(on_day(closed))) as valid_to_on,
    area as area_m2, rent as monthly_rent_fen
from draft.stores
union all
select
    store_id, on_day(grows), before_end(on_day(closed)), area + area // 5, rent + rent // 5
from draft.stores where grows > opened and grows < closed;

create view world.departments as
select 1 as department_id, 0 as parent_department_id, getvariable('brand') as name, 1 as position
union all select 2, 1, '总部', 1
union all select department_id, 1, name, 1 + region_id from world.regions
union all select department_id, 10 + region_id, name, store_id from world.stores;

create view world.staff as
select
    staff_id, 'G' || padded(staff_id, 6) as staff_code, 'guide' || padded(staff_id, 6) as wecom_userid,
    pick('family_names', staff_id * 7) || pick('given_names', staff_id * 11) as name, gender,
    phone_text(mobile) as mobile, ['guide', 'manager', 'operator', 'expert'][role + 1] as role,
    if(half, 0.5, 1.0) as employment_share, on_day(hired) as hired_on, before_end(on_day(left_day)) as left_on,
    on_day(hired) as account_day_on
from draft.staff;

create table draft.stays as
with moved as (
    select *, store + 1 as store_id, if(
        moved < left_day and moved > hired and moved < getvariable('end_day'), moved, null
    ) as moved_day
    from draft.staff
),
other as (  -- the next store of the same region
    select store_id, lead(store_id, 1, store_id) over (partition by region_id order by store_id) as next_id
    from draft.stores
)
select staff_id, positive(store_id) as store_id, hired as from_day, coalesce(moved_day, left_day) as to_day
from moved
union all
select staff_id, next_id, moved_day, left_day from moved join other using (store_id) where moved_day is not null;

create view world.staff_assignments as
select
    staff_id, store_id, coalesce(1000 + store_id, 2) as department_id,
    on_day(from_day) as valid_from_on, before_end(on_day(to_day)) as valid_to_on
from draft.stays;

create view world.roster as
select staff_id, on_day(day) as duty_on, store_id, utc(starts) as starts_at, utc(ends) as ends_at
from draft.roster join draft.stays using (staff_id)
where day >= from_day and day < to_day;
"""
