"""Moments 朋友圈: what was posted, who published it, who could see it, who liked or commented.

A post that somebody deletes is told no more, though the console still shows it (WD-96352): what has landed stays.
"""

from collections.abc import Iterator
from typing import Any

from siyu.channels.api.declare import Request, Stream, Table, column
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

_PERSONAL, _PUBLISHED = 1, 1
_LIST = posting_window(f"{CONTACT}/get_moment_list")
_TASKS = f"{CONTACT}/get_moment_task"
_PER_PAGE = 20  # WD-96352

MOMENTS = Table(
    name="moments",
    kind=Kind.EVENTS,
    key="moment_id",
    within=("account_id",),
    happened="created_at",
    columns=(
        column("moment_id", ID, "moment_id", "Post.", required=True),
        staff(
            "creator", "Who made it; empty when made through the API.", "creator_userid", presence=OPTIONAL
        ),
        column("created_at", EPOCH, "create_time", "When; comes as number or text.", required=True),
        column("create_type", INTEGER, "create_type", "0 corporate, 1 personal."),
        column("visible_type", INTEGER, "visible_type", "0 part of the customers, 1 public."),
    ),
    ignored=("text", "image", "video", "link", "location"),
)

MOMENT_TASKS = Table(
    name="moment_tasks",
    kind=Kind.VERSIONS,
    key="userid",
    within=("account_id", "moment_id"),
    columns=(
        column("moment_id", ID, "?.moment_id", "Corporate post.", required=True),
        staff("userid", "Who is to publish it.", required=True),
        column("publish_status", INTEGER, "publish_status", "0 not yet, 1 published.", required=True),
    ),
)

_OF_POST = (
    column("moment_id", ID, "?.moment_id", "Post.", required=True),
    staff("?.userid", "Who published it.", required=True),
)

MOMENT_REACH = Table(
    name="moment_reach",
    kind=Kind.EVENTS,
    key="external_userid",
    within=("account_id", "moment_id", "userid"),
    columns=(*_OF_POST, customer("external_userid", "A customer who could see it.", required=True)),
    ignored=("userid",),
)


def _reactions(name: str, rows: str, what: str) -> Table:
    """Customers and employees who reacted: one of both ids is given."""
    return Table(
        name=name,
        kind=Kind.VERSIONS,
        key="userid",
        within=("account_id", "moment_id"),
        happened="reacted_at",
        rows=rows,
        columns=(
            *_OF_POST,
            customer("external_userid", f"The customer who {what} it.", presence=OPTIONAL),
            staff("userid", f"Or the employee who {what} it.", "reacting_userid", presence=OPTIONAL),
            column("reacted_at", EPOCH, "create_time", "When.", required=True),
        ),
    )


MOMENT_COMMENTS = _reactions("moment_comments", "comment_list", "commented on")
MOMENT_LIKES = _reactions("moment_likes", "like_list", "liked")


def _posts(reader: Reader) -> Iterator[dict[str, Any]]:
    request = _LIST(reader.account, reader.window)
    return every(reader, request, "moment_list", "moment_id", "create_type", per_page=_PER_PAGE)


def _each_corporate_post(reader: Reader) -> Iterator[dict[str, str]]:
    for post in _posts(reader):
        if post["create_type"] != _PERSONAL:
            yield {"moment_id": post["moment_id"]}


def _each_publisher(reader: Reader) -> Iterator[dict[str, str]]:
    """Post and employee of whatever has been published."""
    for post in _posts(reader):
        one = {"moment_id": post["moment_id"]}
        if post["create_type"] == _PERSONAL:
            if post.get("creator"):
                yield one | {"userid": post["creator"]}
            continue
        request = Request(method="POST", path=_TASKS, params=one, send="json")
        for task in every(reader, request, "task_list", "userid", "publish_status"):
            if task["publish_status"] == _PUBLISHED:
                yield one | {"userid": task["userid"]}


STREAMS = (
    Stream(
        name="moments",
        request=_LIST,
        paging=cursor(_PER_PAGE),
        items="moment_list",
        tables=(MOMENTS,),
        window=LAST_30_DAYS,
    ),
    Stream(
        name="moment_tasks",
        request=posting(_TASKS),
        paging=PerItem(each=_each_corporate_post, inner=cursor(1000)),
        items="task_list",
        tables=(MOMENT_TASKS,),
        window=LAST_30_DAYS,
    ),
    Stream(
        name="moment_reach",
        request=posting(f"{CONTACT}/get_moment_send_result"),
        paging=PerItem(each=_each_publisher, inner=cursor(5000)),
        items="customer_list",
        tables=(MOMENT_REACH,),
        window=LAST_30_DAYS,
    ),
    Stream(
        name="moment_reactions",
        request=posting(f"{CONTACT}/get_moment_comments"),
        paging=PerItem(each=_each_publisher),
        items="",
        tables=(MOMENT_COMMENTS, MOMENT_LIKES),
        window=LAST_30_DAYS,
    ),
)
