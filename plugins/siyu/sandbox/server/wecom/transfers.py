"""Customers handed on, by employees at work and by those who left (wecom_marketing.md, "Transfer"; WxJ, XW)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from siyu.sandbox.server.wecom.asked import Asked, seconds_of
from siyu.sandbox.server.wecom.errors import Refusal, bad_parameter
from siyu.sandbox.server.wecom.memory import AskedTransfer
from siyu.sandbox.server.world import Row

TAKES_EFFECT_AFTER = timedelta(hours=24)
MOST_TRANSFERS = 2  # of one customer by employees at work
DONE, WAITING, REFUSED = 1, 2, 3
LATER = 10**12  # transfers asked for by callers are listed after the world's

LEAVERS = """
    select
        contacts.contact_id,
        staff.wecom_userid as handover,
        accounts.wecom_external_userid as external_userid,
        -- midnight in China of the first day no longer employed
        epoch(staff.left_on::timestamp - interval 8 hours)::bigint as dimission_time
    from contacts
    inner join staff on contacts.staff_id = staff.staff_id
    inner join accounts on contacts.account_id = accounts.account_id
    where
        staff.left_on <= $day
        and contacts.started_at <= $t
        and (contacts.ended_at is null or contacts.ended_at > $t)
        and contacts.contact_id > $after
        and not exists (
            select 1 from transfers
            where transfers.contact_id = contacts.contact_id and transfers.requested_at <= $t
        )
    order by contacts.contact_id
    limit $count
"""


def ask_for_transfer(kind: str) -> Callable[[Asked], dict[str, Any]]:
    """The handler for employees at work, or for those who left: 0 means the request was accepted."""

    def transfer(asked: Asked) -> dict[str, Any]:
        handover = asked.ids.own_userid(asked.text("handover_userid"))
        takeover = asked.staff("takeover_userid")["userid"]
        asked.text("transfer_success_msg", "", most_bytes=600)  # 200 characters
        external = asked.texts("external_userid", most=100)
        if not external:
            raise bad_parameter("external_userid is empty")
        if handover == takeover:
            raise Refusal(40130)
        at_work = asked.rows("select 1 from wecom_staff where userid = $userid", userid=handover)
        if kind == "resigned" and at_work:
            raise Refusal(40097)
        if kind == "on_job" and not at_work:
            raise Refusal(60111)
        customers = []
        with asked.memory.lock:
            for shown in external:
                own = asked.ids.own_external(shown)
                code = _judged(asked, kind, handover, own)
                if code == 0:
                    asked.memory.transfers.append(
                        AskedTransfer(
                            kind=kind,
                            handover=handover,
                            takeover=takeover,
                            external=own,
                            requested_at=asked.clock.utc(),
                        )
                    )
                customers.append({"external_userid": shown, "errcode": code})
        return {"customer": customers}

    return transfer


def _judged(asked: Asked, kind: str, handover: str, external: str) -> int:
    """0, 40131 when this is no follower of the customer, 40100 while the customer is being moved or was too often."""
    follows = asked.rows(
        """
        select 1
        from contacts
        inner join staff on contacts.staff_id = staff.staff_id
        inner join accounts on contacts.account_id = accounts.account_id
        where
            staff.wecom_userid = $handover
            and accounts.wecom_external_userid = $external
            and contacts.started_at <= $t
            and (contacts.ended_at is null or contacts.ended_at > $t)
        """,
        handover=handover,
        external=external,
    )
    if not follows:
        return 40131
    earlier = asked.rows(
        "select * from wecom_transfers($t, $kind) where external_userid = $external",
        kind=kind,
        external=external,
    )
    asked_for = [item for item in asked.memory.transfers if (item.kind, item.external) == (kind, external)]
    moving = [row for row in earlier if _status(asked, row) == WAITING]
    moving_too = [item for item in asked_for if asked.clock.utc() < item.requested_at + TAKES_EFFECT_AFTER]
    too_often = kind == "on_job" and len(earlier) + len(asked_for) >= MOST_TRANSFERS
    return 40100 if moving or moving_too or too_often else 0


def _status(asked: Asked, row: Row) -> int:
    now = asked.clock.utc()
    if row["refused_at"] is not None and row["refused_at"] <= now:
        return REFUSED
    return DONE if row["completed_at"] is not None and row["completed_at"] <= now else WAITING


def transfer_results(kind: str) -> Callable[[Asked], dict[str, Any]]:
    """The handler that tells what became of transfers from one employee to another."""

    def results(asked: Asked) -> dict[str, Any]:
        handover = asked.ids.own_userid(asked.text("handover_userid"))
        takeover = asked.ids.own_userid(asked.text("takeover_userid"))
        rows, next_cursor = asked.page(
            lambda after, count: _between(asked, kind, handover, takeover, after)[:count],
            key="number",
            limit=1000,
            show=lambda rows: [
                {
                    "external_userid": asked.ids.external(row["external_userid"]),
                    "status": row["status"],
                    "takeover_time": row["takeover_time"],
                }
                for row in rows
            ],
        )
        return {"customer": rows, "next_cursor": next_cursor}

    return results


def _between(asked: Asked, kind: str, handover: str, takeover: str, after: int) -> list[Row]:
    rows = asked.rows(
        """
        select * from wecom_transfers($t, $kind)
        where handover = $handover and takeover = $takeover and transfer_id > $after
        order by transfer_id
        """,
        kind=kind,
        handover=handover,
        takeover=takeover,
        after=after,
    )
    world: list[Row] = [
        {
            "number": row["transfer_id"],
            "external_userid": row["external_userid"],
            "status": _status(asked, row),
            "takeover_time": seconds_of(
                row["completed_at"]
                if _status(asked, row) == DONE
                else row["requested_at"] + TAKES_EFFECT_AFTER  # lies in the future while it is waiting
            ),
        }
        for row in rows
    ]
    callers: list[Row] = [
        {
            "number": LATER + number,
            "external_userid": item.external,
            "status": DONE if asked.clock.utc() >= item.requested_at + TAKES_EFFECT_AFTER else WAITING,
            "takeover_time": seconds_of(item.requested_at + TAKES_EFFECT_AFTER),
        }
        for number, item in enumerate(asked.memory.transfers)
        if (item.kind, item.handover, item.takeover) == (kind, handover, takeover)
    ]
    return world + [row for row in callers if row["number"] > after]


def list_unassigned(asked: Asked) -> dict[str, Any]:
    """Customers of employees who left, not handed on yet; paged by cursor, or by page_id from 0."""
    size, page_id = asked.integer("page_size", 1000, low=1, high=1000), asked.integer("page_id", 0)
    skip = 0 if asked.given.get("cursor") else page_id * size
    rows, next_cursor = asked.page(
        lambda after, count: asked.rows(LEAVERS, after=after, count=count + skip)[skip:],
        key="contact_id",
        limit=size,
        show=lambda rows: [
            {
                "handover_userid": asked.ids.userid(row["handover"]),
                "external_userid": asked.ids.external(row["external_userid"]),
                "dimission_time": row["dimission_time"],
            }
            for row in rows
        ],
    )
    return {"info": rows, "is_last": not next_cursor, "next_cursor": next_cursor}


ENDPOINTS = {
    "POST /cgi-bin/externalcontact/transfer_customer": ask_for_transfer("on_job"),
    "POST /cgi-bin/externalcontact/transfer_result": transfer_results("on_job"),
    "POST /cgi-bin/externalcontact/resigned/transfer_customer": ask_for_transfer("resigned"),
    "POST /cgi-bin/externalcontact/resigned/transfer_result": transfer_results("resigned"),
    "POST /cgi-bin/externalcontact/get_unassigned_list": list_unassigned,
}
