with

tags as (

    select * from {{ ref('stg_files__member_tags') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

tags_of_members as (

    select
        tags.brand_code,
        tags.channel_code,
        coalesce(members_of_customers.member_id, tags.customer_key) as member_id,
        tags.tag_name,
        tags.tag_value,
        'imported' as tag_method,
        tags.tag_source,
        tags.message_id,
        {{ business_date('tags.tagged_at') }} as valid_from,
        {{ business_date('tags.removed_at') }} as valid_to
    from tags
    left join members_of_customers
        on tags.customer_key = members_of_customers.customer_key
    where not tags.is_excluded

),

tags_that_were_put_on as (

    select * from tags_of_members
    where valid_from <= {{ as_of_date() }}

)

select * from tags_that_were_put_on
