with

versions as (

    select
        *,
        row_number() over (
            partition by channel_code, customer_token
            order by
                updated_at desc nulls last,
                -- without a change time: who left had enrolled, who enrolled had not before
                (unenrolled_at is not null) desc,
                (enrolled_at is not null) desc,
                (added_at is not null) desc,
                _group_hash desc,
                _load_id asc,
                _source_row asc
        ) as version_rank
    from {{ source('raw', 'files__customers') }}

),

newest as (

    select
        -- ids
        {{ customer_key('channel_code', 'customer_token') }} as customer_key,
        {{ identifier('customer', 'channel_code', 'customer_token') }} as identifier,
        brand_code,
        channel_code,

        -- attributes
        province,
        store_id,

        -- what the customer told, to be compared with what another told
        full_name_token,
        birth_date_token,
        address_token,

        -- timestamps (UTC)
        enrolled_at,
        unenrolled_at,
        added_at,
        updated_at,

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
