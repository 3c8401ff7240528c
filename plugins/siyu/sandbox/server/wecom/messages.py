"""Mass messages 企业群发 (wecom_marketing.md, "Mass messages"; WD-96355, ZW WD-93338, 92698, WxJ, XW)."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from siyu.sandbox.server.wecom.asked import Asked, listed_texts, seconds_of
from siyu.sandbox.server.wecom.errors import Refusal, bad_parameter
from siyu.sandbox.server.wecom.memory import AskedMessage
from siyu.sandbox.server.world import Row

DISPATCHED_AFTER = timedelta(minutes=2)  # until then 41063
CONFIRMED_AFTER = timedelta(hours=1)  # when employees confirm what was made through the API
MOST_PER_MONTH = 4  # messages to one customer or group

RESULTS = """
    select
        mass_message_results.result_id,
        staff.wecom_userid as userid,
        accounts.wecom_external_userid as external_userid,
        groups.wecom_chat_id as chat_id,
        mass_message_results.outcome,
        -- before its sender has confirmed, a delivery is unsent whatever becomes of it later
        coalesce(mass_message_tasks.sent_at <= $t, false) as is_confirmed,
        epoch(mass_message_results.sent_at)::bigint as send_time
    from mass_message_results
    inner join staff on mass_message_results.staff_id = staff.staff_id
    left join mass_message_tasks
        on
            mass_message_results.message_id = mass_message_tasks.message_id
            and mass_message_results.staff_id = mass_message_tasks.staff_id
    left join accounts on mass_message_results.account_id = accounts.account_id
    left join groups on mass_message_results.group_id = groups.group_id
    where
        mass_message_results.message_id = $message_id
        and staff.wecom_userid = $userid
        and mass_message_results.result_id > $after
    order by mass_message_results.result_id
    limit $count
"""
STATUS = {"unsent": 0, "sent": 1, "not_friend": 2, "over_limit": 3}


def list_messages(asked: Asked) -> dict[str, Any]:
    """Messages of one chat type made within at most a month, those made through the API after the others."""
    chat_type = _chat_type(asked)
    begins, ends = asked.window("start_time", "end_time", most_days=31)
    kind = asked.integer("filter_type", 2, high=2)
    creator = asked.ids.own_userid(asked.text("creator", ""))
    rows, next_cursor = asked.page(
        lambda after, count: _listed(asked, chat_type, begins, ends, after)[:count],
        key="message_id",
        limit=asked.integer("limit", 50, low=1, high=100),
        show=lambda rows: [
            _message(asked, row)
            for row in rows
            if kind in {2, _create_type(row)} and creator in {"", row["creator"]}
        ],
    )
    return {"next_cursor": next_cursor, "group_msg_list": rows}


def _chat_type(asked: Asked) -> str:
    chat_type = asked.text("chat_type", "single")
    if chat_type not in {"single", "group"}:
        raise bad_parameter("chat_type is neither single nor group")
    return chat_type


def _listed(asked: Asked, chat_type: str, begins: datetime, ends: datetime, after: int) -> list[Row]:
    rows = asked.rows(
        """
        select * from wecom_messages($t, $day, $range)
        where message_id > $after and chat_type = $chat_type and created_at between $begins and $ends
        order by message_id
        """,
        after=after,
        chat_type=chat_type,
        begins=begins,
        ends=ends,
    )
    made: list[Row] = [
        {
            "message_id": 10**12 + number,
            "wecom_msgid": message.msgid,
            "create_time": seconds_of(message.created_at),
            "content": message.content,
            "creator": None,
            "role": None,
        }
        for number, message in enumerate(list(asked.memory.messages.values()))
        if message.chat_type == chat_type and begins <= message.created_at <= ends
    ]
    return rows + [row for row in made if row["message_id"] > after]


def _create_type(row: Row) -> int:
    return 1 if row["role"] == "guide" else 0


def _message(asked: Asked, row: Row) -> dict[str, Any]:
    message: dict[str, Any] = {
        "msgid": row["wecom_msgid"],
        # whole numbers and texts have both been seen: what came through the API shows the text
        "create_time": row["create_time"] if row["creator"] else str(row["create_time"]),
        "create_type": _create_type(row),
        "text": {"content": row["content"]},
        "attachments": [],
    }
    return {**message, "creator": asked.ids.userid(row["creator"])} if row["creator"] else message


def _named(asked: Asked) -> Row | AskedMessage:
    """The message of the world, or the one a caller made.

    Raises:
        Refusal: 40058 for one that is not known, 41063 while it is being dispatched.
    """
    msgid = asked.text("msgid")
    message: Row | AskedMessage | None = asked.memory.messages.get(msgid)
    if message is None:
        rows = asked.rows(
            "select * from wecom_messages($t, $day, $range) where wecom_msgid = $msgid", msgid=msgid
        )
        message = next(iter(rows), None)
    if message is None:
        raise bad_parameter("msgid is not known")
    created: datetime = message.created_at if isinstance(message, AskedMessage) else message["created_at"]
    if asked.clock.utc() < created + DISPATCHED_AFTER:
        raise Refusal(41063)
    return message


def list_tasks(asked: Asked) -> dict[str, Any]:
    """Who must confirm a message, and who has."""
    message = _named(asked)
    limit = asked.integer("limit", 500, low=1, high=1000)
    rows, next_cursor = asked.page(
        lambda after, count: _tasks(asked, message, after)[:count],
        key="number",
        limit=limit,
        show=lambda rows: [_task(asked, row) for row in rows],
    )
    return {"next_cursor": next_cursor, "task_list": rows}


def _tasks(asked: Asked, message: Row | AskedMessage, after: int) -> list[Row]:
    if isinstance(message, AskedMessage):
        sent = _confirmed(asked, message)
        tasks = [{"number": n, "userid": who, "send_time": sent} for n, who in enumerate(message.receivers)]
        return tasks[after + 1 :]
    return asked.rows(
        """
        select
            mass_message_tasks.staff_id as number,
            staff.wecom_userid as userid,
            case when mass_message_tasks.sent_at <= $t then epoch(mass_message_tasks.sent_at)::bigint end as send_time
        from mass_message_tasks
        inner join staff on mass_message_tasks.staff_id = staff.staff_id
        where mass_message_tasks.message_id = $message_id and mass_message_tasks.staff_id > $after
        order by mass_message_tasks.staff_id
        """,
        message_id=message["message_id"],
        after=after,
    )


def _confirmed(asked: Asked, message: AskedMessage) -> int | None:
    """When the senders confirmed, in unix seconds; None before."""
    moment = message.created_at + CONFIRMED_AFTER
    return seconds_of(moment) if asked.clock.utc() >= moment else None


def _task(asked: Asked, row: Row) -> dict[str, Any]:
    task = {"userid": asked.ids.userid(row["userid"]), "status": 0 if row["send_time"] is None else 2}
    return task if row["send_time"] is None else {**task, "send_time": row["send_time"]}


def list_results(asked: Asked) -> dict[str, Any]:
    """One sender's deliveries: external_userid for single, chat_id for group, never both."""
    message, userid = _named(asked), asked.ids.own_userid(asked.text("userid"))
    limit = asked.integer("limit", 500, low=1, high=1000)
    rows, next_cursor = asked.page(
        lambda after, count: _results(asked, message, userid, after, count),
        key="result_id",
        limit=limit,
        show=lambda rows: [_result(asked, row) for row in rows],
    )
    return {"next_cursor": next_cursor, "send_list": rows}


def _results(asked: Asked, message: Row | AskedMessage, userid: str, after: int, count: int) -> list[Row]:
    if not isinstance(message, AskedMessage):
        return asked.rows(RESULTS, message_id=message["message_id"], userid=userid, after=after, count=count)
    sent, name = _confirmed(asked, message), "external_userid" if message.chat_type == "single" else "chat_id"
    return [
        {
            "result_id": number,
            "userid": userid,
            "external_userid": None,
            "chat_id": None,
            name: receiver,
            "is_confirmed": sent is not None,
            "outcome": "sent",
            "send_time": sent,
        }
        for number, receiver in enumerate(message.receivers.get(userid, []))
    ][after + 1 : after + 1 + count]


def _result(asked: Asked, row: Row) -> dict[str, Any]:
    status = STATUS[row["outcome"]] if row["is_confirmed"] else 0
    result: dict[str, Any] = {"userid": asked.ids.userid(row["userid"]), "status": status}
    if row["chat_id"]:
        result["chat_id"] = row["chat_id"]
    else:
        result["external_userid"] = asked.ids.external(row["external_userid"])
    if status == 1:
        result["send_time"] = row["send_time"]
    return result


def add_message(asked: Asked) -> dict[str, Any]:
    """Make a task for the senders, who confirm it an hour later; over four a month and strangers go to fail_list."""
    chat_type = _chat_type(asked)
    sender = asked.text("sender", "" if chat_type == "single" else None)
    given_text = asked.given.get("text") or {}
    content = given_text.get("content", "") if isinstance(given_text, dict) else ""
    attachments = asked.given.get("attachments") or []
    if not isinstance(content, str) or len(content.encode()) > 4000:
        raise bad_parameter("text.content is no text or too long")
    if not isinstance(attachments, list) or len(attachments) > 9:
        raise bad_parameter("attachments is no list or has more than 9 elements")
    if not content and not attachments:
        raise bad_parameter("text and attachments are both empty")
    name = "external_userid" if chat_type == "single" else "chat_id_list"
    receivers = listed_texts(asked.given.get(name), name, most=10_000 if chat_type == "single" else 2000)
    if not receivers and not sender:
        raise bad_parameter(f"{name} and sender are both empty")
    reachable = _reachable(asked, chat_type, sender)
    wanted = [_own(asked, chat_type, receiver) for receiver in receivers] or list(reachable)
    with asked.memory.lock:
        spent = _spent(asked, chat_type)
        fitting = [own for own in wanted if own in reachable and spent.get(own, 0) < MOST_PER_MONTH]
        failed = set(wanted).difference(fitting)
        by_sender: dict[str, list[str]] = {}
        for own in fitting:
            by_sender.setdefault(reachable[own], []).append(own)
        number = len(asked.memory.messages)
        msgid = "msg" + hashlib.sha256(f"{asked.app.secret}|{number}|{asked.now}".encode()).hexdigest()[:29]
        asked.memory.messages[msgid] = AskedMessage(
            msgid=msgid,
            chat_type=chat_type,
            created_at=asked.clock.utc(),
            receivers=by_sender,
            content=content,
        )
    return {
        "fail_list": [item for item in receivers if _own(asked, chat_type, item) in failed],
        "msgid": msgid,
    }


def _own(asked: Asked, chat_type: str, shown: str) -> str:
    return asked.ids.own_external(shown) if chat_type == "single" else shown


def _reachable(asked: Asked, chat_type: str, sender: str) -> dict[str, str]:
    """Whom a message may reach, with the employee who would send it: the named one, else who knows them longest."""
    userid = asked.employees([sender])[0]["userid"] if sender else ""
    if chat_type == "single":
        sql = """
            select external_userid as receiver, arg_min(userid, contact_id) as userid
            from wecom_visible_edges($range)
            where $userid = '' or userid = $userid
            group by external_userid
            order by receiver
        """
    else:
        sql = """
            select groups.wecom_chat_id as receiver, owners.userid
            from groups
            inner join wecom_visible_staff($range) as owners on groups.owner_staff_id = owners.staff_id
            where
                groups.created_at <= $t
                and (groups.dissolved_at is null or groups.dissolved_at > $t)
                and owners.userid = $userid
            order by receiver
        """
    return {row["receiver"]: row["userid"] for row in asked.rows(sql, userid=userid)}


def _spent(asked: Asked, chat_type: str) -> dict[str, int]:
    """Messages this calendar month by receiver: those of the world and those made through the API."""
    rows = asked.rows(
        """
        select coalesce(accounts.wecom_external_userid, groups.wecom_chat_id) as receiver, count(*) as messages
        from mass_message_results as results
        left join accounts on results.account_id = accounts.account_id
        left join groups on results.group_id = groups.group_id
        where
            results.sent_at <= $t
            and results.sent_at + interval 8 hours >= date_trunc('month', $t + interval 8 hours)
        group by receiver
        """
    )
    spent = {row["receiver"]: row["messages"] for row in rows}
    month = (asked.clock.utc() + timedelta(hours=8)).strftime("%Y-%m")
    for message in asked.memory.messages.values():
        if (
            message.chat_type == chat_type
            and (message.created_at + timedelta(hours=8)).strftime("%Y-%m") == month
        ):
            for receivers in message.receivers.values():
                for receiver in receivers:
                    spent[receiver] = spent.get(receiver, 0) + 1
    return spent


ENDPOINTS = {
    "POST /cgi-bin/externalcontact/add_msg_template": add_message,
    "POST /cgi-bin/externalcontact/get_groupmsg_list_v2": list_messages,
    "POST /cgi-bin/externalcontact/get_groupmsg_task": list_tasks,
    "POST /cgi-bin/externalcontact/get_groupmsg_send_result": list_results,
}
