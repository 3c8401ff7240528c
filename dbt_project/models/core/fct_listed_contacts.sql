with

contacts as (

    select * from {{ ref('stg_files__contact_lists') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

listed_contacts as (

    select
        -- ids
        contacts.holder_id || '|' || contacts.customer_key as listed_contact_key,
        contacts.brand_code,
        contacts.channel_code,
        contacts.holder_id,
        coalesce(members_of_customers.member_id, contacts.customer_key) as member_id,

        -- where it is from
        contacts.list_source,

        -- timestamps (UTC) and business dates
        contacts.listed_at,
        {{ business_date('contacts.listed_at') }} as listed_date
    from contacts
    left join members_of_customers
        on contacts.customer_key = members_of_customers.customer_key
    where
        not contacts.is_excluded
        and {{ business_date('contacts.listed_at') }} <= {{ as_of_date() }}

)

select * from listed_contacts
