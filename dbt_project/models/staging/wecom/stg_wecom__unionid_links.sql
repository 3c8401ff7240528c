with

versions as (

    select
        *,
        row_number() over (
            partition by account_id, unionid_token
            order by
                _observed_at desc,
                -- read in one go: a customer once found was nobody before
                (external_userid_token is not null) desc,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'wecom__unionid_links') }}

),

newest as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'unionid_token') }} as unionid_key,
        brand_code,
        channel_code,
        account_id,
        unionid_token,
        {{ customer_key('channel_code', 'external_userid_token') }} as customer_key,
        external_userid_token,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
