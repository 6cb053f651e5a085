{# The column of a conversation attribute: attribute_order_number for "Order Number". #}
{% macro attribute_column(name) -%}
    {{ return('attribute_' ~ modules.re.sub('[^a-z0-9]+', '_', name | lower)) }}
{%- endmacro %}
