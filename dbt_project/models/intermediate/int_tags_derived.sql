-- Rules of analysts: each is a CTE with the columns of a tag, and a branch of the union below.
with

members as (

    select * from {{ ref('dim_members') }}

),

categories as (

    select * from {{ ref('int_member_categories') }}

),

bought_category as (

    select
        members.brand_code,
        members.member_id,
        'bought_category' as tag_name,
        categories.category as tag_value,
        'derived' as tag_method,
        'orders' as tag_source,
        cast(null as varchar) as message_id,
        categories.first_bought_date as valid_from,
        cast(null as date) as valid_to
    from categories
    inner join members
        on categories.member_id = members.member_id
    where members.is_known

),

derived as (

    select * from bought_category

)

select * from derived
