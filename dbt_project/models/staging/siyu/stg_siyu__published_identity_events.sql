with

events as (

    select
        event_number,
        as_of_date,
        event,
        from_member_id,
        to_member_id,
        identifier_count,
        reasons
    from {{ source('raw', 'published_fct_identity_events') }}

)

select * from events
