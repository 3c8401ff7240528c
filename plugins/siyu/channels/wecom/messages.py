"""Mass messages 企业群发: what was made, which employee confirmed it, what became of each receiver.

Employees confirm for days, so every message of the last 30 days is read each night.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from siyu.channels.api.declare import Column, Request, Stream, Table, column
from siyu.channels.api.paging import PerItem, Reader
from siyu.channels.api.units import EPOCH, ID, INTEGER
from siyu.channels.wecom.parts import (
    CONTACT,
    LAST_30_DAYS,
    OPTIONAL,
    cursor,
    customer,
    every,
    posting,
    posting_window,
    staff,
)
from siyu.resources import Kind

_SINGLE, _GROUP = "single", "group"
_LIST = posting_window(f"{CONTACT}/get_groupmsg_list_v2")
_TASKS = f"{CONTACT}/get_groupmsg_task"
_PER_PAGE = 100
_SENT_AT = column("sent_at", EPOCH, "send_time", "When; empty while unsent.", presence=OPTIONAL)
_MESSAGE = column("message_id", ID, "?.msgid", "Mass message.", required=True)

MASS_MESSAGES = Table(
    name="mass_messages",
    kind=Kind.EVENTS,
    key="message_id",
    within=("account_id",),
    happened="created_at",
    columns=(
        column("message_id", ID, "msgid", "Mass message.", required=True),
        column("chat_type", ID, "?.chat_type", "single or group.", required=True),
        staff(
            "creator", "Who made it; empty when made through the API.", "creator_userid", presence=OPTIONAL
        ),
        column("created_at", EPOCH, "create_time", "When; comes as number or text.", required=True),
        column("create_type", INTEGER, "create_type", "0 corporate, 1 personal."),
    ),
    ignored=("text", "attachments"),
)

MASS_MESSAGE_TASKS = Table(
    name="mass_message_tasks",
    kind=Kind.VERSIONS,
    key="userid",
    within=("account_id", "message_id"),
    columns=(
        _MESSAGE,
        staff("userid", "Who is to confirm it.", required=True),
        column("task_status", INTEGER, "status", "0 not yet, 2 sent.", required=True),
        _SENT_AT,
    ),
)


def _results(name: str, receiver: Column) -> Table:
    return Table(
        name=name,
        kind=Kind.VERSIONS,
        key=receiver.field.name,
        within=("account_id", "message_id", "userid"),
        columns=(
            _MESSAGE,
            staff("userid", "The sender.", required=True),
            receiver,
            column(
                "send_status",
                INTEGER,
                "status",
                "0 unsent, 1 sent, 2 no friend any more, 3 had another message already.",
                required=True,
            ),
            _SENT_AT,
        ),
    )


MASS_MESSAGE_RESULTS = _results("mass_message_results", customer("external_userid", required=True))
GROUP_MESSAGE_RESULTS = _results(
    "group_message_results", column("chat_id", ID, "chat_id", "Group that it went to.", required=True)
)


def _messages(reader: Reader, *chat_types: str) -> Iterator[dict[str, str]]:
    for chat_type in chat_types:
        listed = _LIST(reader.account, reader.window)
        request = replace(listed, params={**listed.params, "chat_type": chat_type})
        for message in every(reader, request, "group_msg_list", "msgid", per_page=_PER_PAGE):
            yield {"msgid": message["msgid"]}


def _each_message(reader: Reader) -> Iterator[dict[str, str]]:
    yield from _messages(reader, _SINGLE, _GROUP)


def _each_sender(chat_type: str) -> Callable[[Reader], Iterator[dict[str, str]]]:
    """Message and employee: those who have not confirmed tell whom they were to reach."""

    def each(reader: Reader) -> Iterator[dict[str, str]]:
        for one in _messages(reader, chat_type):
            request = Request(method="POST", path=_TASKS, params=one, send="json")
            for task in every(reader, request, "task_list", "userid"):
                yield one | {"userid": task["userid"]}

    return each


def _results_stream(table: Table, chat_type: str) -> Stream:
    return Stream(
        name=table.name,
        request=posting(f"{CONTACT}/get_groupmsg_send_result"),
        paging=PerItem(each=_each_sender(chat_type), inner=cursor(1000)),
        items="send_list",
        tables=(table,),
        window=LAST_30_DAYS,
    )


STREAMS = (
    Stream(
        name="mass_messages",
        request=_LIST,
        paging=PerItem(
            each=lambda _: [{"chat_type": _SINGLE}, {"chat_type": _GROUP}], inner=cursor(_PER_PAGE)
        ),
        items="group_msg_list",
        tables=(MASS_MESSAGES,),
        window=LAST_30_DAYS,
    ),
    Stream(
        name="mass_message_tasks",
        request=posting(_TASKS),
        paging=PerItem(each=_each_message, inner=cursor(1000)),
        items="task_list",
        tables=(MASS_MESSAGE_TASKS,),
        window=LAST_30_DAYS,
    ),
    _results_stream(MASS_MESSAGE_RESULTS, _SINGLE),
    _results_stream(GROUP_MESSAGE_RESULTS, _GROUP),
)
