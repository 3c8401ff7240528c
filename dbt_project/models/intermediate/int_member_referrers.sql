{% set has_youzan = 'youzan' in var('channels') %}

with

referrals as (

    select * from {{ ref('fct_referrals') }}

),
{% if has_youzan %}

    salesmen as (

        select
            salesman_key,
            {{ identifier('phone', "'global'", 'phone_token') }} as identifier
        from {{ ref('stg_youzan__salesmen') }}
        where not is_excluded

    ),

    identifiers as (

        select * from {{ ref('dim_member_identifiers') }}

    ),

    -- of a number that went from one to another, who had it then
    owners as (

        select
            identifiers.member_id,
            row_number() over (
                partition by referrals.referral_key
                order by identifiers.valid_to asc nulls last
            ) as owner_rank
        from referrals
        inner join salesmen
            on referrals.salesman_key = salesmen.salesman_key
        inner join identifiers
            on
                salesmen.identifier = identifiers.identifier
                and coalesce(referrals.referred_at < identifiers.valid_to, true)

    ),
{% endif %}

referrers as (

    {% if has_youzan %}
        select distinct member_id
        from owners
        where owner_rank = 1
    {% else %}
        {{ no_rows({'member_id': 'varchar'}) }}
    {% endif %}

)

select * from referrers
