update fct_refunds set link_basis = 'guess'
where refund_key = (select min(refund_key) from fct_refunds);
