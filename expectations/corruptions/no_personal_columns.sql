alter table dim_members add column customer_token varchar;
