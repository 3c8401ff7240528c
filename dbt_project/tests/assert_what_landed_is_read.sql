-- Every resource that landed, or that a channel of this home will land, is read by a model: one row per table of
-- schema raw that none reads. A channel without its staging would count as nothing.
{% set read = [] %}
{% if execute %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' %}
        {% for id in node.depends_on.nodes if id in graph.sources %}
            {% do read.append(graph.sources[id].identifier) %}
        {% endfor %}
    {% endfor %}
{% endif %}

select table_name
from information_schema.tables
where
    table_schema = 'raw'
    and table_name not in ({{ "'" ~ read | unique | join("', '") ~ "'" }})
