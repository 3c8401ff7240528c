"""Suite of kpi_daily."""

import great_expectations as gx
import great_expectations.expectations as gxe


def kpi_daily() -> gx.ExpectationSuite:
    """What readers of kpi_daily rely on."""
    return gx.ExpectationSuite(
        name="kpi_daily",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["business_date", "brand_code", "channel_code", "window_days"],
                severity="critical",
                meta={"check": "kpi_daily.key_unique"},
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="top20_buyer_revenue_share",
                min_value=0,
                max_value=1,
                severity="critical",
                meta={"check": "kpi_daily.top_buyers_hold_a_share"},
            ),
        ],
    )
