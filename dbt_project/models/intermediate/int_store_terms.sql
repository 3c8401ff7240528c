with

terms as (

    select
        *,
        -- two tills may list one store
        row_number() over (
            partition by brand_code, store_id, valid_from
            order by updated_at desc nulls last, channel_code asc
        ) as list_rank
    from {{ ref('stg_files__stores') }}
    where
        not is_excluded
        and valid_from <= {{ as_of_date() }}

),

store_terms as (

    select
        -- ids
        brand_code || '|' || store_id as store_key,
        brand_code,
        store_id as store_code,

        -- what it is
        store_name,
        region,
        province,
        city,

        -- what it has and costs in this term, in the currency of the row
        area_m2,
        currency_code,
        monthly_rent_amount,

        -- dates
        valid_from,
        lead(valid_from) over (
            partition by brand_code, store_id order by valid_from
        ) as valid_before,
        opened_on,
        case when closed_on <= {{ as_of_date() }} then closed_on end as closed_on
    from terms
    where list_rank = 1

)

select * from store_terms
