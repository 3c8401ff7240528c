"""Arithmetic of Ocean Engine's reports: what of a day is counted yet, sums, shown values, filters, order."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from siyu.sandbox.server.clock import CHINA
from siyu.sandbox.server.ocean_engine.errors import refuse
from siyu.sandbox.server.shown import yuan
from siyu.sandbox.server.world import Row

SETTLED = time(9)  # of the next day in China: a day's figures stand still from then on (RES)
DIMENSIONS = {
    "stat_time_day": "stat_on",
    "cdp_project_id": "project_id",
    "cdp_project_name": "project_name",
    "cdp_promotion_id": "promotion_id",
    "cdp_promotion_name": "promotion_name",
}
COUNTS = {
    "show_cnt": "impressions",
    "click_cnt": "clicks",
    "convert_cnt": "conversions",
    "deep_convert_cnt": "deep_conversions",
    "attribution_work_wechat_added_count": "wecom_adds",
    "attribution_work_wechat_unfriend_count": "wecom_unfriends",
}
METRIC_NAMES = {
    "stat_cost": "消耗",
    "show_cnt": "展示数",
    "click_cnt": "点击数",
    "ctr": "点击率(%)",
    "cpc_platform": "平均点击单价",
    "cpm_platform": "平均千次展现费用",
    "convert_cnt": "转化数",
    "conversion_cost": "平均转化成本",
    "conversion_rate": "转化率(%)",
    "deep_convert_cnt": "深度转化数",
    "attribution_work_wechat_added_count": "添加企业微信量",
    "attribution_work_wechat_unfriend_count": "删除企业微信量",
}
FIGURES = ("cost_fen", *COUNTS.values())


def next_day_at(day: date, at: time) -> datetime:
    """A time of the day after, in China."""
    return datetime.combine(day + timedelta(days=1), at, tzinfo=CHINA)


def counted_so_far(row: Row, now: datetime) -> Row:
    """A day's row as it stands now: figures grow through the day and until 09:00 of the next."""
    begins, settled = (
        datetime.combine(row["stat_on"], time(), tzinfo=CHINA),
        next_day_at(row["stat_on"], SETTLED),
    )
    share = min(max((now - begins) / (settled - begins), 0.0), 1.0)
    return row | {name: int((row[name] or 0) * share) for name in FIGURES}


def summed(rows: list[Row]) -> dict[str, int]:
    """The figures of several rows together."""
    return {name: sum(row[name] for row in rows) for name in FIGURES}


def shown(sums: Mapping[str, int], metrics: list[str]) -> dict[str, str]:
    """Every value a string: money yuan with two decimals, shares in per cent."""
    cost, shows, clicks = sums["cost_fen"], sums["impressions"], sums["clicks"]
    hundredths = {
        "stat_cost": cost,
        "cpc_platform": _rounded(cost, clicks),
        "cpm_platform": _rounded(cost * 1000, shows),
        "conversion_cost": _rounded(cost, sums["conversions"]),
        "ctr": _rounded(clicks * 10_000, shows),
        "conversion_rate": _rounded(sums["conversions"] * 10_000, clicks),
    }
    return {
        name: yuan(hundredths[name]) if name in hundredths else str(sums[COUNTS[name]]) for name in metrics
    }


def _rounded(part: int, whole: int) -> int:
    """Half up; 0 over nothing."""
    return (2 * part + whole) // (2 * whole) if whole else 0


COMPARISONS: dict[int, Callable[[float, float], bool]] = {
    1: lambda found, asked: found == asked,
    2: lambda found, asked: found < asked,
    3: lambda found, asked: found <= asked,
    4: lambda found, asked: found > asked,
    5: lambda found, asked: found >= asked,
    6: lambda found, asked: found != asked,
}
MEMBERSHIPS: dict[int, Callable[[str, list[str]], bool]] = {
    1: lambda found, asked: found in asked,
    6: lambda found, asked: found not in asked,
    7: lambda found, asked: any(text in found for text in asked),
    8: lambda found, asked: not any(text in found for text in asked),
    10: lambda found, asked: found in asked,
    11: lambda found, asked: all(text in found for text in asked),
}


def matches(row: Row, filters: list[Row]) -> bool:
    """Whether a row of the report meets every filter: type 3 compares numbers, 1 and 2 compare text."""
    return all(_meets(row, condition) for condition in filters)


def _meets(row: Row, condition: Row) -> bool:
    found: Any = {**row["dimensions"], **row["metrics"]}.get(condition["field"])
    operator, values = condition.get("operator"), condition.get("values")
    if found is None or not isinstance(operator, int) or not isinstance(values, list) or not values:
        refuse(40000, "filters: a field that was asked for, an operator and values")
    if condition.get("type") != 3:
        if operator not in MEMBERSHIPS:
            refuse(40000, "filters: this operator is for numbers")
        return MEMBERSHIPS[operator](found, [str(value) for value in values])
    try:
        number, asked = float(found), [float(value) for value in values]
    except (TypeError, ValueError):
        refuse(40000, "filters: numbers are expected")
    if operator == 9 and len(asked) == 2:
        return asked[0] <= number <= asked[1]
    if operator not in COMPARISONS:
        refuse(40000, "filters: this operator is for text")
    return COMPARISONS[operator](number, asked[0])


def ordered(rows: list[Row], order_by: list[Row]) -> list[Row]:
    """The rows sorted by metrics and dimensions, the first criterion first."""
    for criterion in reversed(order_by):
        name = criterion["field"]
        if any(name not in row["metrics"] and name not in row["dimensions"] for row in rows):
            refuse(40000, "order_by: a field that was asked for")
        rows = sorted(rows, key=lambda row: _rank(row, name), reverse=criterion.get("type") == "DESC")
    return rows


def _rank(row: Row, name: str) -> tuple[float, str]:
    return (float(row["metrics"][name]), "") if name in row["metrics"] else (0.0, row["dimensions"][name])
