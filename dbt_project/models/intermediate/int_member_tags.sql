{{ config(materialized='table') }}

{%- set has_wecom = 'wecom' in var('channels') -%}
{%- set sources = ['imported_with_consent', 'derived'] + (['wecom'] if has_wecom else []) %}

with

declared as (

    select * from {{ ref('tags') }}

),

consents as (

    select * from {{ ref('int_member_consents') }}
    where
        purpose = 'chat_archive'
        and contact_channel = 'wecom'
        and is_consented

),

imported as (

    select * from {{ ref('int_tags_imported') }}

),

derived as (

    select * from {{ ref('int_tags_derived') }}

),
{% if has_wecom %}

    wecom as (

        select * from {{ ref('int_tags_wecom') }}

    ),
{% endif %}

-- what was read out of a chat counts while the person consents to that, and only with the message
imported_with_consent as (

    select imported.*
    from imported
    left join consents
        on
            imported.brand_code = consents.brand_code
            and imported.member_id = consents.member_id
    where
        imported.tag_source <> 'chat'
        or (consents.member_id is not null and imported.message_id is not null)

),

all_tags as (

    {% for name in sources %}
        select
            brand_code,
            member_id,
            tag_name,
            tag_value,
            tag_method,
            tag_source,
            message_id,
            valid_from,
            valid_to
        from {{ name }}

        {% if not loop.last %}union all{% endif %}

    {% endfor %}
),

-- on and off within a day was never on
described as (

    select
        all_tags.brand_code,
        all_tags.member_id,
        all_tags.tag_name,
        all_tags.tag_value,
        all_tags.tag_method,
        all_tags.tag_source,
        all_tags.message_id,
        all_tags.valid_from,
        -- what ends after as_of_date has not ended
        case
            when all_tags.valid_to <= {{ as_of_date() }} then all_tags.valid_to
            else date '9999-12-31'
        end as valid_before,
        declared.tag_group,
        declared.label_en as tag_label_en,
        declared.label_zh as tag_label_zh,
        coalesce(declared.is_single_valued, false) as is_single_valued,
        coalesce(declared.is_sensitive, true) as is_sensitive,
        -- of one that has a single value a new one ends the old
        case when declared.is_single_valued then '' else all_tags.tag_value end as own_value
    from all_tags
    left join declared
        on all_tags.tag_name = declared.tag_name
    where all_tags.valid_to is null or all_tags.valid_from < all_tags.valid_to

),

in_turn as (

    select
        *,
        lead(valid_from) over (
            partition by brand_code, member_id, tag_name, own_value
            order by valid_from asc, valid_before asc, tag_value asc, tag_method asc, message_id asc
        ) as next_from,
        max(valid_before) over (
            partition by brand_code, member_id, tag_name, own_value
            order by valid_from asc, valid_before asc, tag_value asc, tag_method asc, message_id asc
            rows between unbounded preceding and 1 preceding
        ) as covered_before
    from described

),

numbered as (

    select
        *,
        case
            when is_single_valued then least(valid_before, coalesce(next_from, valid_before))
            else valid_before
        end as ends_before,
        -- the same value from two sources is one time as long as they overlap
        sum(
            case
                when is_single_valued then 1
                when covered_before >= valid_from then 0
                else 1
            end
        ) over (
            partition by brand_code, member_id, tag_name, own_value
            order by valid_from asc, valid_before asc, tag_value asc, tag_method asc, message_id asc
            rows between unbounded preceding and current row
        ) as stay_number
    from in_turn

),

ranked as (

    select
        *,
        max(ends_before) over (
            partition by brand_code, member_id, tag_name, own_value, stay_number
        ) as stay_ends_before,
        row_number() over (
            partition by brand_code, member_id, tag_name, own_value, stay_number
            order by valid_from asc, valid_before asc, tag_value asc, tag_method asc, message_id asc
        ) as stay_rank
    from numbered
    where valid_from < ends_before

),

stays as (

    select
        brand_code,
        member_id,
        tag_name,
        tag_value,
        tag_group,
        tag_label_en,
        tag_label_zh,
        is_sensitive,
        tag_method,
        tag_source,
        message_id,
        valid_from,
        nullif(stay_ends_before, date '9999-12-31') as valid_to,
        stay_ends_before = date '9999-12-31' as is_current
    from ranked
    where stay_rank = 1

)

select * from stays
