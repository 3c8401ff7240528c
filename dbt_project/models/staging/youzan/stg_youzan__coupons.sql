with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, coupon_group_id, taken_at, fans_token
            order by
                -- what is used was not before
                used_at desc nulls last,
                is_used desc nulls last,
                _row_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'youzan__coupons') }}

),

newest as (

    select
        -- ids; who took it is known by another identifier than customers are
        channel_code || '|' || coupon_group_id
        || '|' || cast(taken_at as varchar)
        || '|' || {{ customer_key('channel_code', 'fans_token') }} as coupon_key,
        channel_code || '|' || coupon_group_id as coupon_group_key,
        coupon_group_id,
        brand_code,
        channel_code,
        account_id,
        fans_token,
        phone_token,
        {{ order_key('channel_code', 'order_id') }} as order_key,
        order_id,

        -- what it is
        is_used,

        -- timestamps (UTC)
        taken_at,
        used_at,

        -- does it count
        is_excluded,
        exclusion_reason,

        -- the pipeline's own
        _load_id,
        _source_row
    from versions
    where version_rank = 1

)

select * from newest
