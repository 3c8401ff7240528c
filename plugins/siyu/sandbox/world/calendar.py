"""Days: festivals, and how busy each day is.

The dates are those of the public calendar; a year that is not listed here has only the festivals with a fixed date.
"""

from datetime import date, timedelta

import numpy as np

from siyu.sandbox.world.draft import LEAD_DAYS, Array, World

NAMES = {
    "spring_festival": "春节",
    "valentine": "情人节",
    "womens_day": "妇女节",
    "labour_day": "五一节",
    "mothers_day": "母亲节",
    "five_twenty": "520",
    "six_eighteen": "618",
    "qixi": "七夕",
    "mid_autumn": "中秋节",
    "national_day": "国庆节",
    "double_eleven": "双十一",
    "double_twelve": "双十二",
}
FIXED = {
    (2, 14): "valentine",
    (3, 8): "womens_day",
    (5, 1): "labour_day",
    (5, 20): "five_twenty",
    (6, 18): "six_eighteen",
    (10, 1): "national_day",
    (11, 11): "double_eleven",
    (12, 12): "double_twelve",
}
MOVING = {
    "spring_festival": ("2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06"),
    "mothers_day": ("2023-05-14", "2024-05-12", "2025-05-11", "2026-05-10", "2027-05-09"),
    "qixi": ("2023-08-22", "2024-08-10", "2025-08-29", "2026-08-19", "2027-08-08"),
    "mid_autumn": ("2023-09-29", "2024-09-17", "2025-10-06", "2026-09-25", "2027-09-15"),
}
BUSY = {"double_eleven": 5.0, "six_eighteen": 3.0, "double_twelve": 1.8, "spring_festival": 0.6}
MOVING_DAYS = {date.fromisoformat(text): code for code, texts in MOVING.items() for text in texts}


def festival(day: date) -> str | None:
    """Code of the festival of a day."""
    return MOVING_DAYS.get(day) or FIXED.get((day.month, day.day))


def busyness(world: World) -> Array:
    """Weight of each day from `LEAD_DAYS` before the range to its end; the mean is 1."""
    first = world.first - timedelta(days=LEAD_DAYS)
    days = [first + timedelta(days=number) for number in range(LEAD_DAYS + world.days)]
    strength = world.preset.season_strength
    weights = np.array(
        [
            (1.25 if day.weekday() >= 5 else 0.9)
            * (1 - strength * (day.month in (1, 2, 7, 8)) + strength * (day.month in (4, 5, 10, 11)))
            * BUSY.get(festival(day) or "", 1.2 if festival(day) else 1.0)
            for day in days
        ]
    )
    return np.asarray(weights / weights.mean())


def draw_calendar(world: World) -> None:
    """Table `festivals`; months as drafts."""
    days = [world.first + timedelta(days=number) for number in range(world.days)]
    found = [(day, festival(day)) for day in days if festival(day)]
    world.put(
        "festivals",
        {
            "day": np.array([(day - date(1970, 1, 1)).days for day, _ in found], dtype=np.int64),
            "festival_code": np.array([code for _, code in found], dtype=object),
            "name": np.array([NAMES[code] for _, code in found if code], dtype=object),
        },
    )
    world.sql(TABLES)


TABLES = """
create view world.festivals as select on_day(day) as festival_on, * from draft.festivals;

create table draft.months as
select
    month, greatest(month - date '1970-01-01', getvariable('first_day')) as first_day,
    least((month + interval 1 month)::date - date '1970-01-01', getvariable('end_day')) - 1 as last_day
from (
    select unnest(generate_series(
        date_trunc('month', on_day(getvariable('first_day'))), date_trunc('month',
            on_day(getvariable('end_day') - 1)),
        interval 1 month
    ))::date as month
);
"""
