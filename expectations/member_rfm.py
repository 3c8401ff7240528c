"""Suite of member_rfm."""

import great_expectations as gx
import great_expectations.expectations as gxe


def member_rfm() -> gx.ExpectationSuite:
    """What readers of member_rfm rely on."""
    return gx.ExpectationSuite(
        name="member_rfm",
        expectations=[
            gxe.ExpectCompoundColumnsToBeUnique(
                column_list=["member_id", "rfm_window"],
                severity="critical",
                meta={"check": "member_rfm.key_unique"},
            ),
        ],
    )
