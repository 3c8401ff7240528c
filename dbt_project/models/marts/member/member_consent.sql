with

consents as (

    select * from {{ ref('int_member_consents') }}

),

published as (

    select
        brand_code,
        member_id,
        purpose,
        contact_channel,
        as_of_date,
        is_consented,
        consent_status,
        decided_at,
        expires_date,
        consent_source,
        account_count
    from consents

)

select * from published
