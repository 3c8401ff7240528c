"""Suite of dim_members."""

import great_expectations as gx
import great_expectations.expectations as gxe


def dim_members() -> gx.ExpectationSuite:
    """What readers of dim_members rely on."""
    return gx.ExpectationSuite(
        name="dim_members",
        expectations=[
            gxe.ExpectColumnValuesToBeUnique(
                column="member_id", severity="critical", meta={"check": "dim_members.key_unique"}
            ),
        ],
    )
