with

versions as (

    select
        *,
        row_number() over (
            partition by account_id, stat_date, owner_userid
            order by _observed_at desc, _row_hash desc, _load_id asc, _source_row asc
        ) as version_rank
    from {{ source('raw', 'wecom__group_owner_daily') }}

),

newest as (

    select
        -- ids
        {{ account_key('channel_code', 'account_id', 'owner_userid') }} as owner_guide_key,
        owner_userid,
        brand_code,
        channel_code,
        account_id,
        stat_date,

        -- groups
        new_group_count,
        group_count,
        active_group_count,

        -- members
        new_member_count,
        member_count,
        active_member_count,
        message_count,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
