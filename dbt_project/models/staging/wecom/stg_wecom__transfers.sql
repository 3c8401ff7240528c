with

versions as (

    select
        *,
        row_number() over (
            partition by account_id, handover_userid, takeover_userid, external_userid_token
            order by
                _observed_at desc,
                -- read in one go: what is done was waiting before
                (transfer_status = 1) desc,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'wecom__transfers') }}

),

newest as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'handover_userid') }} as handover_guide_key,
        handover_userid,
        {{ account_key('channel_code', 'account_id', 'takeover_userid') }} as takeover_guide_key,
        takeover_userid,
        brand_code,
        channel_code,
        account_id,
        {{ customer_key('channel_code', 'external_userid_token') }} as customer_key,
        external_userid_token,

        -- state
        transfer_status,

        -- timestamps (UTC)
        taken_over_at,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
