with

-- all observations stay: episodes and the current list are made of them
observations as (

    select
        *,
        row_number() over (
            partition by account_id, userid, _observed_at
            order by _row_hash desc, _load_id asc, _source_row asc
        ) as landing_rank
    from {{ source('raw', 'wecom__staff') }}

),

one_each as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'userid') }} as guide_key,
        userid,
        {{ account_key('channel_code', 'account_id', 'main_department_id') }}
            as main_department_key,
        brand_code,
        channel_code,
        account_id,
        phone_token,
        email_token,

        -- what they are
        job_title,
        staff_status,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where landing_rank = 1

)

select * from one_each
