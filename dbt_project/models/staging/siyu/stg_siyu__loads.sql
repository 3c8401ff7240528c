with

published as (

    select * from {{ source('raw', 'published_loads') }}

),

loads as (

    select
        -- ids
        load_id,
        channel,
        account_id,
        stream,

        -- its place in the order of landing; whether readers see it already
        sequence,
        load_id in (select published.load_id from published) as is_published,

        -- what was read of an API, to its end or not
        is_complete,
        skipped_count,

        -- timestamps (UTC): the window is half-open; observed_at is when its reading began
        window_start,
        window_end,
        observed_at,
        landed_at
    from {{ source('raw', 'loads') }}

)

select * from loads
