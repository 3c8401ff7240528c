with

repetitions as (

    select
        *,
        row_number() over (
            partition by channel_code, customer_token, changed_at, points, points_after
            order by _row_hash desc, _load_id asc, _source_row asc
        ) as repetition
    from {{ source('raw', 'youzan__points_changes') }}

),

one_each as (

    select
        -- ids
        {{ customer_key('channel_code', 'customer_token') }}
        || '|' || cast(changed_at as varchar) || '|' || points || '|' || points_after
            as points_change_key,
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        customer_token,
        brand_code,
        channel_code,
        account_id,

        -- points
        points,
        points_after,

        -- timestamps (UTC)
        changed_at,
        expires_at,

        -- does it count
        is_excluded,
        exclusion_reason,

        -- the pipeline's own
        _load_id,
        _source_row
    from repetitions
    where repetition = 1

)

select * from one_each
