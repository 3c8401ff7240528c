with

touches as (

    select * from {{ ref('fct_touches') }}
    where
        not is_holdout
        and product_stage is not null

),

product_stages as (

    select * from {{ ref('product_stages') }}

),

children as (

    select * from {{ ref('int_member_children') }}
    where recency_rank = 1

),

-- relevant to somebody with one child inside the range, whatever the ages of the others
judged as (

    select
        touches.touch_key,
        touches.brand_code,
        touches.product_stage,
        bool_or(
            {{ months_between('children.birth_month', 'touches.touched_date') }}
            between product_stages.from_months and product_stages.to_months
        ) as is_relevant
    from touches
    inner join product_stages
        on touches.product_stage = product_stages.product_stage
    left join children
        on
            touches.brand_code = children.brand_code
            and touches.member_id = children.member_id
    group by touches.touch_key, touches.brand_code, touches.product_stage

),

counted as (

    select
        brand_code,
        product_stage,
        {{ as_of_date() }} as as_of_date,
        count(*) as touch_count,
        count(is_relevant) as known_age_count,
        count(*) - count(is_relevant) as unknown_age_count,
        count(*) filter (where not is_relevant) as irrelevant_count,
        {{ ratio('count(*) filter (where not is_relevant)', 'count(is_relevant)') }}
            as irrelevant_rate
    from judged
    group by brand_code, product_stage

)

select * from counted
