"""What is true: who is who, what can be known to belong together, and why people bought."""

import numpy as np

from siyu.sandbox.world.draft import Array, World
from siyu.sandbox.world.persons import SOURCES


def draw_truth(world: World) -> None:
    """Every table of truth but the referrals, from what the parts drew."""
    world.connection.execute("set variable sources = $value", {"value": list(SOURCES)})
    world.sql(TABLES)
    _link(world)


def _link(world: World) -> None:
    """Groups of accounts joined by identifiers of one true person each: labels spread until they rest."""
    world.sql(CLEAN_IDENTIFIERS)
    edges = world.get("""
        select account_id, dense_rank() over (order by identifier) - 1 as identifier from draft.clean_identifiers
        order by identifier, account_id
    """)
    accounts = int(world.get("select count(*) as n from draft.accounts")["n"][0])
    world.put("linked", {"account_id": np.arange(1, accounts + 1), "label": spread(edges, accounts)})
    world.sql(LINKABLE_PAIRS)


def spread(edges: dict[str, Array], accounts: int) -> Array:
    """The smallest account that each account is connected to."""
    account, identifier = edges["account_id"] - 1, edges["identifier"]
    label = np.arange(accounts)
    while True:
        least = np.full(int(identifier.max(initial=-1)) + 1, accounts)
        np.minimum.at(least, identifier, label[account])
        following = label.copy()
        np.minimum.at(following, account, least[identifier])
        if np.array_equal(following, label):
            return label
        label = following


TABLES = """
create view truth.persons as
select
    person_id, household_id, on_day(birth_day) as birth_on, gender, pick('provinces', city) as province,
    pick('cities', city) as city, store_id as home_store_id, if(len(getvariable('sizes')) > 1, size, null) as size,
    if(child_month > 0, strftime(date '1970-01-01' + to_months(cast(child_month as integer)), '%Y-%m'), null)
        as child_birth_month,
    price_sensitivity, is_trade, null as staff_id, pick('sources', source) as source, is_identified,
    utc_ever(entered) as entered_at, utc(dropped) as dropped_at, utc(dropped) is null as is_alive,
    rate as order_rate_per_year, drop_out as drop_out_chance, spend as spend_factor
from draft.persons join draft.processes using (person_id)
union all by name
select
    getvariable('persons') + staff_id as person_id, getvariable('persons') + staff_id as household_id,
        null as birth_on,
    gender, null as province, null as city, positive(store + 1) as home_store_id, null as size,
    null as child_birth_month, null as price_sensitivity, false as is_trade, staff_id, null as source,
    false as is_identified, null as entered_at, null as dropped_at, null as is_alive, null as order_rate_per_year,
    null as drop_out_chance, null as spend_factor
from draft.staff;

create view truth.accounts as select account_id, person_id from draft.accounts;

create view truth.phones as
select
    phone_text(phone) as phone, person_id, if(valid_from > 0, utc(valid_from), null) as valid_from_at,
    utc(valid_to) as valid_to_at, ['own', 'family', 'recycled'][kind + 1] as kind
from draft.phones where valid_from < getvariable('world_end')
union all
select phone_text(mobile), getvariable('persons') + staff_id, null, null, 'staff' from draft.staff;

-- What a cause points to: one column per table of touches, null in the rows of other causes.
create table draft.causes as
select
    order_id, person + 1 as person_id, campaign, touched, if(cause = 1, campaign, null) as campaign_id,
    if(cause = 1 and tool = 0, touch_key, null) as message_id, if(cause = 1 and tool = 1, touch_key, null)
        as moment_id,
    if(cause = 1 and tool = 2, campaign, null) as template_campaign_id, if(cause = 2, touch_key, null) as click_id,
    if(cause = 2, campaign, null) as ad_campaign_id, if(cause = 3, touch_key, null) as service_key,
    if(cause = 4, order_id, null) as referred_order_id
from draft.order_truth
left join (select campaign_id, tool from draft.campaigns) as campaigns on campaigns.campaign_id = campaign;

-- Strangers whose first order follows their click.
create table draft.followed_clicks as
select order_id, any_value(click_id) as stranger_click_id, any_value(ad_campaign_id) as stranger_ad_id,
    any_value(clicked) as stranger_clicked
from draft.orders join draft.clicks using (account_id)
where is_stranger and created - clicked between 0 and 800
group by order_id;

create table draft.touched_orders as
select
    causes.*, result_id, template_message_id, service_task_id, referral_id, stranger_click_id, stranger_ad_id,
    stranger_clicked, invited
from draft.causes
left join (select person_id, account_id from draft.accounts where channel = 3) as friend using (person_id)
left join (select person_id, account_id from draft.accounts where channel = 4) as follower using (person_id)
left join draft.results on results.message_id = causes.message_id and results.account_id = friend.account_id
left join (select template_message_id, campaign_id, account_id from draft.templates) as templates
    on templates.campaign_id = template_campaign_id and templates.account_id = follower.account_id
left join (
    select service_key, service_task_id from draft.services where not coalesce(refunded < done, false)
) as served using (service_key)
left join (
    select order_id as referred_order_id, referral_id, invited
    from draft.referrals join draft.referral_orders using (referral_id)
) as referred using (referred_order_id)
left join draft.followed_clicks using (order_id);

create table truth.orders as
select
    order_id, person_id,
    case
        when campaign_id is not null then 'campaign'
        when click_id is not null or stranger_click_id is not null then 'ad'
        when service_task_id is not null then 'service'
        when referral_id is not null then 'referral'
        else 'own'
    end as cause,
    campaign_id, coalesce(ad_campaign_id, stranger_ad_id) as ad_campaign_id,
    case
        when result_id is not null then 'mass_message_results'
        when moment_id is not null then 'moment_reach'
        when template_message_id is not null then 'template_messages'
        when click_id is not null or stranger_click_id is not null then 'ad_clicks'
        when service_task_id is not null then 'service_tasks'
        when referral_id is not null then 'referrals'
    end as touch,
    coalesce(
        result_id, moment_id, template_message_id, click_id, stranger_click_id, service_task_id, referral_id
    ) as touch_id,
    utc(case
        when campaign_id is not null or click_id is not null or service_task_id is not null then touched
        else coalesce(stranger_clicked, invited)
    end) as touched_at
from draft.touched_orders;

create view truth.campaigns as
select
    campaign_id, per_head as extra_orders_per_head, treated, held_out, 30 as window_days,
    count(order_id) as extra_orders, coalesce(sum(paid_fen), 0) as extra_paid_fen,
    sum(cast(epoch(created_at - touched_at) as bigint)) / count(order_id) / 86400 as slow_days
from draft.effects
left join (
    select campaign_id, order_id, paid_fen, created_at, touched_at from truth.orders
    join world.orders using (order_id) where cause = 'campaign' and paid_at is not null
) using (campaign_id)
group by campaign_id, per_head, treated, held_out;
"""

# An identifier counts when everybody who ever used it, and every account it was seen with, is one person.
CLEAN_IDENTIFIERS = """
create table draft.seen_identifiers as
select distinct identifier, account_id from (
    select 'p' || phone as identifier, account_id from world.accounts where phone is not null
    union all
    select 'p' || new_phone, account_id from world.accounts where new_phone is not null
    union all
    select 'p' || phone, account_id from world.orders where phone is not null and account_id is not null
    union all
    select 'p' || remark_phone, account_id from world.contacts where remark_phone is not null
    union all
    select 'u' || unionid, account_id from world.accounts where unionid is not null
);
create table draft.clean_identifiers as
select identifier, account_id from draft.seen_identifiers
semi join (
    select identifier from (
        select identifier, person_id from draft.seen_identifiers join truth.accounts using (account_id)
        union
        select 'p' || phone, person_id from truth.phones
    )
    group by identifier having count(distinct person_id) = 1
) using (identifier);
"""

LINKABLE_PAIRS = """
create view truth.linkable_pairs as
select one.account_id, other.account_id as other_account_id, person_id
from draft.linked as one
join draft.linked as other on one.label = other.label and one.account_id < other.account_id
join truth.accounts on truth.accounts.account_id = one.account_id;
"""
