"""A tiny WeCom corp, small enough to know by heart; its first customer is the one of the contract's sample."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tests.sandbox.server.calls import utc_without_zone

AT = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)  # 11:00 in China, a Sunday
NOW = AT.replace(tzinfo=None)
ADDED = utc_without_zone(1718000000)  # createtime of the contract's sample
LONG_AGO = date(2020, 1, 1)


def ago(**duration: float) -> datetime:
    return NOW - timedelta(**duration)


TABLES: dict[str, list[dict[str, Any]]] = {
    "departments": [
        {"department_id": 1, "parent_department_id": 0, "name": "总部", "position": 1},
        {"department_id": 2, "parent_department_id": 1, "name": "华东", "position": 1},
        {"department_id": 3, "parent_department_id": 2, "name": "杭州一店", "position": 1},
        {"department_id": 4, "parent_department_id": 1, "name": "华南", "position": 2},
        {"department_id": 5, "parent_department_id": 4, "name": "广州一店", "position": 1},
    ],
    "staff": [
        {"staff_id": 1, "wecom_userid": "guide01", "name": "王一", "gender": 2, "mobile": "13900000001",
         "role": "guide",
         "hired_on": LONG_AGO},
        {"staff_id": 2, "wecom_userid": "guide02", "name": "王二", "gender": 1, "mobile": "13900000002",
         "role": "guide",
         "hired_on": LONG_AGO},
        {"staff_id": 3, "wecom_userid": "boss01", "name": "王三", "gender": 1, "mobile": "13900000003",
         "role": "manager",
         "hired_on": LONG_AGO},
        {"staff_id": 4, "wecom_userid": "left01", "name": "王四", "gender": 2, "mobile": "13900000004",
         "role": "guide",
         "hired_on": LONG_AGO, "left_on": date(2026, 2, 10)},
        {"staff_id": 5, "wecom_userid": "soon01", "name": "王五", "gender": 2, "mobile": "13900000005",
         "role": "guide",
         "hired_on": date(2026, 4, 1)},
    ],
    "staff_assignments": [
        {"staff_id": 1, "department_id": 3, "valid_from_on": LONG_AGO},
        {"staff_id": 2, "department_id": 5, "valid_from_on": LONG_AGO},
        {"staff_id": 3, "department_id": 3, "valid_from_on": LONG_AGO},
        {"staff_id": 4, "department_id": 3, "valid_from_on": LONG_AGO},
        {"staff_id": 5, "department_id": 5, "valid_from_on": date(2026, 4, 1)},
    ],
    "accounts": [
        {"account_id": 1, "channel_code": "wecom", "wecom_external_userid": "wmAAA1", "unionid": "oUN1",
         "name": "Lin",
         "gender": 2},
        {"account_id": 2, "channel_code": "wecom", "wecom_external_userid": "wmAAA2", "name": None,
         "gender": 0},
        {"account_id": 3, "channel_code": "wecom", "wecom_external_userid": "wmAAA3", "unionid": "oUN3",
         "name": "Chen",
         "gender": 1},
        {"account_id": 4, "channel_code": "wecom", "wecom_external_userid": "wmAAA4", "unionid": "oUN4",
         "name": "Zhao",
         "gender": 1},
        {"account_id": 11, "channel_code": "youzan", "unionid": "oUN1", "mini_openid": "oMINI1"},
        {"account_id": 12, "channel_code": "youzan", "unionid": "oUN9", "mini_openid": "oMINI9"},
    ],
    "contacts": [
        {"contact_id": 1, "account_id": 1, "staff_id": 1, "started_at": ADDED, "add_way": 1, "state": "store12",
         "remark": "Lin 138", "remark_phone": "13800000001", "has_spoken": True},
        {"contact_id": 2, "account_id": 1, "staff_id": 2, "started_at": ago(days=90), "add_way": 202,
         "has_spoken": False},
        # deleted the employee: the edge stays visible
        {"contact_id": 3, "account_id": 2, "staff_id": 1, "started_at": ago(days=80), "ended_at": ago(days=5),
         "ended_by": "customer", "add_way": 16, "link_id": 1, "state": "c1", "has_spoken": True},
        # was deleted by the employee: gone; and came back
        {"contact_id": 4, "account_id": 3, "staff_id": 1, "started_at": ago(days=70), "ended_at": ago(days=30),
         "ended_by": "staff", "add_way": 3, "has_spoken": True},
        {"contact_id": 5, "account_id": 3, "staff_id": 1, "started_at": ago(days=2), "add_way": 3,
         "has_spoken": True},
        {"contact_id": 6, "account_id": 4, "staff_id": 1, "started_at": ago(days=60), "ended_at": ago(days=1),
         "ended_by": "staff", "add_way": 3, "has_spoken": True},
        # of an employee who left
        {"contact_id": 7, "account_id": 4, "staff_id": 4, "started_at": ago(days=60), "add_way": 3,
         "has_spoken": True},
        # not yet
        {"contact_id": 8, "account_id": 2, "staff_id": 2, "started_at": NOW + timedelta(hours=6), "add_way": 3,
         "has_spoken": False},
    ],
    "tags": [
        {"tag_id": 1, "wecom_tag_id": "etA1", "group_name": "等级", "wecom_group_id": "etG1", "name": "金",
         "created_at": ago(days=500), "position": 1},
        {"tag_id": 2, "wecom_tag_id": "etA2", "group_name": "等级", "wecom_group_id": "etG1", "name": "银",
         "created_at": ago(days=400), "position": 2},
        {"tag_id": 3, "wecom_tag_id": "etB1", "group_name": "尺码", "wecom_group_id": "etG2", "name": "42",
         "created_at": ago(days=300), "position": 1},
        {"tag_id": 4, "wecom_tag_id": "etB2", "group_name": "尺码", "wecom_group_id": "etG2", "name": "43",
         "created_at": NOW + timedelta(days=1), "position": 2},
    ],
    "contact_tags": [
        {"contact_id": 1, "tag_id": 1, "tagged_at": ago(days=100)},
        {"contact_id": 1, "tag_id": 3, "tagged_at": ago(days=100), "removed_at": ago(days=50)},
    ],
    "groups": [
        {"group_id": 1, "wecom_chat_id": "wrG1", "name": "会员群", "owner_staff_id": 1,
         "created_at": ago(days=100)},
        {"group_id": 2, "wecom_chat_id": "wrG2", "name": "老群", "owner_staff_id": 4,
         "created_at": ago(days=200)},
        {"group_id": 3, "wecom_chat_id": "wrG3", "name": "散了", "owner_staff_id": 1, "created_at": ago(days=200),
         "dissolved_at": ago(days=20)},
        {"group_id": 4, "wecom_chat_id": "wrG4", "name": "广州群", "owner_staff_id": 2,
         "created_at": ago(days=50)},
    ],
    "group_members": [
        {"group_id": 1, "member_no": 1, "staff_id": 1, "joined_at": ago(days=100), "join_scene": 1},
        {"group_id": 1, "member_no": 2, "account_id": 1, "joined_at": utc_without_zone(1765000000),
         "join_scene": 1,
         "invited_by_staff_id": 1},
        {"group_id": 1, "member_no": 3, "account_id": 3, "joined_at": ago(days=80),
         "left_at": ago(days=3), "join_scene": 3},
        {"group_id": 1, "member_no": 4, "account_id": 2, "joined_at": ago(days=10), "join_scene": 3,
         "state": "poster7"},
    ],
    "group_days": [
        {"group_id": group, "stat_on": date(2026, 2, day), "new_members": 1, "members": 10 * group,
         "active_members": group, "member_messages": 5, "staff_messages": 2}
        for group in (1, 4) for day in (26, 27, 28)
    ],
    "staff_days": [
        {"staff_id": 1, "stat_on": date(2026, 2, 27), "chats": 12, "messages": 80, "reply_percentage": 91.5,
         "avg_reply_minutes": 3, "negative_feedback": 1, "new_applications": 4, "new_contacts": 2},
        {"staff_id": 1, "stat_on": date(2026, 2, 28), "chats": 6, "messages": 30, "reply_percentage": 50,
         "avg_reply_minutes": 9, "negative_feedback": 0, "new_applications": 1, "new_contacts": 1},
        {"staff_id": 2, "stat_on": date(2026, 2, 27), "chats": 4, "messages": 20, "reply_percentage": 100,
         "avg_reply_minutes": 1, "negative_feedback": 0, "new_applications": 0, "new_contacts": 0},
    ],
    "moments": [
        {"moment_id": 1, "wecom_moment_id": "mom1", "creator_staff_id": None, "created_at": ago(days=10),
         "is_corporate": True, "is_public": True, "content": "上新"},
        {"moment_id": 2, "wecom_moment_id": "mom2", "creator_staff_id": 1, "created_at": ago(days=9),
         "is_corporate": False, "is_public": False, "content": "早安"},
    ],
    "moment_tasks": [
        {"moment_id": 1, "staff_id": 1, "published_at": ago(days=10)},
        {"moment_id": 1, "staff_id": 2, "published_at": NOW + timedelta(days=1)},
    ],
    "moment_reach": [
        {"moment_id": 1, "staff_id": 1, "account_id": 1, "visible_at": ago(days=10), "liked_at": ago(days=9)},
        {"moment_id": 1, "staff_id": 1, "account_id": 2, "visible_at": None},
        {"moment_id": 1, "staff_id": 1, "account_id": 3, "visible_at": ago(days=10),
         "commented_at": NOW + timedelta(days=1)},
    ],
    "mass_messages": [
        {"message_id": 1, "wecom_msgid": "msg1", "chat_type": "single", "created_at": ago(days=6),
         "creator_staff_id": 3,
         "content": "周末九折"},
        {"message_id": 2, "wecom_msgid": "msg2", "chat_type": "single", "created_at": ago(seconds=30),
         "creator_staff_id": None, "content": "刚刚"},
        {"message_id": 3, "wecom_msgid": "msg3", "chat_type": "group", "created_at": ago(days=4),
         "creator_staff_id": 1,
         "content": "群里说"},
    ],
    "mass_message_tasks": [
        {"message_id": 1, "staff_id": 1, "sent_at": utc_without_zone(1771900000)},
        {"message_id": 1, "staff_id": 2, "sent_at": None},
        {"message_id": 3, "staff_id": 1, "sent_at": ago(days=4)},
    ],
    "mass_message_results": [
        {"result_id": 1, "message_id": 1, "staff_id": 1, "account_id": 1,
         "sent_at": utc_without_zone(1771900060),
         "outcome": "sent"},
        {"result_id": 2, "message_id": 1, "staff_id": 1, "account_id": 2, "outcome": "not_friend"},
        {"result_id": 3, "message_id": 1, "staff_id": 2, "account_id": 1, "outcome": "unsent"},
        {"result_id": 4, "message_id": 3, "staff_id": 1, "group_id": 1, "sent_at": ago(days=4),
         "outcome": "sent"},
    ],
    "products": [{"product_id": 1, "name": "跑鞋"}],
    "skus": [{"sku_id": 1, "product_id": 1}],
    "order_lines": [{"order_id": 1, "line_no": 1, "sku_id": 1, "quantity": 2}],
    "bills": [
        {"bill_id": 1, "transaction_id": "4200001", "out_trade_no": "T1", "account_id": 1, "payee_staff_id": 1,
         "paid_at": utc_without_zone(1771000000), "amount_fen": 19900, "payment_type": 0, "order_id": 1},
        {"bill_id": 2, "transaction_id": "4200002", "out_trade_no": "T2", "account_id": 3, "payee_staff_id": 2,
         "paid_at": utc_without_zone(1771100000), "amount_fen": 5000, "payment_type": 1, "remark": "R7"},
    ],
    "bill_refunds": [
        {"bill_refund_id": 1, "bill_id": 1, "out_refund_no": "TR1", "staff_id": 1,
         "requested_at": utc_without_zone(1771500000), "succeeded_at": utc_without_zone(1771600000), "amount_fen": 900},
        {"bill_refund_id": 2, "bill_id": 1, "out_refund_no": "TR2", "staff_id": 1, "requested_at": ago(days=1),
         "succeeded_at": NOW + timedelta(days=1), "amount_fen": 100},
    ],
    "fund_flow": [
        {"flow_id": 1, "happened_at": ago(days=2), "kind": "receipt", "amount_fen": 5000,
         "balance_fen": 5000, "bill_id": 2},
        {"flow_id": 2, "happened_at": ago(days=1), "kind": "refund", "amount_fen": -900, "balance_fen": 4100,
         "bill_id": 1, "bill_refund_id": 1},
        {"flow_id": 3, "happened_at": ago(hours=1), "kind": "withdrawal", "amount_fen": -4100,
         "balance_fen": 0},
    ],
    "acquisition_links": [
        {"link_id": 1, "wecom_link_id": "cawL1", "name": "包裹卡", "url": "https://work.weixin.qq.com/ca/L1",
         "created_at": utc_without_zone(1760000000), "channel_state": "c1"},
    ],
    "acquisition_link_staff": [{"link_id": 1, "staff_id": 1}],
    "acquisition_link_days": [{"link_id": 1, "stat_on": date(2026, 2, 20), "clicks": 30, "new_customers": 4}],
    "transfers": [
        {"transfer_id": 1, "contact_id": 90, "account_id": 1, "handover_staff_id": 1, "takeover_staff_id": 2,
         "kind": "on_job", "requested_at": ago(days=91), "completed_at": ago(days=90)},
        {"transfer_id": 2, "contact_id": 91, "account_id": 2, "handover_staff_id": 1, "takeover_staff_id": 2,
         "kind": "on_job", "requested_at": ago(hours=2), "completed_at": NOW + timedelta(hours=22)},
        {"transfer_id": 3, "contact_id": 92, "account_id": 3, "handover_staff_id": 1, "takeover_staff_id": 2,
         "kind": "on_job", "requested_at": ago(days=40), "refused_at": ago(days=40)},
    ],
}  # fmt: skip
