with

-- all observations stay: episodes and the current list are made of them
observations as (

    select
        *,
        row_number() over (
            partition by account_id, handover_userid, external_userid_token, _observed_at
            order by _row_hash desc, _load_id asc, _source_row asc
        ) as landing_rank
    from {{ source('raw', 'wecom__unassigned_contacts') }}

),

one_each as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'handover_userid') }} as handover_guide_key,
        handover_userid,
        brand_code,
        channel_code,
        account_id,
        {{ customer_key('channel_code', 'external_userid_token') }} as customer_key,
        external_userid_token,

        -- timestamps (UTC)
        left_at,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where landing_rank = 1

)

select * from one_each
