"""What readers of the marts rely on: suites, invariants across tables, and the registry of every check.

One module per published model holds its suite, a function of the model's name. `invariants/` holds what must
agree between tables, one SQL statement per file, which selects the keys that offend. `registry.py` says what each
check protects and how it is proved to fire. Imported by the gate alone; importing this package does not import
Great Expectations.
"""

from pathlib import Path

INVARIANTS = Path(__file__).parent / "invariants"

MODELS_WITH_A_SUITE = (
    "dim_members",
    "fct_orders",
    "fct_refunds",
    "kpi_daily",
    "member_rfm",
    "member_cohort",
    "channel_roi",
    "campaign_lift",
)

# What a reader may count on finding in every publication.
PROMISED_MODELS = (
    *MODELS_WITH_A_SUITE,
    "acquisition_roi",
    "campaign_capture",
    "contact_migration",
    "dim_brands",
    "dim_campaigns",
    "dim_channels",
    "dim_dates",
    "dim_products",
    "fct_costs",
    "fct_identity_events",
    "fct_order_lines",
    "fct_touches",
    "guide_perf",
    "ltv_cac",
    "member_360",
    "member_consent",
    "member_coverage",
    "member_id_redirects",
    "member_level_hist",
    "member_loyalty",
    "member_tag",
    "member_tag_quality",
    "offer_uptake",
    "rpt_identity_conflicts",
    "touch_relevance",
)
