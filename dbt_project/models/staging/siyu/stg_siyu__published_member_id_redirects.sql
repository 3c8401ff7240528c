with

redirects as (

    select
        old_member_id,
        member_id
    from {{ source('raw', 'published_member_id_redirects') }}

)

select * from redirects
