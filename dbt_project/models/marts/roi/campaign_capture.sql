with

scans as (

    select * from {{ ref('fct_scans') }}

),

relations as (

    select * from {{ ref('fct_relations') }}

),

customers as (

    select * from {{ ref('int_customers_conformed') }}

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

members as (

    select * from {{ ref('dim_members') }}

),

-- a person who scans again is one scanner
scanners as (

    select
        brand_code,
        campaign_code,
        member_id,
        count(*) as scan_count,
        min(scanned_at) as first_scanned_at,
        {{ add_hours_to_timestamp('min(scanned_at)', var('capture_hours')) }} as captured_before,
        count(event_id) > 0 as is_at_event
    from scans
    group by brand_code, campaign_code, member_id

),

friends as (

    select
        member_id,
        min(case when is_start_known then started_at else first_seen_at end) as friend_at
    from relations
    where relation_type = 'friend'
    group by member_id

),

followers as (

    select
        coalesce(members_of_customers.member_id, customers.customer_key) as member_id,
        min(customers.added_at) as follower_at
    from customers
    left join members_of_customers
        on customers.customer_key = members_of_customers.customer_key
    where
        customers.channel_code = 'official_account'
        and not customers.is_excluded
    group by coalesce(members_of_customers.member_id, customers.customer_key)

),

met as (

    select
        scanners.*,
        friends.friend_at <= scanners.captured_before
        and followers.follower_at <= scanners.captured_before
        and members.enrolled_at <= scanners.captured_before as is_triple,
        {{ business_date('scanners.captured_before') }} <= {{ as_of_date() }} as is_mature,
        -- who can be recognised since, and could not before
        coalesce(
            least(friends.friend_at, followers.follower_at, members.enrolled_at)
            >= scanners.first_scanned_at,
            false
        )
        and coalesce(members.first_order_at >= scanners.first_scanned_at, true)
            as is_newly_identified
    from scanners
    inner join members
        on scanners.member_id = members.member_id
    left join friends
        on scanners.member_id = friends.member_id
    left join followers
        on scanners.member_id = followers.member_id

),

events_per_campaign as (

    select
        brand_code,
        campaign_code,
        count(distinct event_id) as event_count
    from scans
    group by brand_code, campaign_code

),

counted as (

    select
        brand_code,
        campaign_code,
        cast(sum(scan_count) as bigint) as scan_count,
        count(*) as scanner_count,
        count(*) filter (where is_newly_identified) as new_identified_count,
        count(*) filter (where is_mature) as mature_scanner_count,
        count(*) filter (where is_mature and is_triple) as triple_enrol_count,
        count(*) filter (where is_at_event) as event_user_count
    from met
    group by brand_code, campaign_code

),

captured as (

    select
        counted.brand_code,
        counted.campaign_code,
        {{ as_of_date() }} as as_of_date,
        counted.scan_count,
        counted.scanner_count,

        -- who can be recognised since
        counted.new_identified_count,
        {{ ratio('counted.new_identified_count', 'counted.scanner_count') }} as capture_rate,

        -- one code, three relations
        counted.mature_scanner_count,
        counted.triple_enrol_count,
        {{ ratio('counted.triple_enrol_count', 'counted.mature_scanner_count') }}
            as triple_enrol_rate,

        -- offline events
        events_per_campaign.event_count,
        counted.event_user_count,
        {{ ratio('counted.event_user_count', 'events_per_campaign.event_count') }}
            as users_per_event
    from counted
    inner join events_per_campaign
        on
            counted.brand_code = events_per_campaign.brand_code
            and counted.campaign_code = events_per_campaign.campaign_code

)

select * from captured
