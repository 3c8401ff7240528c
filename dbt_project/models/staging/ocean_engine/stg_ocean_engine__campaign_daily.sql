with

observations as (

    select
        *,
        row_number() over (
            partition by channel_code, account_id, stat_date, project_id
            -- figures move for days
            order by _observed_at desc, _row_hash desc, _load_id asc, _source_row asc
        ) as observation_rank
    from {{ source('raw', 'ocean_engine__campaign_daily') }}

),

newest as (

    select
        -- ids
        channel_code || '|' || account_id || '|' || project_id || '|' || cast(stat_date as varchar)
            as campaign_day_key,
        brand_code,
        channel_code,
        account_id,
        project_id,
        project_name,

        -- what was spent; the platform knows yuan alone
        'CNY' as currency_code,
        cost_amount,

        -- counts
        impression_count,
        click_count,
        conversion_count,
        wecom_add_count,
        wecom_unfriend_count,

        -- dates
        stat_date,

        -- does it count
        is_excluded,
        exclusion_reason,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where observation_rank = 1

)

select * from newest
