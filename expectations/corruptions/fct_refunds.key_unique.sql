insert into fct_refunds select * replace (0 as applied_amount, true as is_excluded)
from fct_refunds limit 1;
