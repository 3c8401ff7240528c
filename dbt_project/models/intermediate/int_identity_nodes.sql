{{ config(materialized='table') }}

with

edges as (

    select * from {{ ref('int_identity_edges') }}

),

loads as (

    select * from {{ ref('stg_siyu__loads') }}

),

landings as (

    {{ of_channels('customer_landings', ['wecom', 'youzan', 'taobao']) }}

),

linked as (

    select
        left_identifier as identifier,
        first_landed,
        first_seen_at,
        last_seen_at
    from edges

    union all

    select
        right_identifier as identifier,
        first_landed,
        first_seen_at,
        last_seen_at
    from edges

),

-- a customer landed with its first order, which may be long before a number was seen with it
landed as (

    select
        landings.identifier,
        loads.sequence as first_landed,
        cast(null as timestamp) as first_seen_at,
        cast(null as timestamp) as last_seen_at
    from landings
    inner join loads
        on landings._load_id = loads.load_id

),

sightings as (

    select * from linked

    union all

    select * from landed

),

nodes as (

    select
        identifier,
        split_part(identifier, '|', 1) as identifier_type,
        min(first_landed) as first_landed,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from sightings
    group by identifier

)

select * from nodes
