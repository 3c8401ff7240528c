{%- set window_days = var('coverage_window_days') -%}

with

members as (

    select * from {{ ref('member_360') }}

),

brands as (

    select * from {{ ref('dim_brands') }}

),

sightings as (

    select * from {{ ref('int_member_sightings') }}

),

channels as (

    select * from {{ ref('dim_channels') }}

),

touches as (

    select * from {{ ref('fct_touches') }}

),

messages as (

    select * from {{ ref('fct_messages') }}

),

touched_members as (

    select member_id from touches
    where
        not is_holdout
        and {{ days_between('touched_date', as_of_date()) }} < {{ window_days }}

    union distinct

    select member_id from messages
    where {{ days_between('sent_date', as_of_date()) }} < {{ window_days }}

),

owned_members as (

    select distinct sightings.member_id
    from sightings
    inner join members
        on sightings.member_id = members.member_id
    inner join channels
        on
            sightings.channel_code = channels.channel_code
            and members.brand_code = channels.brand_code
    where channels.is_owned

),

passed as (

    select
        members.brand_code,
        (
            members.is_friend
            or members.is_group_member
            or members.added_at is not null
            or members.marketing_contact_channels is not null
        ) as is_reachable,
        members.is_enrolled or members.linked_channel_count >= 2 as is_identified,
        members.tag_count >= 1 as is_tagged,
        members.tag_count >= {{ var('tag_coverage_tags') }} as is_profiled,
        touched_members.member_id is not null as is_touched,
        coalesce(
            {{ days_between(business_date('members.enrolled_at'), as_of_date()) }}
            < {{ window_days }},
            false
        ) as is_new_member,
        coalesce(
            {{ days_between(business_date('members.added_at'), as_of_date()) }}
            < {{ window_days }},
            false
        ) as is_new_follower,
        owned_members.member_id is null as is_platform_only,
        members.is_phone_only,
        case
            when members.service_mode = 'assistant' then members.owner_guide_key
        end as assistant_key,
        members.acquisition_scheme
    from members
    left join touched_members
        on members.member_id = touched_members.member_id
    left join owned_members
        on members.member_id = owned_members.member_id

),

counted as (

    select
        brand_code,
        count(*) as member_count,
        count(*) filter (where is_reachable) as stage_1_raw_count,
        count(*) filter (where is_identified) as stage_2_raw_count,
        count(*) filter (where is_tagged) as stage_3_raw_count,
        count(*) filter (where is_profiled) as stage_4_raw_count,
        count(*) filter (where is_touched) as stage_5_raw_count,
        count(*) filter (where is_reachable and is_identified) as stage_2_count,
        count(*) filter (where is_reachable and is_identified and is_tagged) as stage_3_count,
        count(*) filter (
            where is_reachable and is_identified and is_tagged and is_profiled
        ) as stage_4_count,
        count(*) filter (
            where is_reachable and is_identified and is_tagged and is_profiled and is_touched
        ) as stage_5_count,
        count(*) filter (where is_new_member) as new_member_count,
        count(*) filter (where is_new_follower) as new_follower_count,
        count(*) filter (where is_new_member and is_platform_only)
            as platform_only_new_member_count,
        count(assistant_key) as assisted_count,
        count(distinct assistant_key) as assistant_count,
        count(is_phone_only) as joined_long_ago_count,
        count(*) filter (where is_phone_only) as phone_only_count,
        count(acquisition_scheme) as acquired_count,
        count(*) filter (where acquisition_scheme = 'existing_import') as existing_import_count,
        count(*) filter (where acquisition_scheme = 'referral') as referral_count,
        count(*) filter (where acquisition_scheme = 'public') as public_count,
        count(*) filter (where acquisition_scheme = 'unknown') as unknown_source_count
    from passed
    group by brand_code

),

coverage as (

    select
        brands.brand_code,
        {{ as_of_date() }} as as_of_date,
        {{ window_days }} as window_days,
        coalesce(counted.member_count, 0) as member_count,

        -- members who pass this stage and all before it
        coalesce(counted.stage_1_raw_count, 0) as stage_1_count,
        coalesce(counted.stage_2_count, 0) as stage_2_count,
        coalesce(counted.stage_3_count, 0) as stage_3_count,
        coalesce(counted.stage_4_count, 0) as stage_4_count,
        coalesce(counted.stage_5_count, 0) as stage_5_count,

        -- members who pass this stage, whatever else
        coalesce(counted.stage_1_raw_count, 0) as stage_1_raw_count,
        coalesce(counted.stage_2_raw_count, 0) as stage_2_raw_count,
        coalesce(counted.stage_3_raw_count, 0) as stage_3_raw_count,
        coalesce(counted.stage_4_raw_count, 0) as stage_4_raw_count,
        coalesce(counted.stage_5_raw_count, 0) as stage_5_raw_count,

        -- is enough known to tell members apart
        {{ ratio('counted.stage_4_raw_count', 'counted.member_count') }} as tag_coverage_rate,
        coalesce(
            {{ ratio('counted.stage_4_raw_count', 'counted.member_count') }}
            < {{ exact_share('tag_coverage_floor') }},
            true
        ) as is_tiering_low_confidence,

        -- who came lately
        coalesce(counted.new_member_count, 0) as new_member_count,
        coalesce(counted.new_follower_count, 0) as new_follower_count,
        coalesce(counted.platform_only_new_member_count, 0) as platform_only_new_member_count,
        {{ ratio('counted.platform_only_new_member_count', 'counted.new_member_count') }}
            as platform_only_share,

        -- how many each shopping assistant looks after
        coalesce(counted.assisted_count, 0) as assisted_count,
        coalesce(counted.assistant_count, 0) as assistant_count,
        {{ ratio('counted.assisted_count', 'counted.assistant_count') }} as members_per_assistant,

        -- of whom the brand has a phone and nothing else
        coalesce(counted.phone_only_count, 0) as phone_only_count,
        {{ ratio('counted.phone_only_count', 'counted.joined_long_ago_count') }} as phone_only_rate,

        -- what first brought those who were ever a friend or follower
        coalesce(counted.acquired_count, 0) as acquired_count,
        {{ ratio('counted.existing_import_count', 'counted.acquired_count') }}
            as existing_import_share,
        {{ ratio('counted.referral_count', 'counted.acquired_count') }} as referral_share,
        {{ ratio('counted.public_count', 'counted.acquired_count') }} as public_share,
        {{ ratio('counted.unknown_source_count', 'counted.acquired_count') }}
            as unknown_source_share
    from brands
    left join counted
        on brands.brand_code = counted.brand_code

)

select * from coverage
