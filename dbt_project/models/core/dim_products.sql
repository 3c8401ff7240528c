with

order_lines as (

    select * from {{ ref('int_order_lines_conformed') }}

),

known_lines as (

    select * from {{ ref('fct_order_lines') }}

),

refunds as (

    select * from {{ ref('fct_refunds') }}

),

known_products as (

    select product_key
    from known_lines

    union

    select product_key
    from refunds
    where product_key is not null

),

namings as (

    select
        product_key,
        product_name,
        category,
        max(coalesce(paid_at, ordered_at)) as last_named_at
    from order_lines
    group by product_key, product_name, category

),

-- the newest name wins; a line without a name does not take one away
newest_naming as (

    select
        *,
        row_number() over (
            partition by product_key
            order by
                product_name is null asc,
                last_named_at desc nulls last,
                product_name asc,
                category asc
        ) as naming_rank
    from namings

),

products as (

    select
        known_products.product_key,
        split_part(known_products.product_key, '|', 1) as channel_code,
        substr(
            known_products.product_key, strpos(known_products.product_key, '|') + 1
        ) as product_code,
        newest_naming.product_name,
        newest_naming.category
    from known_products
    left join newest_naming
        on
            known_products.product_key = newest_naming.product_key
            and newest_naming.naming_rank = 1

)

select * from products
