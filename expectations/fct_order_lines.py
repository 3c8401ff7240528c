"""Suite of fct_order_lines."""

import great_expectations as gx
import great_expectations.expectations as gxe


def fct_order_lines() -> gx.ExpectationSuite:
    """What readers of fct_order_lines rely on."""
    return gx.ExpectationSuite(
        name="fct_order_lines",
        expectations=[
            gxe.ExpectColumnValuesToBeUnique(
                column="order_line_key", severity="critical", meta={"check": "fct_order_lines.key_unique"}
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="quantity",
                min_value=0,
                severity="critical",
                meta={"check": "fct_order_lines.quantity_not_negative"},
            ),
        ],
    )
