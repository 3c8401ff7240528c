"""Suite of fct_orders."""

import great_expectations as gx
import great_expectations.expectations as gxe


def fct_orders() -> gx.ExpectationSuite:
    """What readers of fct_orders rely on."""
    return gx.ExpectationSuite(
        name="fct_orders",
        expectations=[
            gxe.ExpectColumnValuesToBeUnique(
                column="order_key", severity="critical", meta={"check": "fct_orders.key_unique"}
            ),
            gxe.ExpectColumnValuesToNotBeNull(
                column="order_key", severity="critical", meta={"check": "fct_orders.key_not_null"}
            ),
            gxe.ExpectColumnValuesToNotBeNull(
                column="paid_amount", severity="critical", meta={"check": "fct_orders.amount_known"}
            ),
            gxe.ExpectColumnValuesToBeBetween(
                column="paid_amount",
                min_value=0,
                severity="critical",
                meta={"check": "fct_orders.amount_not_negative"},
            ),
            gxe.ExpectColumnPairValuesAToBeGreaterThanB(
                column_A="paid_amount",
                column_B="refunded_amount",
                or_equal=True,
                severity="critical",
                meta={"check": "fct_orders.refund_within_paid"},
            ),
        ],
    )
