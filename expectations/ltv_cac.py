"""Suite of ltv_cac."""

import great_expectations as gx
import great_expectations.expectations as gxe


def ltv_cac() -> gx.ExpectationSuite:
    """What readers of ltv_cac rely on."""
    return gx.ExpectationSuite(
        name="ltv_cac",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["brand_code", "cohort_month", "channel_code"],
                severity="critical",
                meta={"check": "ltv_cac.key_unique"},
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="cac", min_value=0, severity="critical", meta={"check": "ltv_cac.cac_not_negative"}
            ),
        ],
    )
