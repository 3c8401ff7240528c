-- A refund that counts pays something back. Excluded ones keep what their source wrote.
select refunds.refund_key
from candidate.fct_refunds as refunds
where
    not refunds.is_excluded
    and refunds.refund_amount < 0
