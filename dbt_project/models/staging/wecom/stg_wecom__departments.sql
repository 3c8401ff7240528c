with

-- all observations stay: episodes and the current list are made of them
observations as (

    select
        *,
        row_number() over (
            partition by account_id, department_id, _observed_at
            order by _row_hash desc, _load_id asc, _source_row asc
        ) as landing_rank
    from {{ source('raw', 'wecom__departments') }}

),

one_each as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'department_id') }} as department_key,
        department_id,
        {{ account_key('channel_code', 'account_id', 'parent_department_id') }}
            as parent_department_key,
        brand_code,
        channel_code,
        account_id,

        -- what it is
        department_name,
        position,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where landing_rank = 1

)

select * from one_each
