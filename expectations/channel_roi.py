"""Suite of channel_roi."""

import great_expectations as gx
import great_expectations.expectations as gxe


def channel_roi() -> gx.ExpectationSuite:
    """What readers of channel_roi rely on."""
    return gx.ExpectationSuite(
        name="channel_roi",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["brand_code", "period", "channel_code"],
                severity="critical",
                meta={"check": "channel_roi.key_unique"},
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="roas",
                min_value=-1000,
                max_value=1000,
                severity="warning",
                meta={"check": "channel_roi.roas_within_belief"},
            ),
        ],
    )
