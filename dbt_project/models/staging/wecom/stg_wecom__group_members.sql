with

-- all observations stay: episodes and the current list are made of them
observations as (

    select
        *,
        row_number() over (
            partition by account_id, chat_id, member_token, _observed_at
            order by _row_hash desc, _load_id asc, _source_row asc
        ) as landing_rank
    from {{ source('raw', 'wecom__group_members') }}

),

one_each as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'chat_id') }} as group_key,
        chat_id,
        brand_code,
        channel_code,
        account_id,
        -- an employee is no customer
        case
            when member_type = 2 then {{ customer_key('channel_code', 'member_token') }}
        end as customer_key,
        member_token,
        unionid_token,
        {{ account_key('channel_code', 'account_id', 'inviter_userid') }} as inviter_guide_key,

        -- how they came
        member_type,
        join_scene,
        state,

        -- timestamps (UTC)
        joined_at,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where landing_rank = 1

)

select * from one_each
