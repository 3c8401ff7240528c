{{ config(materialized='table') }}

with

resolved as (

    select * from {{ ref('int_identity_resolved') }}

),

members_of_customers as (

    select
        'm' || {{ short_hash('identifier') }} as customer_key,
        member_id
    from resolved
    where
        record_type = 'member'
        and split_part(identifier, '|', 1) = 'customer'
        and valid_to is null

),

-- most are alone, and models fall back to the customer's key
not_named_by_their_key as (

    select * from members_of_customers
    where member_id <> customer_key

)

select * from not_named_by_their_key
