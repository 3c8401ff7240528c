-- Adds and acquisition costs of ltv_cac are those of dim_members and fct_costs, by channel and
-- altogether.
with

found as (

    select
        sum(added_member_count) filter (where channel_code = 'all') as added_member_count,
        sum(added_member_count) filter (where channel_code <> 'all') as channel_added_member_count,
        sum(acquisition_cost_amount) filter (where channel_code = 'all') as cost_amount,
        sum(acquisition_cost_amount) filter (where channel_code <> 'all') as channel_cost_amount
    from {{ ref('ltv_cac') }}

),

facts as (

    select
        (
            select count(*) from {{ ref('dim_members') }}
            where added_at is not null
        ) as added_member_count,
        (
            select coalesce(sum(cost_amount), 0) from {{ ref('fct_costs') }}
            where cost_purpose = 'acquisition'
        ) as cost_amount

)

select
    found.*,
    facts.added_member_count as expected_added_member_count,
    facts.cost_amount as expected_cost_amount
from found
cross join facts
where
    coalesce(found.added_member_count, 0) <> facts.added_member_count
    or coalesce(found.channel_added_member_count, 0) <> facts.added_member_count
    or coalesce(found.cost_amount, 0) <> facts.cost_amount
    or coalesce(found.channel_cost_amount, 0) <> facts.cost_amount
