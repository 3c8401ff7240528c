-- A way of contact that member_360 allows for marketing is one that the person has consented to.
with

allowed as (

    select
        member_360.member_id,
        member_360.brand_code,
        unnest(string_split(member_360.marketing_contact_channels, ',')) as contact_channel
    from candidate.member_360

),

consented as (

    select
        member_consent.member_id,
        member_consent.brand_code,
        member_consent.contact_channel
    from candidate.member_consent
    where
        member_consent.purpose = 'marketing'
        and member_consent.is_consented
        and member_consent.consent_status = 'granted'

)

select allowed.member_id
from allowed
left join consented
    on
        allowed.member_id = consented.member_id
        and allowed.brand_code = consented.brand_code
        and allowed.contact_channel = consented.contact_channel
where consented.member_id is null
