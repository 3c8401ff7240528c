"""The tables of the page: which columns each has, what a chart takes them for, how rows are put together.

Here: sections as tables. Not here: the numbers (read), how a value is written (tables), the frame (page.html).
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from siyu.report.read import Report, Row, Rows
from siyu.report.tables import (
    AMOUNT,
    CHANGE,
    CODE,
    COUNT,
    COUNT_CHANGE,
    DAY,
    LIST,
    MARK,
    MEGABYTES,
    P_VALUE,
    PERCENT,
    POINTS,
    RATIO,
    SECONDS,
    YES_NO,
    Column,
    Table,
    both,
    cell,
    column,
    moment_in,
    shade,
    table,
    word_of,
    words,
)

BRANDS_SHOWN = 12  # by net revenue; a page of more would grow beyond what a browser shows at once
CAMPAIGNS_SHOWN = 20  # per brand, the newest
CHANNELS_IN_LINES = 6  # more lines cannot be told apart
SLOWEST_SHOWN = 10
_LIFETIME = "lifetime"


class Sections:
    """The tables of the page; `brand` is a code of `report.brands`."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.currency = report.currency
        self.brands: Rows = report.brands[:BRANDS_SHOWN] or [
            {"brand_code": None, "name_en": "", "name_zh": ""}
        ]

    @property
    def brands_left_out(self) -> int:
        """Brands that are published and not on the page."""
        return max(0, len(self.report.brands) - BRANDS_SHOWN)

    def headline(self, brand: str) -> Row | None:
        """The window of the tiles."""
        return next(iter(_of(self.report.headline, brand)), None)

    def restated(self, brand: str) -> Row | None:
        """From the last net revenue to this one."""
        return next(iter(_of(self.report.restated, brand)), None)

    def restated_days(self, brand: str) -> Table:
        """Days that the last publication showed otherwise."""
        return table(
            (
                column("business_date", "day", DAY),
                column("amount_before", "then", AMOUNT, unit=self.currency),
                column("amount", "now", AMOUNT, unit=self.currency),
                column("restated_amount", "change", CHANGE, unit=self.currency),
            ),
            _of(self.report.restated_days, brand),
        )

    def tables(self) -> Table:
        """Every published table with its rows."""
        rows = [
            {
                "name": changed.name,
                "what": _both_of(changed.description),
                "rows": changed.rows,
                "rows_before": changed.rows_before,
                "change": None
                if None in (changed.rows, changed.rows_before)
                else changed.rows - changed.rows_before,  # type: ignore[operator]
            }
            for changed in self.report.tables
        ]
        compared = (column("rows_before", "rows_then", COUNT), column("change", "change", COUNT_CHANGE))
        return table(
            (
                column("name", "table", CODE),
                column("rows", "rows", COUNT),
                *(compared if self.report.previous else ()),
                column("what", "one_row_is"),
            ),
            rows,
        )

    def months(self, brand: str) -> Table:
        """Net revenue by month."""
        return table(
            (
                column("month_code", "month", DAY, "x"),
                column("net_revenue_amount", "net_revenue", AMOUNT, "y", self.currency),
                column("gmv_amount", "gmv", AMOUNT, unit=self.currency),
                column("refund_amount", "refunds", AMOUNT, unit=self.currency),
                column("valid_order_count", "valid_orders", COUNT),
                column("new_buyer_count", "new_buyers", COUNT),
                column("is_complete", "ended", MARK, "whole"),
            ),
            _of(self.report.sales_by_month, brand),
        )

    def days(self, brand: str) -> Table:
        """Net revenue by day."""
        return table(
            (
                column("business_date", "day", DAY, "x"),
                column("net_revenue_amount", "net_revenue", AMOUNT, "y", self.currency),
                column("gmv_amount", "gmv", AMOUNT, unit=self.currency),
                column("refund_amount", "refunds", AMOUNT, unit=self.currency),
                column("valid_order_count", "valid_orders", COUNT),
            ),
            _of(self.report.sales_by_day, brand),
        )

    def buyers(self, brand: str) -> Table:
        """Buyers by day."""
        return table(
            (
                column("business_date", "day", DAY, "x"),
                column("buyer_count", "buyers", COUNT, "y"),
                column("new_buyer_count", "new_buyers", COUNT, "y"),
                column("existing_buyer_count", "existing_buyers", COUNT),
            ),
            _of(self.report.sales_by_day, brand),
        )

    def window(self, brand: str) -> Table:
        """Buyers of the rolling window at month ends."""
        return table(
            (
                column("business_date", "month_end", DAY, "x"),
                column("buyer_count", "buyers", COUNT, "y"),
                column("repeat_buyer_count", "repeat_buyers", COUNT, "y"),
                column("new_buyer_count", "new_buyers", COUNT, "y"),
                column("repurchase_rate", "repurchase_rate", PERCENT, unit="%"),
                column("returning_buyer_rate", "returning_rate", PERCENT, unit="%"),
                column("spend_per_buyer", "spend_per_buyer", AMOUNT, unit=self.currency),
                column("top20_buyer_revenue_share", "top20_share", PERCENT, unit="%"),
            ),
            _of(self.report.buyers_by_window, brand),
        )

    def rfm_windows(self, brand: str) -> dict[str, Rows]:
        """The eight cells of each window, shortest window first."""
        windows: dict[str, Rows] = {}
        for row in _of(self.report.rfm, brand):
            windows.setdefault(row["rfm_window"], []).append(row)
        return windows

    def rfm(self, cells: Rows) -> Table:
        """The table behind one window's grid."""
        rows = [
            {
                **cell,
                "segment": both(cell["label_en"], cell["label_zh"]),
                "action": both(cell["action_en"], cell["action_zh"]),
            }
            for cell in cells
        ]
        return table(
            (
                column("segment", "segment", role="label"),
                column("buyer_count", "buyers", COUNT),
                column("buyer_share", "share_of_buyers", PERCENT, unit="%"),
                column("net_amount", "net_amount", AMOUNT, unit=self.currency),
                column("net_amount_share", "share_of_net", PERCENT, unit="%"),
                column("super_user_count", "super_users", COUNT),
                column("priority_care_count", "priority_care", COUNT),
                column("action", "what_to_do"),
            ),
            rows,
        )

    def cohorts(self, brand: str) -> Table:
        """Cohorts by months since; the month of the first order itself is whole by definition and not shown."""
        rows = _of(self.report.cohorts, brand)
        months = sorted({row["month_number"] for row in rows} - {0})
        by_cohort: dict[str, dict[int, Row]] = {}
        for row in rows:
            by_cohort.setdefault(row["cohort_month"], {})[row["month_number"]] = row
        lowest, highest = self.retention_range(brand)
        columns = (
            column("cohort_month", "cohort", DAY, "label"),
            column("cohort_size", "cohort_size", COUNT),
            *(Column(str(n), words("month_n", n=n), PERCENT, "cell", "%") for n in months),
        )
        lines = []
        for cohort, by_month in by_cohort.items():
            line = [cell(cohort, DAY), cell(next(iter(by_month.values()))["cohort_size"], COUNT)]
            for number in months:
                rate = by_month[number]["retention_rate"] if number in by_month else None
                known = cell(rate, PERCENT)
                line.append(replace(known, css=f"{known.css} {shade(rate, lowest, highest)}"))
            lines.append(line)
        return Table(columns, lines if months else [])

    def retention_range(self, brand: str) -> tuple[Decimal, Decimal]:
        """The lowest and the highest rate on the heat map; twice 0 where there is none."""
        rates = [row["retention_rate"] for row in _of(self.report.cohorts, brand) if row["month_number"]]
        known = [rate for rate in rates if rate is not None] or [Decimal(0)]
        return min(known), max(known)

    def campaigns(self, brand: str) -> Rows:
        """The newest arms, each with a name for its line."""
        return [
            {**row, "name": f"{row['campaign_name']}: {row['arm']}"}
            for row in _of(self.report.campaigns, brand)[:CAMPAIGNS_SHOWN]
        ]

    def campaign_count(self, brand: str) -> int:
        """All arms, shown or not."""
        return len(_of(self.report.campaigns, brand))

    def rate_lift(self, brand: str) -> Table:
        """Difference in the share that bought."""
        return table(
            (
                column("name", "campaign", role="label"),
                column("holdout_arm", "holdout", role="against"),
                column("person_count", "persons_arm", COUNT),
                column("holdout_person_count", "persons_holdout", COUNT),
                column("outcome_days", "outcome_days", COUNT),
                column("buyer_rate", "rate_arm", PERCENT, unit="%"),
                column("holdout_buyer_rate", "rate_holdout", PERCENT, unit="%"),
                column("rate_lift", "difference", POINTS, "middle", words("points")),
                column("rate_lift_low", "interval_low", POINTS, "low", words("points")),
                column("rate_lift_high", "interval_high", POINTS, "high", words("points")),
                column("rate_p_value", "p_value", P_VALUE),
                column("is_sample_ratio_ok", "split_ok", YES_NO),
                column("rate_verdict", "verdict", word_of("v_"), "verdict"),
            ),
            self.campaigns(brand),
        )

    def value_lift(self, brand: str) -> Table:
        """Difference in net revenue per head."""
        return table(
            (
                column("name", "campaign", role="label"),
                column("holdout_arm", "holdout", role="against"),
                column("value_per_head", "value_arm", AMOUNT, unit=self.currency),
                column("holdout_value_per_head", "value_holdout", AMOUNT, unit=self.currency),
                column("value_lift", "difference", CHANGE, "middle", self.currency),
                column("value_lift_low", "interval_low", CHANGE, "low", self.currency),
                column("value_lift_high", "interval_high", CHANGE, "high", self.currency),
                column("value_p_value", "p_value", P_VALUE),
                column("value_verdict", "verdict", word_of("v_"), "verdict"),
            ),
            self.campaigns(brand),
        )

    def channels(self, brand: str, *, lifetime: bool) -> Table:
        """Channels over all time, or in each period."""
        rows = [
            {
                **row,
                "channel": both(row["channel_en"], row["channel_zh"]),
                "next_best": both(row["next_best_en"], row["next_best_zh"]) if row["next_best_en"] else None,
                "period": words(_LIFETIME) if row["period"] == _LIFETIME else row["period"],
            }
            for row in _of(self.report.channels, brand)
            if not lifetime or row["period"] == _LIFETIME
        ]
        period = () if lifetime else (column("period", "period", DAY),)
        return table(
            (
                *period,
                column("channel", "channel", role="label"),
                column("order_count", "orders", COUNT),
                column("net_revenue_amount", "net_revenue", AMOUNT, unit=self.currency),
                column("cm2_amount", "cm2", AMOUNT, unit=self.currency),
                column("cost_amount", "cost", AMOUNT, unit=self.currency),
                column("cost_types", "cost_types", LIST),
                column("roas", "roas", RATIO),
                column("roi", "roi", PERCENT, "y", "%"),
                column("next_best", "next_best"),
                column("opportunity_gap_revenue_amount", "gap", CHANGE, unit=self.currency),
                column("opportunity_gap_status", "gap_status", word_of("g_")),
            ),
            rows,
        )

    def roas_by_month(self, brand: str) -> Table:
        """One line of months, a column per channel; months and channels without a known cost are empty."""
        rows = _of(self.report.channels, brand)
        names = {
            row["channel_code"]: both(row["channel_en"], row["channel_zh"])
            for row in rows
            if row["period"] == _LIFETIME
        }
        monthly = [row for row in rows if row["period"] != _LIFETIME and row["roas"] is not None]
        known = {row["channel_code"] for row in monthly}
        codes = [code for code in names if code in known][:CHANNELS_IN_LINES]
        by_month: dict[str, dict[str, Any]] = {}
        for row in sorted(monthly, key=lambda row: str(row["period"])):
            by_month.setdefault(row["period"], {})[row["channel_code"]] = row["roas"]
        columns = (
            column("period", "month", DAY, "x"),
            *(Column(code, names[code], RATIO, "y") for code in codes),
        )
        return table(
            columns,
            ({"period": month, **{c: roas.get(c) for c in codes}} for month, roas in by_month.items()),
        )

    def checks(self, *, told: bool) -> Table:
        """Checks of the audit: those that did not simply pass, or all."""
        return table(
            (
                column("id", "check", CODE),
                column("model", "model"),
                column("severity", "severity", word_of("y_")),
                column("status", "outcome", word_of("c_")),
                column("offending_rows", "offending", COUNT),
                column("what", "protects"),
            ),
            (check for check in self.report.checks if not told or check["status"] != "passed"),
        )

    def check_counts(self) -> dict[str, int]:
        """How many checks there were, passed, are told and were accepted."""
        statuses = [check["status"] for check in self.report.checks]
        return {
            "all": len(statuses),
            "passed": statuses.count("passed"),
            "told": statuses.count("failed") + statuses.count("raised"),
            "accepted": statuses.count("accepted"),
        }

    def landed(self) -> Table:
        """Where the rows of the publication's loads went."""
        return table(
            (
                column("mapping", "mapping", CODE),
                column("resource", "resource", CODE),
                column("loads", "loads", COUNT),
                column("read", "read", COUNT),
                column("landed", "landed", COUNT),
                column("unchanged", "unchanged", COUNT),
                column("excluded", "excluded", COUNT),
                column("quarantined", "quarantined", COUNT),
                column("waiting", "waiting", COUNT),
                column("newest_at", "newest_at", moment_in(self.report.timezone)),
            ),
            self.report.landed,
        )

    def reasons(self) -> Table:
        """Reasons of quarantine."""
        return table(
            (
                column("mapping", "mapping", CODE),
                column("resource", "resource", CODE),
                column("reason", "reason", CODE),
                column("rows", "rows", COUNT),
            ),
            (
                {"mapping": line.mapping, "resource": line.resource, "reason": reason, "rows": rows}
                for line in self.report.landed
                for reason, rows in line.reasons
            ),
        )

    def exclusions(self) -> Table:
        """Rows that landed and count in no figure."""
        return table(
            (
                column("model", "table", CODE),
                column("reason", "reason", CODE),
                column("row_count", "rows", COUNT),
                column("amount", "amount", AMOUNT, unit=self.currency),
            ),
            self.report.exclusions,
        )

    def steps(self) -> Table:
        """Tasks of the run."""
        return table(
            (
                column("step", "step", CODE, "label"),
                column("seconds", "seconds", SECONDS, "y", "s"),
                column("rows", "rows", COUNT),
                column("bytes", "megabytes", MEGABYTES, unit="MiB"),
                column("peak_memory_bytes", "memory", MEGABYTES, unit="MiB"),
                column("status", "outcome_step", word_of("t_")),
            ),
            (step for step in self.report.steps if step.kind == "task"),
        )

    def slowest(self) -> Table:
        """Models of the build that took longest."""
        models = [step for step in self.report.steps if step.kind == "model"]
        return table(
            (
                column("step", "table", CODE, "label"),
                column("seconds", "seconds", SECONDS, "y", "s"),
                column("rows", "rows", COUNT),
            ),
            sorted(models, key=lambda step: (-step.seconds, step.step))[:SLOWEST_SHOWN],
        )


def _of(rows: Rows, brand: str) -> Rows:
    return [row for row in rows if row["brand_code"] == brand]


def _both_of(description: str) -> Markup:
    """A description of the dictionary: English sentences, then Chinese ones; the first of each is the grain."""
    parts = [part.strip() for part in description.replace("。", "。\n").replace(". ", ".\n").splitlines()]
    english = next((part for part in parts if part.isascii() and part), description)
    chinese = next((part for part in parts if not part.isascii()), english)
    return both(english, chinese)
