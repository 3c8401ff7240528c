"""What the world holds of WeCom at a moment, resource by resource, beside what must have landed of it."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from tests.channels.sandboxed import Ask

# the world as of told_by(), in its own terms; the views stand before the queries of the world
_AS_OF = """
create macro told_by() as getvariable('told_by');
create macro asked_since() as getvariable('asked_since');
create macro today() as cast(timezone('Asia/Shanghai', timezone('UTC', told_by())) as date);
create macro window_end() as timezone('UTC', timezone('Asia/Shanghai', cast(today() as timestamp)));
create view here as select * from staff where hired_on <= today() and (left_on is null or left_on > today());
create view asked as
    select * from staff where hired_on <= today() and (left_on is null or left_on > least(today(), asked_since()));
create view friends as
    select * from (
        select * from contacts where started_at <= told_by()
        qualify row_number() over (partition by staff_id, account_id order by started_at desc) = 1
    )
    join accounts using (account_id) join here using (staff_id)
    where ended_at is null or ended_at > told_by() or ended_by = 'customer';
create view chats_now as
    select * from groups where created_at <= told_by() and (dissolved_at is null or dissolved_at > told_by());
create view sent as
    select * from mass_messages join mass_message_results using (message_id) join staff using (staff_id)
    where created_at < window_end();
create view posts as select * from moments where created_at < window_end();
create view published as
    select * exclude (name) from posts join moment_tasks using (moment_id) join asked using (staff_id)
    where published_at <= told_by();
create view paid as select * from bills where paid_at < window_end();
"""

# resource → what landed of it, what the world holds; `clear` opens the vault
EQUAL: dict[str, tuple[str, str]] = {
    "departments": (
        "select department_id, parent_department_id, department_name from departments",
        "select department_id::varchar, parent_department_id::varchar, name from departments",
    ),
    "staff": (
        "select userid, clear(phone_token) from staff",
        "select wecom_userid, mobile from here",
    ),
    "staff_departments": (
        "select userid, department_id from staff_departments",
        """
        select wecom_userid, department_id::varchar from here join staff_assignments using (staff_id)
        where valid_from_on <= today() and (valid_to_on is null or valid_to_on > today())
        """,
    ),
    "guides": ("select userid from guides", "select wecom_userid from here"),
    "contacts": (
        "select userid, clear(external_userid_token), clear(unionid_token), added_at, add_way, state from contacts",
        """
        select wecom_userid, wecom_external_userid, unionid, started_at, add_way, state from friends
        """,
    ),
    "contact_phones": (
        "select userid, clear(external_userid_token), clear(phone_token) from contact_phones",
        """
        select wecom_userid, wecom_external_userid, remark_phone from friends where remark_phone is not null
        """,
    ),
    "contact_tags": (
        "select userid, clear(external_userid_token), tag_id from contact_tags",
        """
        select wecom_userid, wecom_external_userid, wecom_tag_id
        from friends join contact_tags using (contact_id) join tags using (tag_id)
        where tagged_at <= told_by() and (removed_at is null or removed_at > told_by())
        """,
    ),
    "tags": (
        "select tag_id, tag_group_id, tag_group_name, tag_name from tags join tag_groups using (tag_group_id)",
        "select wecom_tag_id, wecom_group_id, group_name, name from tags where created_at <= told_by()",
    ),
    "groups": (
        "select chat_id, group_name, owner_userid from groups join group_states using (chat_id)",
        """
        select wecom_chat_id, chats_now.name, wecom_userid
        from chats_now join staff on owner_staff_id = staff_id
        """,
    ),
    "group_members": (
        "select chat_id, clear(member_token), member_type, joined_at, join_scene from group_members",
        """
        select
            wecom_chat_id,
            coalesce(wecom_external_userid, wecom_userid),
            if(account_id is null, 1, 2),
            joined_at,
            join_scene
        from group_members
        join chats_now using (group_id) left join accounts using (account_id) left join staff using (staff_id)
        where joined_at <= told_by() and (left_at is null or left_at > told_by())
        """,
    ),
    "staff_daily": (
        """
        select userid, stat_date, chat_count, message_count, reply_pct, avg_reply_minutes,
            negative_feedback_count, new_apply_count, new_contact_count
        from staff_daily
        where chat_count + message_count + negative_feedback_count + new_apply_count + new_contact_count > 0
        """,
        """
        select wecom_userid, stat_on, chats, messages, reply_percentage, avg_reply_minutes,
            negative_feedback, new_applications, new_contacts
        from staff_days join asked using (staff_id)
        where stat_on < today() and (left_on is null or left_on > stat_on + 1) -- read on the next day
            and chats + messages + negative_feedback + new_applications + new_contacts > 0
        """,
    ),
    "group_owner_daily": (
        """
        select owner_userid, stat_date, member_count, new_member_count, active_member_count, message_count
        from group_owner_daily where member_count > 0
        """,
        """
        select wecom_userid, stat_on, sum(members), sum(new_members), sum(active_members),
            sum(member_messages + staff_messages)
        from group_days join groups using (group_id) join staff on owner_staff_id = staff_id
        where stat_on < today()
        group by all having sum(members) > 0
        """,
    ),
    "moments": (
        "select moment_id, creator_userid, created_at, create_type from moments",
        """
        select wecom_moment_id, wecom_userid, created_at, if(is_corporate, 0, 1)
        from posts left join staff on creator_staff_id = staff_id
        """,
    ),
    "moment_tasks": (
        "select moment_id, userid, publish_status from moment_tasks",
        """
        select wecom_moment_id, wecom_userid, if(published_at <= told_by(), 1, 0)
        from posts join moment_tasks using (moment_id) join staff using (staff_id)
        where is_corporate
        """,
    ),
    "moment_reach": (
        "select moment_id, userid, clear(external_userid_token) from moment_reach",
        """
        select wecom_moment_id, wecom_userid, wecom_external_userid
        from moment_reach join published using (moment_id, staff_id) join accounts using (account_id)
        where visible_at <= told_by()
        """,
    ),
    "moment_likes": (
        "select moment_id, userid, clear(external_userid_token), reacted_at from moment_likes",
        """
        select wecom_moment_id, wecom_userid, wecom_external_userid, liked_at
        from moment_reach join published using (moment_id, staff_id) join accounts using (account_id)
        where liked_at <= told_by()
        """,
    ),
    "mass_messages": (
        "select message_id, chat_type, created_at from mass_messages",
        "select wecom_msgid, chat_type, created_at from mass_messages where created_at < window_end()",
    ),
    "mass_message_tasks": (
        "select message_id, userid, task_status, sent_at from mass_message_tasks",
        """
        select wecom_msgid, wecom_userid, if(sent_at <= told_by(), 2, 0), if(sent_at <= told_by(), sent_at, null)
        from mass_messages join mass_message_tasks using (message_id) join staff using (staff_id)
        where created_at < window_end()
        """,
    ),
    "mass_message_results": (
        "select message_id, userid, clear(external_userid_token), sent_at, send_status from mass_message_results",
        """
        select wecom_msgid, wecom_userid, wecom_external_userid, if(sent_at <= told_by(), sent_at, null),
            case outcome when 'sent' then if(sent_at <= told_by(), 1, 0) when 'not_friend' then 2
                when 'over_limit' then 3 else 0 end
        from sent join accounts using (account_id)
        """,
    ),
    "group_message_results": (
        "select message_id, userid, chat_id, sent_at from group_message_results",
        """
        select wecom_msgid, wecom_userid, wecom_chat_id, if(sent_at <= told_by(), sent_at, null)
        from sent join groups using (group_id)
        """,
    ),
    "bills": (
        """
        select transaction_id, clear(external_userid_token), payee_userid, paid_at, paid_amount, refunded_amount
        from bills where coalesce(bill_type, 0) = 0
        """,
        """
        select transaction_id, wecom_external_userid, wecom_userid, paid_at, (amount_fen / 100)::decimal(18, 2),
            (coalesce((
                select sum(amount_fen) from bill_refunds
                where bill_refunds.bill_id = paid.bill_id and succeeded_at <= told_by()
            ), 0) / 100)::decimal(18, 2)
        from paid join accounts using (account_id) join staff on payee_staff_id = staff_id
        """,
    ),
    "bill_refunds": (
        "select transaction_id, out_refund_no, requested_at, refund_amount, refund_status = 2 from bill_refunds",
        """
        select transaction_id, out_refund_no, requested_at, (bill_refunds.amount_fen / 100)::decimal(18, 2),
            coalesce(succeeded_at <= told_by(), false)
        from bill_refunds join paid using (bill_id) where requested_at <= told_by()
        """,
    ),
    "fund_flow": (
        "select happened_at, abs(flow_amount), balance_amount from fund_flow",
        """
        select happened_at, (abs(amount_fen) / 100)::decimal(18, 2), (balance_fen / 100)::decimal(18, 2)
        from fund_flow where happened_at < window_end()
        """,
    ),
    "acquisition_links": (
        "select link_id, link_name, created_at from acquisition_links",
        "select wecom_link_id, name, created_at from acquisition_links where created_at <= told_by()",
    ),
    "acquisition_link_staff": (
        "select link_id, userid from acquisition_link_staff",
        """
        select wecom_link_id, wecom_userid
        from acquisition_link_staff join acquisition_links using (link_id) join here using (staff_id)
        where created_at <= told_by()
        """,
    ),
    "acquisition_customers": (
        "select link_id, userid, clear(external_userid_token), state from acquisition_customers",
        """
        select distinct wecom_link_id, wecom_userid, wecom_external_userid, state
        from contacts
        join acquisition_links using (link_id) join accounts using (account_id) join staff using (staff_id)
        where started_at <= told_by()
        """,
    ),
    "unassigned_contacts": (
        "select handover_userid, clear(external_userid_token) from unassigned_contacts",
        """
        select distinct wecom_userid, wecom_external_userid
        from contacts join accounts using (account_id) join staff using (staff_id)
        where left_on <= today() and started_at <= told_by() and (ended_at is null or ended_at > told_by())
        """,
    ),
    "resigned_transfers": (
        """
        select handover_userid, takeover_userid, clear(external_userid_token), transfer_status
        from resigned_transfers
        """,
        """
        select old.wecom_userid, new.wecom_userid, wecom_external_userid, if(completed_at <= told_by(), 1, 2)
        from transfers
        join staff as old on handover_staff_id = old.staff_id
        join staff as new on takeover_staff_id = new.staff_id
        join accounts using (account_id)
        where kind = 'resigned' and requested_at <= told_by()
        """,
    ),
    "unionid_links": (
        """
        select clear(unionid_token), clear(external_userid_token) from unionid_links
        where external_userid_token is not null
        """,
        """
        select distinct unionid, wecom.wecom_external_userid
        from accounts as shop join accounts as wecom using (unionid)
        where shop.channel_code = 'youzan' and wecom.channel_code = 'wecom'
            and wecom.account_id in (select account_id from friends)
        """,
    ),
}


def as_of(
    moment: datetime, *, asked_since: datetime | None = None
) -> Callable[[duckdb.DuckDBPyConnection], None]:
    """Shows the world at a moment, which is what all that is read then tells; windows end with yesterday.

    asked_since: When it was read first, if night after night: days and posts of those who left since are known.
    """

    def show(connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute("set variable told_by = ?", [moment.astimezone(UTC).replace(tzinfo=None)])
        connection.execute("set variable asked_since = ?", [(asked_since or moment).date()])
        connection.execute(_AS_OF)

    return show


def files_of_persons(folder: Path, world: Ask) -> dict[str, str]:
    """Settings with the two files that a person gives an account: unionids, and who took over from whom."""
    files = {
        "unionids": (
            ("unionid", "openid"),
            "select unionid, mini_openid from accounts where channel_code = 'youzan' and unionid is not null",
        ),
        "transfers": (
            ("handover_userid", "takeover_userid"),
            """
            select distinct old.wecom_userid, new.wecom_userid from transfers
            join staff as old on handover_staff_id = old.staff_id
            join staff as new on takeover_staff_id = new.staff_id
            """,
        ),
    }
    for name, (columns, query) in files.items():
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([columns, *world(query)])
    return {f"{name}_file": str(folder / f"{name}.csv") for name in files}
