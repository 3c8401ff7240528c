"""Guides, their external contacts with phones and tags, corp tags, and unionids as external_userids."""

from collections.abc import Iterable

from siyu.channels.api.declare import Stream, Table, column
from siyu.channels.api.paging import PerItem, Reader, Single
from siyu.channels.api.units import EPOCH, FLAG, ID, INTEGER, TEXT
from siyu.channels.wecom.parts import (
    CONTACT,
    OPTIONAL,
    cursor,
    customer,
    getting,
    guides,
    phone,
    posting,
    rows_of_file,
    staff,
    unionid,
)
from siyu.resources import Kind

GUIDES = Table(
    name="guides",
    kind=Kind.SNAPSHOT,
    key="userid",
    within=("account_id",),
    rows="follow_user",
    columns=(staff("", "An employee who may have customers.", required=True),),
)

_OF_CONTACT = (
    staff("^.follow_info.userid", "The employee.", required=True),
    customer("^.external_contact.external_userid", required=True),
)

CONTACTS = Table(
    name="contacts",
    kind=Kind.SNAPSHOT,  # there is no time of change, and who was deleted is gone without a word (WD-96360)
    key="external_userid",
    within=("account_id", "userid"),  # one row per friendship: a customer comes once per employee
    columns=(
        staff("follow_info.userid", "The employee.", required=True),
        customer("external_contact.external_userid", required=True),
        unionid("external_contact.unionid", presence=OPTIONAL),
        column("contact_type", INTEGER, "external_contact.type", "1 WeChat user, 2 WeCom user."),
        column("added_at", EPOCH, "follow_info.createtime", "When they became friends.", required=True),
        column("add_way", INTEGER, "follow_info.add_way", "How; numbers that nobody listed occur."),
        column(
            "state", TEXT, "follow_info.state", "Channel parameter of the code or link.", presence=OPTIONAL
        ),
        column(
            "video_channel_source",
            INTEGER,
            "follow_info.wechat_channels.source",
            "With add_way 10: 0 unknown, 1 home page, 2 live stream, 3 lead.",
            presence=OPTIONAL,
        ),
    ),
    ignored=(
        *(
            f"external_contact.{name}"
            for name in ("name", "avatar", "gender", "position", "corp_name", "corp_full_name")
        ),
        "external_contact.external_profile",
        *(f"follow_info.{name}" for name in ("remark", "description", "remark_corp_name", "oper_userid")),
        "follow_info.wechat_channels.nickname",
    ),
)

CONTACT_PHONES = Table(
    name="contact_phones",
    kind=Kind.SNAPSHOT,
    key="external_userid",
    within=("account_id", "userid"),
    rows="follow_info.remark_mobiles",
    columns=(*_OF_CONTACT, phone("", "A number that the employee noted.", required=True)),
)

CONTACT_TAGS = Table(
    name="contact_tags",
    kind=Kind.SNAPSHOT,
    key="external_userid",
    within=("account_id", "userid"),
    rows="follow_info.tag_id",
    columns=(*_OF_CONTACT, column("tag_id", ID, "", "A corp tag.", required=True)),
)

TAG_GROUPS = Table(
    name="tag_groups",
    kind=Kind.SNAPSHOT,
    key="tag_group_id",
    within=("account_id",),
    columns=(
        column("tag_group_id", ID, "group_id", "Group of corp tags.", required=True),
        column("tag_group_name", TEXT, "group_name", "Its name."),
        column("created_at", EPOCH, "create_time", "When it was made."),
        column("position", INTEGER, "order", "Order; larger comes first."),
        column("is_deleted", FLAG, "deleted", "Given where a tag was asked for by id.", presence=OPTIONAL),
    ),
    ignored=("strategy_id",),
)

TAGS = Table(
    name="tags",
    kind=Kind.SNAPSHOT,
    key="tag_group_id",
    within=("account_id",),
    rows="tag",
    columns=(
        column("tag_group_id", ID, "^.group_id", "Group of corp tags.", required=True),
        column("tag_id", ID, "id", "A corp tag.", required=True),
        column("tag_name", TEXT, "name", "Its name."),
        column("created_at", EPOCH, "create_time", "When it was made."),
        column("position", INTEGER, "order", "Order within the group."),
        column("is_deleted", FLAG, "deleted", "Given where a tag was asked for by id.", presence=OPTIONAL),
    ),
)

UNIONID_LINKS = Table(
    name="unionid_links",
    kind=Kind.VERSIONS,
    key="unionid",
    within=("account_id",),
    columns=(
        unionid("?.unionid", required=True),
        customer("external_userid", "Empty: not a customer of this corp yet.", presence=OPTIONAL),
    ),
    ignored=("errcode", "errmsg", "pending_id"),  # pending ids end after 90 days
)


def _each_guide(reader: Reader) -> Iterable[dict[str, list[str]]]:
    """One guide per request, of a hundred that may be asked for: so one who left costs nobody else's contacts."""
    return ({"userid_list": [guide]} for guide in guides(reader))


def _each_unionid(reader: Reader) -> Iterable[dict[str, str]]:
    return rows_of_file(reader.account, "unionids_file", ("unionid", "openid"))


STREAMS = (
    Stream(
        name="guides",
        request=getting(f"{CONTACT}/get_follow_user_list"),
        paging=Single(),
        items="",
        tables=(GUIDES,),
    ),
    Stream(
        name="contacts",
        request=posting(f"{CONTACT}/batch/get_by_user"),
        paging=PerItem(each=_each_guide, inner=cursor(100)),
        items="external_contact_list",
        tables=(CONTACTS, CONTACT_PHONES, CONTACT_TAGS),
    ),
    Stream(
        name="tags",
        request=posting(f"{CONTACT}/get_corp_tag_list"),
        paging=Single(),
        items="tag_group",
        tables=(TAG_GROUPS, TAGS),
    ),
    Stream(
        name="unionid_links",
        request=posting("/cgi-bin/idconvert/unionid_to_external_userid", subject_type=0),
        paging=PerItem(each=_each_unionid),
        items="",
        tables=(UNIONID_LINKS,),
        per_second=27,  # 100,000 an hour, 480,000 a day (WD-97108)
    ),
)
