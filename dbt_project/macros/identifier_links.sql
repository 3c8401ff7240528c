{#
    Rows of a raw table in which two identifiers stand side by side, as edges of identity resolution.

    `left` and `right` are [identifier_type, scope, token]: scope is SQL, the name of the account, app or channel
    within which the token means something, or 'global' in quotes. `seen_at` is when they were seen together (UTC);
    `where` leaves out rows that are of no customer.
#}
{% macro identifier_links(table, left, right, link_source, seen_at, where='true') -%}
    select
        {{ identifier(*left) }} as left_identifier,
        {{ identifier(*right) }} as right_identifier,
        '{{ link_source }}' as link_source,
        _load_id,
        {{ seen_at }} as seen_at
    from {{ table }}
    where
        not is_excluded
        and {{ left[2] }} is not null
        and {{ right[2] }} is not null
        and {{ where }}
{%- endmacro %}
