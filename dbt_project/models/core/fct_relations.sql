with

relations as (

    select * from {{ ref('int_relations_conformed') }}

),

relations_that_began as (

    select
        -- ids
        relation_key,
        relation_type,
        brand_code,
        channel_code,
        account_id,
        member_id,
        guide_key,
        group_key,
        episode_number,

        -- how it came about
        add_way,
        acquisition_kind,
        entry_parameter,

        -- timestamps (UTC), and what is known of them
        started_at,
        is_start_known,
        first_seen_at,
        last_seen_at,
        ended_before,
        ended_before is null as is_open,
        is_gap
    from relations
    where
        -- a reading for as_of_date is made after midnight, and knows who came since
        not is_start_known
        or {{ business_date('started_at') }} <= {{ as_of_date() }}

)

select * from relations_that_began
