{# What the interval of a difference says; nothing for a split known to be broken or few persons. #}
{% macro lift_verdict(low, high) -%}
    case
        when not has_holdout then 'no_holdout'
        when least(person_count, holdout_person_count) < {{ var('campaign_minimum_persons') }}
            then 'not_proven'
        when srm_p_value < {{ var('campaign_srm_limit') }} then 'not_proven'
        when {{ low }} > 0 then 'higher'
        when {{ high }} < 0 then 'lower'
        else 'not_proven'
    end
{%- endmacro %}
