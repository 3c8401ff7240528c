with

scans as (

    select
        *,
        {{ business_date('scanned_at') }} as scanned_date
    from {{ ref('stg_files__scans') }}
    where not is_excluded

),

members_of_customers as (

    select * from {{ ref('int_members_of_customers') }}

),

scans_that_happened as (

    select
        -- ids
        scans.scan_key,
        scans.brand_code,
        scans.channel_code,
        coalesce(members_of_customers.member_id, scans.customer_key) as member_id,
        scans.campaign_code,
        scans.event_id,

        -- timestamps (UTC) and business dates
        scans.scanned_at,
        scans.scanned_date
    from scans
    left join members_of_customers
        on scans.customer_key = members_of_customers.customer_key
    where scans.scanned_date <= {{ as_of_date() }}

)

select * from scans_that_happened
