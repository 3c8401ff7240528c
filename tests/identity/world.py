"""The identifier graph of a simulated brand, straight from its tables, and how a resolution is judged by its truth.

What connectors and models will make of it is theirs; this judges the resolving alone.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from siyu.identity import Graph, Rules, TypeRule, resolve
from tests.identity.graphs import components

UNEXPLAINED = "unexplained"

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
create temp table given as
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
-- notes of numbers whose cards were made out in cities that less than a tenth of the guide's notes are of
create temp table notes_elsewhere as
with notes as (
    select distinct staff_id, identifier, remark_phone
    from contacts inner join known using (account_id) where remark_phone is not null
),
located as (
    select notes.*, city
    from notes
    inner join (
        select distinct phone, stores.city from accounts inner join stores on home_store_id = stores.store_id
        where channel_code = 'pos' and phone is not null
    ) as cards on remark_phone = phone
),
judged as (
    select
        *,
        count(distinct remark_phone) over (partition by staff_id, city)
        >= 0.1 * count(*) over (partition by staff_id) as is_at_home,
        count(*) over (partition by staff_id) as located_count
    from (select distinct staff_id, remark_phone, city from located)
),
elsewhere as (
    select staff_id, remark_phone from judged where located_count >= 10
    group by staff_id, remark_phone having not bool_or(is_at_home)
)
select identifier, 'phone|global|' || remark_phone as phone
from notes left join elsewhere using (staff_id, remark_phone)
group by all having bool_and(elsewhere.staff_id is not null);
create temp table edges as
select * from given
where (left_identifier, right_identifier) not in (from notes_elsewhere) or link_source <> 'remarks';
create temp table identifiers as
select
    identifier, split_part(identifier, '|', 1) as identifier_type, min(first_landed) as first_landed,
    min(first_seen_at) as first_seen_at, max(last_seen_at) as last_seen_at
from (
    select left_identifier as identifier, first_landed, first_seen_at, last_seen_at from given
    union all
    select right_identifier, first_landed, first_seen_at, last_seen_at from given
    union all
    select identifier, date_diff('day', date '2020-01-01', cast(registered_at as date)), registered_at, registered_at
    from known
)
group by identifier;
"""
# Whom an identifier truly named; `trouble` is null where it is one person alone.
_OWNERS = """
create temp table owners as
select
    identifier, split_part(identifier, '|', 1) as identifier_type, person_id,
    case
        when count(*) over same = 1 then null
        when bool_or(kind = 'family') over same then 'family_number'
        when bool_or(kind = 'recycled') over same then 'recycled_number'
        else 'unexplained'
    end as trouble
from (
    select identifier, person_id, 'own' as kind from known inner join truth_accounts using (account_id)
    union
    select 'unionid|global|' || unionid, person_id, 'own'
    from known inner join truth_accounts using (account_id) where unionid is not null
    union
    select 'phone|global|' || phone, person_id, kind from truth_phones
)
window same as (partition by identifier);
"""
_RESOLVED = """
create temp table resolved as
select account_id, identifier as account, person_id, member_id
from known inner join truth_accounts using (account_id) left join members using (identifier);
create temp table found as
select
    one.account, other.account as other_account, one.member_id, one.person_id = other.person_id as is_right
from resolved as one
inner join resolved as other on one.member_id = other.member_id and one.account_id < other.account_id;
create temp table missed as
select one.account, other.account as other_account, one.person_id
from truth_linkable_pairs
inner join resolved as one using (account_id)
inner join resolved as other on other_account_id = other.account_id
where (one.member_id = other.member_id) is not true;
-- accounts with what each was seen with, the members of the two, and what is wrong with it
create temp table told as
select
    account, pairs.identifier, accounts.person_id, accounts.member_id, members.member_id as other_member_id,
    case
        when owners.identifier is not null then owners.trouble
        when is_noted then 'noted_number'
        else 'unexplained'
    end as trouble,
    is_elsewhere
from (
    select
        left_identifier as account, right_identifier as identifier, bool_and(link_source = 'remarks') as is_noted,
        (left_identifier, right_identifier) in (from notes_elsewhere)
        and bool_and(link_source = 'remarks') as is_elsewhere
    from given group by left_identifier, right_identifier
) as pairs
inner join resolved as accounts using (account)
left join owners on pairs.identifier = owners.identifier and accounts.person_id = owners.person_id
left join members on pairs.identifier = members.identifier;
"""
_COUNTS = """
select
    (select count(*) from truth_linkable_pairs) as linkable,
    (select count(*) from found) as found,
    (select count(distinct member_id) from resolved) as members,
    (select count(distinct member_id) from found where not is_right) as mixed_members
"""
_WRONG = "select account, other_account from found where not is_right"
_MISSED = "select account, other_account from missed"
# what holds members of several persons together
_JOINED = """
select account, identifier, trouble
from told
where member_id = other_member_id and member_id in (select member_id from found where not is_right)
"""
# What should have held the accounts of a person together, and why it was not followed: it would have made more accounts
# than a person may have; the person truly has more, or somebody else in one of the two members has one of the kind.
_PARTED = """
with
clean as (
    select * from told qualify bool_and(trouble is null) over (partition by identifier)
),
owned as (
    select identifier_type, person_id, count(*) as owned_count from owners group by identifier_type, person_id
)
select
    account, clean.identifier,
    case
        when clean.member_id = clean.other_member_id then null
        when is_elsewhere then 'noted_elsewhere'
        when owned_count > allowed_count then 'own_accounts_over_limit'
        when reason = 'over_limit' and exists (
            from members inner join owners using (identifier)
            where
                members.member_id in (clean.member_id, clean.other_member_id)
                and owners.identifier_type = conflicts.identifier_type
                and owners.person_id <> clean.person_id
        ) then 'place_taken'
        else 'unexplained'
    end as trouble
from clean
left join conflicts
    on least(account, identifier) = least(left_identifier, right_identifier)
    and greatest(account, identifier) = greatest(left_identifier, right_identifier)
left join owned using (identifier_type, person_id)
where person_id in (select person_id from missed)
"""
_REASONS_OF_MISSED = ("noted_elsewhere", "own_accounts_over_limit", "place_taken")
_REASONS_OF_WRONG = ("family_number", "recycled_number", "noted_number")
# nobody can tell for sure the persons apart that truly have one
_SHARED = ("family_number", "recycled_number")
# what every brand can list: the numbers of its own people
_STAFF = "select 'phone|global|' || mobile as identifier from staff"


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Pairs of accounts, and members; a mixed one has accounts of several persons.

    missed, wrong: Pairs by the reason why they are not, or are, in one member. Each has one, the first that with those
        before it will do; docs/identity-quality.yml says what they mean. What has none is `unexplained`.
    """

    linkable: int
    found: int
    members: int
    mixed_members: int
    missed: dict[str, int]
    wrong: dict[str, int]

    @property
    def recall(self) -> float:
        """Over the pairs that can be known."""
        return 1 - sum(self.missed.values()) / self.linkable

    @property
    def precision(self) -> float:
        """Without the pairs whose only link is a number that two persons truly had."""
        shared = sum(self.wrong[reason] for reason in _SHARED)
        return 1 - (sum(self.wrong.values()) - shared) / (self.found - shared)

    @property
    def mixed_share(self) -> float:
        """Over all members."""
        return self.mixed_members / self.members


def judge(world: Path, rules: Rules = RULES) -> Judgement:
    """Resolve the accounts of a world, and hold the members against who is who.

    The numbers of the brand's own people are listed.
    """
    with duckdb.connect(config={"threads": 1, "memory_limit": "2GB"}) as connection:
        for name in ("accounts", "orders", "contacts", "staff", "stores"):
            connection.read_parquet(str(world / f"{name}.parquet")).create_view(name)
        for name in ("accounts", "phones", "linkable_pairs"):
            connection.read_parquet(str(world / "truth" / f"{name}.parquet")).create_view(f"truth_{name}")
        connection.execute(_TABLES)
        graph = Graph(
            identifiers=connection.table("identifiers"),
            edges=connection.table("edges"),
            blocklist=connection.sql(_STAFF),
        )
        resolution = resolve(connection, graph, rules)
        resolution.members.create_view("members")
        resolution.conflicts.create_view("conflicts")
        connection.execute(_OWNERS)
        connection.execute(_RESOLVED)
        found = connection.sql(_COUNTS)
        (row,) = found.fetchall()
        counts = dict(zip(found.columns, row, strict=True))
        missed, parted, wrong, joined = (
            connection.sql(query).fetchall() for query in (_MISSED, _PARTED, _WRONG, _JOINED)
        )
    return Judgement(
        **counts,
        missed=_by_reason(missed, parted, _REASONS_OF_MISSED),
        wrong=_by_reason(wrong, joined, _REASONS_OF_WRONG),
    )


def _by_reason(
    pairs: list[tuple[str, str]], edges: list[tuple[str, str, str | None]], reasons: tuple[str, ...]
) -> dict[str, int]:
    """How many pairs each reason explains: there is a path by edges that have it, a reason before it, or none (null).

    A pair that edges with nothing wrong join, or that no edges join, is `unexplained`.
    """
    counts, left = dict.fromkeys((UNEXPLAINED, *reasons), 0), set(pairs)
    for last in range(len(reasons) + 1):
        within = {None, *reasons[:last]}
        parts = components((one, other) for one, other, reason in edges if reason in within)
        part_of = {name: part for part in parts for name in part}
        explained = {pair for pair in left if pair[0] in part_of and pair[1] in part_of[pair[0]]}
        counts[reasons[last - 1] if last else UNEXPLAINED] += len(explained)
        left -= explained
    counts[UNEXPLAINED] += len(left)
    return counts
