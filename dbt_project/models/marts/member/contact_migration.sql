with

contacts as (

    select * from {{ ref('fct_listed_contacts') }}
    where list_source = 'personal_account'

),

relations as (

    select * from {{ ref('fct_relations') }}

),

friends as (

    select distinct
        brand_code,
        member_id
    from relations
    where
        is_open
        and relation_type = 'friend'

),

-- a person in several lists is one person of all of them together
listed as (

    select distinct
        brand_code,
        holder_id,
        member_id
    from contacts

    union all

    select distinct
        brand_code,
        'all' as holder_id,
        member_id
    from contacts

),

counted as (

    select
        listed.brand_code,
        listed.holder_id,
        {{ as_of_date() }} as as_of_date,
        count(*) as contact_count,
        count(friends.member_id) as migrated_count,
        count(*) - count(friends.member_id) as remaining_count,
        {{ ratio('count(friends.member_id)', 'count(*)') }} as migration_rate
    from listed
    left join friends
        on
            listed.brand_code = friends.brand_code
            and listed.member_id = friends.member_id
    group by listed.brand_code, listed.holder_id

)

select * from counted
