with

listed as (

    select identifier from {{ ref('identity_blocklist') }}

),
{% if 'wecom' in var('channels') %}

    -- what a guide's own phone is seen with are the guide's customers
    staff_phones as (

        select {{ identifier('phone', "'global'", 'phone_token') }} as identifier
        from {{ ref('stg_wecom__staff') }}
        where phone_token is not null

    ),
{% endif %}

blocklist as (

    select identifier from listed
    {% if 'wecom' in var('channels') %}

        union distinct

        select identifier from staff_phones
    {% endif %}

)

select * from blocklist
