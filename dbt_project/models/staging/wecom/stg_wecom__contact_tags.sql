with

-- all observations stay: episodes and the current list are made of them
observations as (

    select
        *,
        row_number() over (
            partition by account_id, userid, external_userid_token, tag_id, _observed_at
            order by _row_hash desc, _load_id asc, _source_row asc
        ) as landing_rank
    from {{ source('raw', 'wecom__contact_tags') }}

),

one_each as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'userid') }} as guide_key,
        userid,
        brand_code,
        channel_code,
        account_id,
        {{ customer_key('channel_code', 'external_userid_token') }} as customer_key,
        external_userid_token,
        {{ account_key('channel_code', 'account_id', 'tag_id') }} as tag_key,
        tag_id,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where landing_rank = 1

)

select * from one_each
