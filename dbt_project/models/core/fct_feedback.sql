with

reviews as (

    {% if 'taobao' in var('channels') %}
        select
            review_key,
            brand_code,
            channel_code,
            order_key,
            line_id,
            customer_key,
            rating,
            is_counted,
            reviewed_at,
            is_excluded
        from {{ ref('stg_taobao__reviews') }}
    {% else %}
    {{ no_rows({
        'review_key': 'varchar',
        'brand_code': 'varchar',
        'channel_code': 'varchar',
        'order_key': 'varchar',
        'line_id': 'varchar',
        'customer_key': 'varchar',
        'rating': 'varchar',
        'is_counted': 'boolean',
        'reviewed_at': 'timestamp',
        'is_excluded': 'boolean',
    }) }}
    {% endif %}

),

source_lines as (

    select
        order_key,
        line_id,
        min(line_number) as line_number
    from {{ ref('int_order_lines_conformed') }}
    group by order_key, line_id

),

order_lines as (

    select * from {{ ref('fct_order_lines') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

reviews_dated as (

    select
        *,
        {{ business_date('reviewed_at') }} as feedback_date
    from reviews

),

feedback as (

    select
        -- ids
        reviews_dated.review_key as feedback_key,
        reviews_dated.brand_code,
        reviews_dated.channel_code,
        reviews_dated.order_key,
        order_lines.order_line_key,
        order_lines.product_key,
        coalesce(
            members_of_customers.member_id,
            reviews_dated.customer_key,
            order_lines.member_id,
            'unknown'
        ) as member_id,

        -- what was said
        case
            when reviews_dated.rating in ('good', 'neutral', 'bad') then reviews_dated.rating
        end as rating,
        reviews_dated.is_counted,

        -- timestamps (UTC) and business dates
        reviews_dated.reviewed_at as feedback_at,
        reviews_dated.feedback_date
    from reviews_dated
    left join members_of_customers
        on reviews_dated.customer_key = members_of_customers.customer_key
    left join source_lines
        on
            reviews_dated.order_key = source_lines.order_key
            and reviews_dated.line_id = source_lines.line_id
    left join order_lines
        on
            source_lines.order_key = order_lines.order_key
            and source_lines.line_number = order_lines.line_number
    where
        not reviews_dated.is_excluded
        and reviews_dated.feedback_date <= {{ as_of_date() }}

)

select * from feedback
