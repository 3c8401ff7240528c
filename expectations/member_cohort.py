"""Suite of member_cohort."""

import great_expectations as gx
import great_expectations.expectations as gxe


def member_cohort() -> gx.ExpectationSuite:
    """What readers of member_cohort rely on."""
    return gx.ExpectationSuite(
        name="member_cohort",
        expectations=[
            gxe.ExpectColumnValuesToBeBetween(
                column="retention_rate",
                min_value=0,
                max_value=1,
                severity="critical",
                meta={"check": "member_cohort.retention_is_a_share"},
            ),
        ],
    )
