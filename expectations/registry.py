"""Every check of the gate: what it protects, and for a critical one a corruption that makes it fire, alone.

Here: the list, and nothing that runs. A check itself is a file in `invariants/` (its name is the id), an
expectation of a suite (id in its `meta`), or one of the gate's checks on files. Its corruption is
`corruptions/<id>.sql`, on tables named like the models, or a lie of the manifest, or both: applied to a candidate
that passes, it must make this check fire and no other, as the tests show.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Severity = Literal["critical", "warning"]
Lie = Callable[[dict[str, Any]], None]  # changes the content of manifest.json

CORRUPTIONS = Path(__file__).parent / "corruptions"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check. A critical one that fails refuses the candidate and cannot be overridden; a warning is told."""

    id: str
    models: tuple[str, ...]  # "candidate" where it is about all files
    severity: Severity
    protects: str
    compares: bool = False  # with the previous publication: passes on the first night
    lie: Lie | None = None  # told by the manifest after the corruption's files were written

    @property
    def corruption(self) -> str | None:
        """The statements that make this check fire, None when it has none."""
        file = CORRUPTIONS / f"{self.id}.sql"
        return file.read_text(encoding="utf-8") if file.exists() else None


def _wrong_sha256(manifest: dict[str, Any]) -> None:
    manifest["models"]["dim_dates"]["sha256"] = "0" * 64


def _one_row_too_many(manifest: dict[str, Any]) -> None:
    manifest["models"]["dim_dates"]["rows"] += 1


def _wrong_checksum(manifest: dict[str, Any]) -> None:
    rows, _, _ = manifest["models"]["dim_dates"]["checksum"].partition(":")
    manifest["models"]["dim_dates"]["checksum"] = f"{rows}:1"


def _another_type(manifest: dict[str, Any]) -> None:
    manifest["models"]["dim_dates"]["schema"][0]["type"] = "VARCHAR"


def _a_century_later(manifest: dict[str, Any]) -> None:
    manifest["as_of_date"] = str(int(manifest["as_of_date"][:4]) + 100) + "-01-01"


_CHECKS = (
    # ---- the files are those that were exported
    Check(
        id="promised_models_are_there",
        models=("candidate",),
        severity="critical",
        protects="a table that readers use does not disappear overnight",
    ),
    Check(
        id="files_match_manifest",
        models=("candidate",),
        severity="critical",
        protects="the bytes that go live are the bytes that were exported",
        lie=_wrong_sha256,
    ),
    Check(
        id="rows_match_manifest",
        models=("candidate",),
        severity="critical",
        protects="no file was cut off while it was written",
        lie=_one_row_too_many,
    ),
    Check(
        id="checksums_match_manifest",
        models=("candidate",),
        severity="critical",
        protects="the exported rows are the rows of the warehouse, value by value",
        lie=_wrong_checksum,
    ),
    Check(
        id="schema_matches_manifest",
        models=("candidate",),
        severity="critical",
        protects="columns and types are those that the targets were told",
        lie=_another_type,
    ),
    Check(
        id="no_personal_columns",
        models=("candidate",),
        severity="critical",
        protects="no token or attribute of a person reaches the marts",
    ),
    # ---- the day is the right day
    Check(
        id="as_of_is_not_in_the_future",
        models=("candidate",),
        severity="critical",
        protects="nobody is declared churned because of a mistyped date",
        lie=_a_century_later,
    ),
    Check(
        id="as_of_dates_agree",
        models=("kpi_daily", "member_rfm", "member_cohort", "ltv_cac", "channel_roi", "campaign_lift"),
        severity="critical",
        protects="two marts that are joined speak of the same day",
    ),
    Check(
        id="no_events_after_as_of",
        models=("fct_orders", "fct_refunds", "fct_touches", "fct_costs"),
        severity="critical",
        protects="a day that has not ended does not leak into the numbers",
    ),
    Check(
        id="as_of_not_before_previous",
        models=("candidate",),
        severity="warning",
        protects="someone looks when a past day replaces a newer one",
        compares=True,
    ),
    # ---- one row per thing
    Check(
        id="fct_orders.key_unique",
        models=("fct_orders",),
        severity="critical",
        protects="an order is counted once",
    ),
    Check(
        id="fct_orders.key_not_null",
        models=("fct_orders",),
        severity="critical",
        protects="every order can be named, and merged into PostgreSQL",
    ),
    Check(
        id="fct_refunds.key_unique",
        models=("fct_refunds",),
        severity="critical",
        protects="a refund is taken off once",
    ),
    Check(
        id="dim_members.key_unique",
        models=("dim_members",),
        severity="critical",
        protects="joining a fact to its member multiplies nothing",
    ),
    Check(
        id="member_rfm.key_unique",
        models=("member_rfm",),
        severity="critical",
        protects="a member is in one segment per window",
    ),
    Check(
        id="channel_roi.key_unique",
        models=("channel_roi",),
        severity="critical",
        protects="a channel has one ROI per period",
    ),
    # ---- what refers to something finds it
    Check(
        id="orders_have_a_member",
        models=("fct_orders", "dim_members"),
        severity="critical",
        protects="every order belongs to a member or to 'unknown'",
    ),
    Check(
        id="one_unknown_member",
        models=("dim_members",),
        severity="critical",
        protects="revenue without a known person stays in one place",
    ),
    Check(
        id="orders_have_a_channel",
        models=("fct_orders", "dim_channels"),
        severity="critical",
        protects="revenue by domain, platform or surface adds up to the total",
    ),
    Check(
        id="refunds_have_their_order",
        models=("fct_refunds", "fct_orders"),
        severity="critical",
        protects="money paid back can be traced to a sale",
    ),
    Check(
        id="lines_have_their_order",
        models=("fct_order_lines", "fct_orders"),
        severity="critical",
        protects="goods sold can be traced to an order",
    ),
    Check(
        id="touches_have_their_member",
        models=("fct_touches", "dim_members"),
        severity="critical",
        protects="a campaign is judged on people who exist",
    ),
    # ---- money of single rows
    Check(
        id="one_currency",
        models=("fct_orders", "fct_refunds", "fct_order_lines", "fct_costs"),
        severity="critical",
        protects="yuan are never added to dollars",
    ),
    Check(
        id="fct_orders.amount_known",
        models=("fct_orders",),
        severity="critical",
        protects="an order in a currency without a rate is not summed as nothing",
    ),
    Check(
        id="fct_orders.amount_not_negative",
        models=("fct_orders",),
        severity="critical",
        protects="a return that landed as an order does not hide in GMV",
    ),
    Check(
        id="fct_orders.refund_within_paid",
        models=("fct_orders",),
        severity="critical",
        protects="no order pays back more than was paid for it",
    ),
    Check(
        id="order_net_is_paid_less_refunded",
        models=("fct_orders",),
        severity="critical",
        protects="net revenue of an order is what is left of it",
    ),
    Check(
        id="order_refunds_are_those_in_fct_refunds",
        models=("fct_orders", "fct_refunds"),
        severity="critical",
        protects="each fen taken off an order is a fen that some refund paid back",
    ),
    Check(
        id="valid_orders_are_what_the_glossary_says",
        models=("fct_orders",),
        severity="critical",
        protects="buyers, RFM and repurchase rest on paid, kept, real orders",
    ),
    Check(
        id="refund_amounts_are_not_negative",
        models=("fct_refunds",),
        severity="critical",
        protects="a refund never adds revenue",
    ),
    # ---- the daily figures agree with the orders, and with themselves
    Check(
        id="kpi_reaches_as_of",
        models=("kpi_daily",),
        severity="critical",
        protects="a stale day is not published as the newest one",
    ),
    Check(
        id="kpi_daily.key_unique",
        models=("kpi_daily",),
        severity="critical",
        protects="a chart that sums days counts each once",
    ),
    Check(
        id="kpi_gmv_is_that_of_the_orders",
        models=("kpi_daily", "fct_orders"),
        severity="critical",
        protects="GMV is what was paid, to the fen",
    ),
    Check(
        id="kpi_net_is_that_of_orders_and_refunds",
        models=("kpi_daily", "fct_orders", "fct_refunds"),
        severity="critical",
        protects="net revenue is what was paid less what was paid back, to the fen",
    ),
    Check(
        id="kpi_net_is_gmv_less_refunds",
        models=("kpi_daily",),
        severity="critical",
        protects="GMV, refunds and net revenue of one row agree",
    ),
    Check(
        id="kpi_brand_is_the_sum_of_its_channels",
        models=("kpi_daily",),
        severity="critical",
        protects="channels add up to the brand",
    ),
    Check(
        id="kpi_windows_are_the_sums_of_their_days",
        models=("kpi_daily",),
        severity="critical",
        protects="thirty days are the sum of thirty days",
    ),
    Check(
        id="kpi_parts_do_not_exceed_their_whole",
        models=("kpi_daily",),
        severity="critical",
        protects="no rate built on the counts passes one",
    ),
    Check(
        id="kpi_daily.top_buyers_hold_a_share",
        models=("kpi_daily",),
        severity="critical",
        protects="the share of the best buyers lies between 0 and 1",
    ),
    Check(
        id="channels_still_sell",
        models=("kpi_daily",),
        severity="warning",
        protects="someone looks when a channel has gone silent",
    ),
    # ---- members and segments agree with the orders
    Check(
        id="marketing_contacts_are_consented",
        models=("member_360", "member_consent"),
        severity="critical",
        protects="nobody is contacted for marketing who has not consented to it, or has withdrawn",
    ),
    Check(
        id="rfm_lifetime_is_the_buyers",
        models=("member_rfm", "fct_orders"),
        severity="critical",
        protects="segments hold every buyer, with their real orders and money",
    ),
    Check(
        id="rfm_segments_partition_the_buyers",
        models=("member_rfm",),
        severity="critical",
        protects="each buyer of a window is in one of eight cells",
    ),
    Check(
        id="cohort_sizes_are_the_buyers",
        models=("member_cohort", "dim_members"),
        severity="critical",
        protects="retention divides by all who ever bought first in a month",
    ),
    Check(
        id="member_cohort.retention_is_a_share",
        models=("member_cohort",),
        severity="critical",
        protects="no month keeps more buyers than there were",
    ),
    Check(
        id="ltv_buyers_are_the_cohorts",
        models=("ltv_cac", "member_cohort"),
        severity="critical",
        protects="LTV and CAC divide by the same new buyers as retention",
    ),
    # ---- channels and campaigns agree with the facts
    Check(
        id="roi_revenue_is_that_of_the_orders",
        models=("channel_roi", "fct_orders", "fct_refunds"),
        severity="critical",
        protects="channel revenue adds up to net revenue",
    ),
    Check(
        id="roi_costs_are_all_costs",
        models=("channel_roi", "fct_costs"),
        severity="critical",
        protects="no cost is left out of a channel's ROI",
    ),
    Check(
        id="roi_ratios_follow_from_the_amounts",
        models=("channel_roi", "fct_orders"),
        severity="critical",
        protects="roas and roi are those of the amounts beside them",
    ),
    Check(
        id="channel_roi.roas_within_belief",
        models=("channel_roi",),
        severity="warning",
        protects="someone looks when a channel returns more than a thousand times its cost",
    ),
    Check(
        id="lift_lies_in_its_interval",
        models=("campaign_lift",),
        severity="critical",
        protects="an experiment's interval belongs to its estimate, and its buyers to its persons",
    ),
    Check(
        id="every_treated_arm_is_compared",
        models=("campaign_lift", "fct_touches"),
        severity="critical",
        protects="no arm of an experiment is left out of its result",
    ),
    Check(
        id="campaign_lift.sample_ratio_as_planned",
        models=("campaign_lift",),
        severity="warning",
        protects="someone looks when the split of an experiment is not what was planned, or no plan is known",
    ),
    # ---- compared with what was published before
    Check(
        id="rows_not_halved",
        models=("candidate",),
        severity="critical",
        protects="half a night is not published as a whole one",
        compares=True,
    ),
    Check(
        id="rows_not_doubled",
        models=("candidate",),
        severity="critical",
        protects="the same loads do not turn into twice the rows",
        compares=True,
    ),
    Check(
        id="rows_grew_by_new_loads",
        models=("candidate",),
        severity="warning",
        protects="someone looks when new loads more than double a table",
        compares=True,
    ),
    Check(
        id="channels_have_not_vanished",
        models=("fct_orders",),
        severity="critical",
        protects="a channel whose history is gone is noticed",
        compares=True,
    ),
    Check(
        id="order_amounts_not_restated_in_another_unit",
        models=("fct_orders",),
        severity="critical",
        protects="fen are not published as yuan: known orders keep their order of magnitude",
        compares=True,
    ),
    Check(
        id="new_order_amounts_are_in_the_usual_unit",
        models=("fct_orders",),
        severity="critical",
        protects="fen are not published as yuan: new orders cost what orders of the channel cost",
        compares=True,
    ),
)

CHECKS: dict[str, Check] = {check.id: check for check in _CHECKS}
