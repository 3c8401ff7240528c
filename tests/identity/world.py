"""The identifier graph of a simulated brand, straight from its tables, and how a resolution is judged by its truth.

What connectors and models will make of it is theirs; this judges the resolving alone.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from siyu.identity import Graph, Rules, TypeRule, resolve

RULES = Rules(
    types={
        "unionid": TypeRule(priority=1, max_per_member=1),
        "card": TypeRule(priority=2, max_per_member=1),
        "external_userid": TypeRule(priority=3, max_per_member=1),
        "openid": TypeRule(priority=4, max_per_member=1),
        "open_id": TypeRule(priority=5, max_per_member=1),
        "open_uid": TypeRule(priority=6, max_per_member=1),
        "phone": TypeRule(priority=7, max_per_member=3, max_degree=8),
    }
)
# An account is seen with a phone from when it first told it until it last used it, not until a profile last showed it:
# a profile shows the number that somebody gave up for ever.
_TABLES = """
create temp table known as
select
    account_id,
    case channel_code
        when 'pos' then 'card|store|' || pos_card_no
        when 'youzan' then 'open_id|shop|' || youzan_open_id
        when 'tmall' then 'open_uid|tmall|' || taobao_open_uid
        when 'wecom' then 'external_userid|corp|' || wecom_external_userid
        else 'openid|oa|' || oa_openid
    end as identifier,
    registered_at, phone, new_phone, phone_changed_at, unionid
from accounts;
create temp table edges as
with seen as (
    select account_id, 'phone|global|' || phone as other, 'profiles' as link_source, 2 as strength,
        registered_at as first_seen_at, registered_at as last_seen_at
    from known where phone is not null
    union all
    select account_id, 'phone|global|' || new_phone, 'profiles', 2, phone_changed_at, phone_changed_at
    from known where new_phone is not null
    union all
    select account_id, 'phone|global|' || phone, 'orders', 1, created_at, created_at
    from orders where phone is not null and account_id is not null
    union all
    select account_id, 'phone|global|' || remark_phone, 'remarks', 1, started_at, started_at
    from contacts where remark_phone is not null
    union all
    select account_id, 'unionid|global|' || unionid, 'wechat', 9, registered_at, registered_at
    from known where unionid is not null
)
select
    identifier as left_identifier, other as right_identifier, link_source, max(strength) as strength,
    date_diff('day', date '2020-01-01', cast(min(first_seen_at) as date)) as first_landed,
    min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
from seen inner join known using (account_id)
group by identifier, other, link_source;
create temp table identifiers as
select
    identifier, split_part(identifier, '|', 1) as identifier_type, min(first_landed) as first_landed,
    min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
from (
    select left_identifier as identifier, first_landed, first_seen_at, last_seen_at from edges
    union all
    select right_identifier, first_landed, first_seen_at, last_seen_at from edges
    union all
    select identifier, date_diff('day', date '2020-01-01', cast(registered_at as date)), registered_at, registered_at
    from known
)
group by identifier;
"""
_JUDGED = """
with
resolved as (
    select account_id, person_id, member_id
    from truth_accounts inner join known using (account_id) inner join members using (identifier)
),
found as (
    select one.account_id, other.account_id as other_account_id, one.person_id = other.person_id as is_right
    from resolved as one
    inner join resolved as other on one.member_id = other.member_id and one.account_id < other.account_id
)
select
    (select count(*) from truth_linkable_pairs) as linkable,
    (select count(*) from truth_linkable_pairs semi join found using (account_id, other_account_id)) as linked,
    (select count(*) from found) as found,
    (select count(*) from found where not is_right) as wrong,
    (select count(distinct member_id) from resolved) as members,
    (
        select count(*) from (
            select member_id from resolved group by member_id having count(distinct person_id) > 1
        )
    ) as mixed_members
"""


# what every brand can list: the numbers of its own people
_STAFF = "select 'phone|global|' || mobile as identifier from staff"
# numbers that a family shares, or that were given to somebody else: nobody can tell these owners apart for sure
_SHARED = """
select 'phone|global|' || phone as identifier from truth_phones
where kind <> 'staff' group by phone having count(distinct person_id) > 1
"""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Pairs of accounts, and members; a mixed one has accounts of several persons."""

    linkable: int
    linked: int
    found: int
    wrong: int
    members: int
    mixed_members: int


def judge(world: Path, rules: Rules = RULES, *, without_shared: bool = False) -> Judgement:
    """Resolve the accounts of a world, and hold the members against who is who.

    The numbers of the brand's own people are listed. `without_shared` leaves out the identifiers that two persons truly
    had, so what is wrong then is wrong without excuse.
    """
    with duckdb.connect(config={"threads": 1, "memory_limit": "2GB"}) as connection:
        for name in ("accounts", "orders", "contacts", "staff"):
            connection.read_parquet(str(world / f"{name}.parquet")).create_view(name)
        for name in ("accounts", "phones", "linkable_pairs"):
            connection.read_parquet(str(world / "truth" / f"{name}.parquet")).create_view(f"truth_{name}")
        connection.execute(_TABLES)
        graph = Graph(
            identifiers=connection.table("identifiers"),
            edges=connection.table("edges"),
            blocklist=connection.sql(f"{_STAFF} union {_SHARED}" if without_shared else _STAFF),
        )
        resolve(connection, graph, rules).members.create_view("members")
        found = connection.sql(_JUDGED)
        (row,) = found.fetchall()
        return Judgement(**dict(zip(found.columns, row, strict=True)))
