"""Suite of fct_costs."""

import great_expectations as gx
import great_expectations.expectations as gxe


def fct_costs() -> gx.ExpectationSuite:
    """What readers of fct_costs rely on."""
    return gx.ExpectationSuite(
        name="fct_costs",
        expectations=[
            gxe.ExpectColumnValuesToBeUnique(
                column="cost_key", severity="critical", meta={"check": "fct_costs.key_unique"}
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="cost_amount",
                min_value=0,
                severity="critical",
                meta={"check": "fct_costs.amount_not_negative"},
            ),
        ],
    )
