{{ config(materialized='table') }}

with

consents as (

    select * from {{ ref('fct_consents') }}

),

contact_channels as (

    select contact_channel from {{ ref('contact_channels') }}

    union distinct

    select contact_channel from consents
    where contact_channel <> 'any'

),

-- what was said of any way of contact was said of each
decisions as (

    select
        consents.brand_code,
        consents.member_id,
        consents.customer_key,
        consents.purpose,
        contact_channels.contact_channel,
        consents.is_granted,
        consents.consent_source,
        consents.decided_at,
        consents.expires_date
    from consents
    inner join contact_channels
        on
            consents.contact_channel = contact_channels.contact_channel
            or consents.contact_channel = 'any'

),

decisions_ranked as (

    select
        *,
        row_number() over (
            partition by brand_code, customer_key, purpose, contact_channel
            order by
                decided_at desc,
                is_granted asc,
                expires_date asc nulls last,
                consent_source asc
        ) as recency_rank
    from decisions

),

accounts as (

    select
        brand_code,
        member_id,
        customer_key,
        purpose,
        contact_channel,
        consent_source,
        decided_at,
        case
            when not is_granted then 'withdrawn'
            when expires_date <= {{ as_of_date() }} then 'expired'
            else 'granted'
        end as consent_status,
        expires_date
    from decisions_ranked
    where recency_rank = 1

),

-- a withdrawal holds for the whole person, until the account that withdrew grants again
accounts_ranked as (

    select
        *,
        row_number() over (
            partition by brand_code, member_id, purpose, contact_channel
            order by
                (consent_status = 'withdrawn') desc,
                (consent_status = 'granted') desc,
                decided_at desc,
                expires_date desc nulls first,
                consent_source asc,
                customer_key asc
        ) as word_rank,
        count(*) over (
            partition by brand_code, member_id, purpose, contact_channel
        ) as account_count
    from accounts

),

persons as (

    select
        brand_code,
        member_id,
        purpose,
        contact_channel,
        {{ as_of_date() }} as as_of_date,
        consent_status = 'granted' as is_consented,
        consent_status,
        decided_at,
        expires_date,
        consent_source,
        cast(account_count as integer) as account_count
    from accounts_ranked
    where word_rank = 1

)

select * from persons
