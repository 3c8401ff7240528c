{%- set window_days = var('rfm_window_days') | max -%}

with

members as (

    select * from {{ ref('dim_members') }}

),

sightings as (

    select * from {{ ref('int_member_sightings') }}

),

relations as (

    select * from {{ ref('fct_relations') }}

),

consents as (

    select * from {{ ref('member_consent') }}

),

current_tags as (

    select * from {{ ref('member_tag') }}
    where is_current

),

current_levels as (

    select * from {{ ref('member_level_hist') }}
    where is_current

),

acquisitions as (

    select * from {{ ref('int_member_acquisitions') }}

),

referrers as (

    select * from {{ ref('int_member_referrers') }}

),

consults as (

    select * from {{ ref('fct_consults') }}

),

phone_only as (

    select * from {{ ref('int_member_phone_only') }}

),

nurtured as (

    select * from {{ ref('int_member_nurture') }}

),

topic_groups as (

    select * from {{ ref('topic_groups') }}

),

rfm as (

    select * from {{ ref('member_rfm') }}

),

account_roles as (

    select * from {{ ref('int_member_account_roles') }}

),

categories as (

    select * from {{ ref('int_member_categories') }}

),

purchase_days as (

    select * from {{ ref('int_member_purchase_days') }}

),

channels_per_member as (

    select
        member_id,
        count(distinct channel_code) as linked_channel_count
    from sightings
    group by member_id

),

open_relations_per_member as (

    select
        member_id,
        count(distinct guide_key) as open_guide_count,
        count(distinct group_key) as open_group_count
    from relations
    where is_open
    group by member_id

),

-- what was said to another brand does not help the one that knows the person
marketing_consents_per_member as (

    select
        brand_code,
        member_id,
        string_agg(contact_channel, ',' order by contact_channel) filter (where is_consented)
            as contact_channels,
        bool_or(consent_status = 'withdrawn') as has_withdrawal
    from consents
    where purpose = 'marketing'
    group by brand_code, member_id

),

tags_per_member as (

    select
        member_id,
        count(*) as tag_count
    from current_tags
    group by member_id

),

paid_memberships_per_member as (

    select
        brand_code,
        member_id,
        -- one without an end outlasts the others
        case when count(*) = count(planned_end_date) then max(planned_end_date) end
            as paid_member_until
    from current_levels
    where is_paid
    group by brand_code, member_id

),

consulters as (

    select distinct member_id
    from consults

),

-- in a group of a topic today, and holding its tag
topic_members as (

    select distinct relations.member_id
    from relations
    inner join topic_groups
        on relations.group_key = topic_groups.group_key
    inner join current_tags
        on
            relations.member_id = current_tags.member_id
            and topic_groups.tag_name = current_tags.tag_name
            and topic_groups.tag_value = current_tags.tag_value
    where relations.is_open

),

categories_per_member as (

    select
        member_id,
        max(case when amount_rank = 1 then category end) as main_category,
        count(*) filter (
            where {{ days_between('last_bought_date', as_of_date()) }} < {{ window_days }}
        ) as category_count,
        count(distinct product_type) filter (
            where {{ days_between('last_bought_date', as_of_date()) }} < {{ var('cross_buy_days') }}
        ) as product_type_count
    from categories
    group by member_id

),

gaps_per_member as (

    select
        member_id,
        count(*) as purchase_day_count,
        max(paid_date) as last_purchase_date,
        {{ quantile('gap_days', 0.5) }} as median_gap_days,
        -- what would have been expected before the last purchase, and what came
        max(case when is_last then gap_days end) as last_gap_days,
        {{ quantile('case when not is_last then gap_days end', 0.5) }} as earlier_median_gap_days
    from purchase_days
    group by member_id

),

gaps_per_category as (

    select
        members.brand_code,
        categories_per_member.main_category,
        {{ quantile('purchase_days.gap_days', 0.5) }} as median_gap_days
    from purchase_days
    inner join categories_per_member
        on purchase_days.member_id = categories_per_member.member_id
    inner join members
        on purchase_days.member_id = members.member_id
    where purchase_days.gap_days is not null
    group by members.brand_code, categories_per_member.main_category
    having count(*) >= {{ var('next_order_category_gaps') }}

),

gathered as (

    select
        members.*,
        channels_per_member.linked_channel_count,
        coalesce(open_relations_per_member.open_guide_count, 0) as open_guide_count,
        coalesce(open_relations_per_member.open_group_count, 0) as open_group_count,
        coalesce(tags_per_member.tag_count, 0) as tag_count,
        topic_members.member_id is not null as is_topic_member,
        referrers.member_id is not null as is_referrer,
        consulters.member_id is not null as has_consulted,
        phone_only.is_phone_only,
        coalesce(account_roles.account_role, 'end_consumer') as account_role,
        nurtured.is_open as is_nurture_open,
        {{ ratio('nurtured.service_touch_count', 'nurtured.sales_touch_count') }} as nurture_ratio,
        acquisitions.acquisition_scheme,
        acquisitions.acquisition_method,
        paid_memberships_per_member.member_id is not null as is_paid_member,
        paid_memberships_per_member.paid_member_until,
        coalesce(categories_per_member.product_type_count = 2, false) as is_cross_buyer,
        coalesce(
            of_window.spend_rank
            <= ceil({{ exact_share('private_partner_share') }} * of_window.buyer_count),
            false
        ) as is_top_spender,
        marketing_consents_per_member.contact_channels,
        coalesce(marketing_consents_per_member.has_withdrawal, false) as has_withdrawal,
        coalesce(lifetime.net_amount, 0) as lifetime_net_amount,
        coalesce(of_window.order_count, 0) as order_count,
        coalesce(of_window.net_amount, 0) as net_amount,
        of_window.segment_code,
        of_window.segment_label_en,
        of_window.segment_label_zh,
        coalesce(of_window.is_super_user, false) as is_super_user,
        coalesce(of_window.is_priority_care, false) as is_priority_care,
        categories_per_member.main_category,
        -- orders of which no category is known say nothing about how many there were
        case
            when of_window.order_count is null then 0
            else nullif(categories_per_member.category_count, 0)
        end as category_count,
        gaps_per_member.last_purchase_date,
        case
            when gaps_per_member.purchase_day_count >= {{ var('next_order_minimum_purchases') }}
                then 'member'
            when gaps_per_category.median_gap_days is not null then 'category'
        end as gap_basis,
        gaps_per_member.median_gap_days as member_gap_days,
        gaps_per_category.median_gap_days as category_gap_days,
        case
            when gaps_per_member.purchase_day_count > {{ var('next_order_minimum_purchases') }}
                then
                    gaps_per_member.last_gap_days
                    - round(gaps_per_member.earlier_median_gap_days)
        end as backtest_error_days
    from members
    left join channels_per_member
        on members.member_id = channels_per_member.member_id
    left join open_relations_per_member
        on members.member_id = open_relations_per_member.member_id
    left join referrers
        on members.member_id = referrers.member_id
    left join consulters
        on members.member_id = consulters.member_id
    left join phone_only
        on members.member_id = phone_only.member_id
    left join account_roles
        on
            members.brand_code = account_roles.brand_code
            and members.member_id = account_roles.member_id
    left join nurtured
        on members.member_id = nurtured.member_id
    left join acquisitions
        on members.member_id = acquisitions.member_id
    left join tags_per_member
        on members.member_id = tags_per_member.member_id
    left join topic_members
        on members.member_id = topic_members.member_id
    left join paid_memberships_per_member
        on
            members.member_id = paid_memberships_per_member.member_id
            and members.brand_code = paid_memberships_per_member.brand_code
    left join marketing_consents_per_member
        on
            members.member_id = marketing_consents_per_member.member_id
            and members.brand_code = marketing_consents_per_member.brand_code
    left join rfm as lifetime
        on
            members.member_id = lifetime.member_id
            and lifetime.rfm_window = 'lifetime'
    left join rfm as of_window
        on
            members.member_id = of_window.member_id
            and of_window.rfm_window = '{{ window_days }}d'
    left join categories_per_member
        on members.member_id = categories_per_member.member_id
    left join gaps_per_member
        on members.member_id = gaps_per_member.member_id
    left join gaps_per_category
        on
            members.brand_code = gaps_per_category.brand_code
            and categories_per_member.main_category = gaps_per_category.main_category
    where members.is_known

),

with_gap as (

    select
        *,
        case
            when gap_basis = 'member' then round(member_gap_days)
            -- who never bought is not expected again
            when gap_basis = 'category' then round(category_gap_days)
        end as usual_gap_days
    from gathered

),

with_expectation as (

    select
        *,
        {{ add_days('last_purchase_date', 'usual_gap_days') }} as expected_next_order_date
    from with_gap

),

wide as (

    select
        -- ids
        member_id,
        brand_code,
        {{ as_of_date() }} as as_of_date,

        -- where the person is
        channel_code,
        cast(linked_channel_count as integer) as linked_channel_count,
        province,
        home_store_code,
        enrolled_at is not null and unenrolled_at is null as is_enrolled,
        open_guide_count > 0 as is_friend,
        open_group_count > 0 as is_group_member,
        cast(open_guide_count as integer) as open_guide_count,
        cast(open_group_count as integer) as open_group_count,
        owner_guide_key,
        enrolled_at,
        added_at,
        case
            when first_order_at < added_at then 'convert_then_add'
            when first_order_at >= added_at then 'add_then_convert'
        end as conversion_order,
        -- of whom nobody says what brought them, who had bought before was a customer already
        case
            when added_at is null then null
            when coalesce(acquisition_scheme, 'unknown') <> 'unknown' then acquisition_scheme
            when first_order_at < added_at then 'existing_import'
            else 'unknown'
        end as acquisition_scheme,
        case when added_at is not null then acquisition_method end as acquisition_method,

        -- how the person is served
        account_role,
        case
            when is_top_spender and open_guide_count = 1 then 'private_partner'
            when is_topic_member then 'topic'
            when open_guide_count > 0 then 'assistant'
            else 'none'
        end as service_mode,
        is_top_spender and open_guide_count <> 1 as is_partner_exception,
        cast(tag_count as integer) as tag_count,
        is_paid_member,
        paid_member_until,
        is_phone_only,
        nurture_ratio,
        is_nurture_open,

        -- what the person allows
        contact_channels as marketing_contact_channels,
        has_withdrawal as has_withdrawn_marketing,

        -- what the person has bought
        first_order_date,
        last_purchase_date as last_order_date,
        last_seen_date,
        days_since_last_order,
        is_churned,
        lifetime_order_count,
        '{{ var("reporting_currency") }}' as currency_code,
        cast(lifetime_net_amount as numeric(18, 2)) as lifetime_net_amount,
        main_category,
        is_cross_buyer,
        is_referrer,
        case
            when lifetime_order_count >= 2 and (is_referrer or has_consulted) then 3
            when lifetime_order_count >= 1 and main_category is not null then 2
            else 1
        end as relationship_level,

        -- in the widest window of member_rfm
        '{{ window_days }}d' as rfm_window,
        cast(order_count as bigint) as order_count,
        cast(net_amount as numeric(18, 2)) as net_amount,
        cast(category_count as integer) as category_count,
        segment_code,
        segment_label_en,
        segment_label_zh,
        is_super_user,
        is_priority_care,

        -- when the next order may come
        gap_basis,
        cast(usual_gap_days as integer) as usual_gap_days,
        expected_next_order_date,
        case
            when expected_next_order_date < {{ as_of_date() }} then 'overdue'
            when
                {{ days_between(as_of_date(), 'expected_next_order_date') }}
                <= {{ var('next_order_due_days') }}
                then 'due'
            when expected_next_order_date is not null then 'not_due'
        end as next_order_status,
        cast(backtest_error_days as integer) as backtest_error_days
    from with_expectation

)

select * from wide
