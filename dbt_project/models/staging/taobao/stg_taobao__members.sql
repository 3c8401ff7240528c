with

observations as (

    select
        *,
        row_number() over (
            partition by channel_code, customer_token
            order by _observed_at desc, _row_hash desc, _load_id asc, _source_row asc
        ) as observation_rank
    from {{ source('raw', 'taobao__members') }}

),

newest as (

    select
        -- ids
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        customer_token,
        brand_code,
        channel_code,
        account_id,

        -- the membership, in the platform's words; level 0: a buyer who is no member
        level,
        level_name,
        member_status,
        relation_source,
        group_ids,

        -- what they bought and did not, as the platform counts
        order_count,
        item_count,
        closed_count,
        'CNY' as currency_code,
        order_amount,
        closed_amount,

        -- timestamps (UTC)
        last_ordered_at,

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
