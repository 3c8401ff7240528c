"""Suite of campaign_lift."""

import great_expectations as gx
import great_expectations.expectations as gxe


def campaign_lift() -> gx.ExpectationSuite:
    """What readers of campaign_lift rely on."""
    return gx.ExpectationSuite(
        name="campaign_lift",
        expectations=[
            gxe.ExpectColumnValuesToBeInSet(
                column="is_sample_ratio_ok",
                value_set=[True],
                severity="warning",
                meta={"check": "campaign_lift.sample_ratio_as_planned"},
            ),
        ],
    )
