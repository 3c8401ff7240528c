with

guides as (

    select
        *,
        -- two tills may list one guide
        row_number() over (
            partition by brand_code, guide_id
            order by updated_at desc nulls last, channel_code asc
        ) as list_rank
    from {{ ref('stg_files__guides') }}
    where
        not is_excluded
        and (joined_on is null or joined_on <= {{ as_of_date() }})

),

pos_guides as (

    select
        brand_code,
        guide_id as guide_code,
        store_id as store_code,
        case
            when is_part_time then 'part_time'
            when not is_part_time then 'full_time'
        end as employment_kind,
        joined_on,
        case when left_on <= {{ as_of_date() }} then left_on end as left_on
    from guides
    where list_rank = 1

)

select * from pos_guides
