update ltv_cac set cac = -1 where cac is not null;
