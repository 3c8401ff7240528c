"""Suite of fct_refunds."""

import great_expectations as gx
import great_expectations.expectations as gxe


def fct_refunds() -> gx.ExpectationSuite:
    """What readers of fct_refunds rely on."""
    return gx.ExpectationSuite(
        name="fct_refunds",
        expectations=[
            gxe.ExpectColumnValuesToBeUnique(
                column="refund_key", severity="critical", meta={"check": "fct_refunds.key_unique"}
            ),
        ],
    )
