with

loads as (

    select
        *,
        {{ add_days(business_date('window_end'), -1) }} as window_date
    from {{ ref('stg_siyu__loads') }}

),

observations as (

    select
        channel,
        account_id,
        stream,
        observed_at,
        max(window_date) as window_date,
        -- what a refused item would have held is not known to be gone
        bool_or(is_complete and skipped_count = 0) as is_complete
    from loads
    -- a night reads the list after midnight, for the day before
    where window_date <= {{ as_of_date() }}
    group by channel, account_id, stream, observed_at

)

select * from observations
