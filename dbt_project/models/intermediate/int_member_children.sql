with

children as (

    select
        *,
        -- twins are two children of one account; the same child told by two accounts is one
        row_number() over (
            partition by customer_key, birth_month
            order by child_id
        ) as number_in_month
    from {{ ref('stg_files__children') }}
    where
        not is_excluded
        and birth_month <= {{ as_of_date() }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

children_of_members as (

    select
        children.brand_code,
        children.channel_code,
        coalesce(members_of_customers.member_id, children.customer_key) as member_id,
        children.birth_month,
        children.number_in_month,
        children.formula_brand,
        children.updated_at,
        children.customer_key
    from children
    left join members_of_customers
        on children.customer_key = members_of_customers.customer_key

),

with_newest_first as (

    select
        *,
        row_number() over (
            partition by brand_code, member_id, birth_month, number_in_month
            order by
                formula_brand is null asc,
                updated_at desc nulls last,
                customer_key asc
        ) as recency_rank
    from children_of_members

)

select * from with_newest_first
