"""Suite of fct_touches."""

import great_expectations as gx
import great_expectations.expectations as gxe


def fct_touches() -> gx.ExpectationSuite:
    """What readers of fct_touches rely on."""
    return gx.ExpectationSuite(
        name="fct_touches",
        expectations=[
            gxe.ExpectColumnValuesToBeUnique(
                column="touch_key", severity="critical", meta={"check": "fct_touches.key_unique"}
            ),
        ],
    )
