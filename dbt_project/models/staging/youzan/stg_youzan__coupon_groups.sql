with

observations as (

    select
        *,
        row_number() over (
            partition by channel_code, coupon_group_id, _observed_at
            order by _row_hash desc, _load_id asc, _source_row asc
        ) as repetition
    from {{ source('raw', 'youzan__coupon_groups') }}

),

once_each as (

    select
        -- ids
        channel_code || '|' || coupon_group_id as coupon_group_key,
        coupon_group_id,
        brand_code,
        channel_code,
        account_id,

        -- what it gives; discount 88 is 12 % off, as the platform writes it
        title,
        'CNY' as currency_code,
        value_amount,
        discount,

        -- counts
        printed_count,
        left_count,
        taken_count,
        used_count,

        -- does it count
        is_excluded,
        exclusion_reason,

        -- the pipeline's own
        _observed_at,
        _load_id,
        _source_row
    from observations
    where repetition = 1

)

select * from once_each
