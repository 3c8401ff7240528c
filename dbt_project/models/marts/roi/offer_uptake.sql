with

level_offers as (

    select * from {{ ref('level_offers') }}

),

current_tags as (

    select * from {{ ref('member_tag') }}
    where is_current

),

lines as (

    select * from {{ ref('fct_order_lines') }}

),

orders as (

    select * from {{ ref('fct_orders') }}

),

levels as (

    select distinct
        tag_name,
        tag_value
    from level_offers

),

-- of several levels of one test the newest is the person's, so that nobody gets another one's offer
newest_first as (

    select
        current_tags.brand_code,
        current_tags.member_id,
        current_tags.tag_name,
        current_tags.tag_value,
        current_tags.valid_from,
        row_number() over (
            partition by current_tags.brand_code, current_tags.member_id, current_tags.tag_name
            order by current_tags.valid_from desc, current_tags.tag_value asc
        ) as recency_rank
    from current_tags
    inner join levels
        on
            current_tags.tag_name = levels.tag_name
            and current_tags.tag_value = levels.tag_value

),

recommended as (

    select * from newest_first
    where recency_rank = 1

),

-- bought since the person has the level
accepted as (

    select distinct
        recommended.brand_code,
        recommended.member_id,
        recommended.tag_name
    from recommended
    inner join level_offers
        on
            recommended.tag_name = level_offers.tag_name
            and recommended.tag_value = level_offers.tag_value
    inner join lines
        on level_offers.product_key = lines.product_key
    inner join orders
        on
            lines.order_key = orders.order_key
            and recommended.brand_code = orders.brand_code
            and recommended.member_id = orders.member_id
            and recommended.valid_from <= orders.paid_date
    where
        orders.is_valid
        and not lines.is_excluded

),

counted as (

    select
        recommended.brand_code,
        recommended.tag_name,
        recommended.tag_value,
        {{ as_of_date() }} as as_of_date,
        count(*) as recommended_count,
        count(accepted.member_id) as accepted_count,
        {{ ratio('count(accepted.member_id)', 'count(*)') }} as uptake_rate
    from recommended
    left join accepted
        on
            recommended.brand_code = accepted.brand_code
            and recommended.member_id = accepted.member_id
            and recommended.tag_name = accepted.tag_name
    group by recommended.brand_code, recommended.tag_name, recommended.tag_value

)

select * from counted
