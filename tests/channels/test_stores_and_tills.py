"""What shops export beside orders: payments, stores, guides, footfall, stock, consents … Good and bad files."""

from typing import Any
from zlib import crc32

import pytest

from siyu.channels.files import claim_files, land_file
from siyu.channels.files.check import check_mapping
from siyu.errors import RefusedError, SourceError, UsageError
from siyu.landing import LoadRecord
from siyu.resources import RESOURCES
from tests.channels.sandboxed import NOW, landed
from tests.channels.shop import Shop


def column(header: str, type_: str, **more: Any) -> dict[str, Any]:
    return {"from": header, "type": type_, "personal": "none"} | more


STORE, GUIDE = column("门店", "id"), column("工号", "id")
DAY = column("日期", "date")
# By resource: its columns, its fields, a header with a good row.
TABLES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "payments": (
        {
            "number": column("流水", "id"), "receipt": column("小票", "id"), "tender": column("方式", "text"),
            "paid": column("金额", "amount"),
            "at": column("时间", "timestamp", format="%Y-%m-%d %H:%M:%S"),
        },
        {
            "payment_id": "number", "order_id": "receipt", "tender": "tender", "payment_amount": "paid",
            "paid_at": "at",
        },
        "流水,小票,方式,金额,时间",
        "P1,R1,微信,60.01,2026-03-01 23:59:59",
    ),
    "stores": (
        {
            "store": STORE, "day": DAY, "name": column("名称", "text"), "area": column("面积", "decimal"),
            "rent": column("租金", "amount"),
        },
        {
            "store_id": "store", "valid_from": "day", "store_name": "name", "area_m2": "area",
            "monthly_rent_amount": "rent", "opened_on": "day",
        },
        "门店,日期,名称,面积,租金",
        "S1,2020-05-01,上海一店,120.5,30000",
    ),
    "guides": (
        {"guide": GUIDE, "store": STORE, "kind": column("用工", "text"), "day": DAY},
        {
            "guide_id": "guide", "store_id": "store", "joined_on": "day",
            "is_part_time": {"condition": {"column": "kind", "equals": "兼职"}},
        },
        "工号,门店,用工,日期",
        "G1,S1,兼职,2024-01-01",
    ),
    "rosters": (
        {"guide": GUIDE, "store": STORE, "day": DAY, "hours": column("工时", "decimal")},
        {"guide_id": "guide", "store_id": "store", "roster_date": "day", "hours": "hours"},
        "工号,门店,日期,工时",
        "G1,S1,2026-03-01,7.5",
    ),
    "footfall": (
        {
            "store": STORE, "day": DAY, "hour": column("时段", "integer"), "visits": column("进店", "integer"),
            "tried": column("试穿", "integer"),
        },
        {
            "store_id": "store", "visit_date": "day", "visit_hour": "hour", "visit_count": "visits",
            "tried_count": "tried",
        },
        "门店,日期,时段,进店,试穿",
        "S1,2026-03-01,10,25,4",
    ),
    "targets": (
        {"store": STORE, "month": column("月份", "date", format="%Y-%m"), "target": column("目标", "amount")},
        {
            "target_of": {"constant": "store"}, "owner_id": "store", "measure": {"constant": "net_revenue"},
            "target_month": "month", "target_value": "target",
        },
        "门店,月份,目标",
        "S1,2026-03,200000.50",
    ),
    "inventory": (
        {
            "store": STORE, "day": DAY, "sku": column("货号", "id"), "size": column("尺码", "text"),
            "pieces": column("库存", "integer"), "cost": column("成本", "decimal"),
        },
        {
            "store_id": "store", "stock_date": "day", "sku_id": "sku", "size": "size",
            "on_hand_quantity": "pieces", "unit_cost": "cost",
        },
        "门店,日期,货号,尺码,库存,成本",
        "S1,2026-02-28,P1-41,41,3,33.335",
    ),
    "consents": (
        {
            "card": column("会员卡号", "id", personal="identifier"), "way": column("方式", "text"),
            "said": column("是否同意", "text"), "at": column("时间", "timestamp", format="%Y-%m-%d %H:%M:%S"),
            "where": column("来源", "text"),
        },
        {
            "customer_id": "card", "purpose": {"constant": "marketing"}, "contact_channel": "way",
            "is_granted": {"condition": {"column": "said", "equals": "同意"}},
            "decided_at": "at", "consent_source": "where",
        },
        "会员卡号,方式,是否同意,时间,来源",
        "K1,sms,同意,2026-03-01 10:00:00,入会表单",
    ),
    "member_tags": (
        {
            "card": column("会员卡号", "id", personal="identifier"), "tag": column("标签", "text"),
            "value": column("取值", "text"), "where": column("来源", "text"), "message": column("消息", "id"),
            "at": column("时间", "timestamp", format="%Y-%m-%d %H:%M:%S"),
        },
        {
            "customer_id": "card", "tag_name": "tag", "tag_value": "value", "tag_source": "where",
            "message_id": "message", "tagged_at": "at",
        },
        "会员卡号,标签,取值,来源,消息,时间",
        "K1,shoe_size,41,survey,,2026-03-01 10:00:00",
    ),
    "memberships": (
        {
            "card": column("会员卡号", "id", personal="identifier"), "level": column("等级", "text"),
            "at": column("开始", "timestamp", format="%Y-%m-%d %H:%M:%S"),
            "until": column("到期", "timestamp", format="%Y-%m-%d %H:%M:%S"),
        },
        {
            "customer_id": "card", "program": {"constant": "club"}, "level": "level", "is_paid": {"constant": "false"},
            "started_at": "at", "ends_at": "until",
        },
        "会员卡号,等级,开始,到期",
        "K1,金卡,2026-02-01 10:00:00,2027-02-01 10:00:00",
    ),
    "points_changes": (
        {
            "entry": column("流水号", "id"), "card": column("会员卡号", "id", personal="identifier"),
            "kind": column("类型", "text"), "points": column("积分", "integer"),
            "at": column("时间", "timestamp", format="%Y-%m-%d %H:%M:%S"),
        },
        {
            "change_id": "entry", "customer_id": "card", "points_kind": "kind", "points": "points",
            "changed_at": "at",
        },
        "流水号,会员卡号,类型,积分,时间",
        "1,K1,redeemed,-300,2026-03-01 10:00:00",
    ),
    "children": (
        {
            "card": column("会员卡号", "id", personal="identifier"), "child": column("孩子", "id"),
            "month": column("出生年月", "date", format="%Y-%m"),
        },
        {"customer_id": "card", "child_id": "child", "birth_month": "month"},
        "会员卡号,孩子,出生年月",
        "K1,1,2023-06",
    ),
    "scans": (
        {
            "number": column("编号", "id"), "who": column("unionid", "id", personal="identifier"),
            "code": column("活动", "id"), "event": column("场次", "id"),
            "at": column("时间", "timestamp", format="%Y-%m-%d %H:%M:%S"),
        },
        {
            "scan_id": "number", "customer_id": "who", "campaign_code": "code", "event_id": "event",
            "scanned_at": "at",
        },
        "编号,unionid,活动,场次,时间",
        "1,u1,poster,,2026-03-01 10:00:00",
    ),
    "consults": (
        {
            "number": column("编号", "id"), "card": column("会员卡号", "id", personal="identifier"),
            "topic": column("主题", "text"), "guide": GUIDE, "store": STORE,
            "at": column("咨询时间", "timestamp", format="%Y-%m-%d %H:%M:%S"),
            "answered": column("回复时间", "timestamp", format="%Y-%m-%d %H:%M:%S"),
        },
        {
            "consult_id": "number", "customer_id": "card", "topic": "topic", "guide_id": "guide",
            "store_id": "store", "asked_at": "at", "answered_at": "answered",
        },
        "编号,会员卡号,主题,工号,门店,咨询时间,回复时间",
        "1,K1,尺码,G1,S1,2026-03-01 10:00:00,",
    ),
    "contact_lists": (
        {
            "account": column("账号", "id"), "contact": column("微信号", "id", personal="identifier"),
            "phone": column("手机号", "text", personal="identifier"), "said": column("是否同意", "text"),
            "at": column("导出时间", "timestamp", format="%Y-%m-%d %H:%M:%S"),
        },
        {
            "holder_id": "account", "customer_id": "contact", "phone": "phone",
            "list_source": {"constant": "own_store"},
            "has_consented": {"condition": {"column": "said", "equals": "同意"}}, "listed_at": "at",
        },
        "账号,微信号,手机号,是否同意,导出时间",
        "E1,wx1,13912345678,同意,2026-03-01 10:00:00",
    ),
}  # fmt: skip


def land(shop: Shop, resource: str, *rows: str, header: str | None = None) -> LoadRecord:
    """The load of a file with these rows; its name is its content's, as another export's would be."""
    columns, fields, usual, _ = TABLES[resource]
    path = shop.put("\n".join([header or usual, *rows, ""]), f"{resource}_{crc32(repr(rows).encode())}.csv")
    mapping = shop.mapping(
        columns=columns, resources={resource: {"fields": fields}}, top={"channel": "pos_till"}
    )
    ((source, file),) = claim_files(mapping, path).claimed
    return land_file(mapping, source, file, shop.settings, shop.home, landed_at=NOW)


def counts(record: LoadRecord, resource: str) -> tuple[int, int, dict[str, int]]:
    found = record.resources[resource].counts
    return found.landed, found.unchanged, found.quarantine_reasons


def test_every_resource_beside_orders_is_tried_here() -> None:
    asked = {*TABLES, "orders", "order_lines", "refunds", "customers", "touches", "costs"}
    assert asked == set(RESOURCES)


@pytest.mark.parametrize("resource", TABLES)
def test_a_good_row_does_not_land_or_lands_twice(shop: Shop, resource: str) -> None:
    row = TABLES[resource][3]
    assert counts(land(shop, resource, row), resource) == (1, 0, {})
    assert counts(land(shop, resource, row, ""), resource) == (0, 1, {})  # another export, the same row


@pytest.mark.parametrize("resource", TABLES)
def test_a_file_with_a_header_alone_is_an_error(shop: Shop, resource: str) -> None:
    assert counts(land(shop, resource), resource) == (0, 0, {})


@pytest.mark.parametrize("resource", TABLES)
def test_an_empty_file_lands(shop: Shop, resource: str) -> None:
    with pytest.raises(SourceError):
        land(shop, resource, header="\n")


@pytest.mark.parametrize(
    ("resource", "row", "reason"),
    [
        ("payments", "P1,R1,微信,-5.00,2026-03-01 10:00:00", "negative_value"),
        ("payments", "P1,,微信,5.00,2026-03-01 10:00:00", "missing_value"),
        (
            "payments",
            "P1,R1,微信,5.00,2026-03-01 24:00:00",
            "not_a_date",
        ),  # of which day does the till not say
        ("payments", "P1,R1,微信,5.00,2099-03-01 10:00:00", "date_after_landing"),
        ("stores", "S1,2020-05-01,上海一店,-1,30000", "negative_value"),
        ("stores", "S1,,上海一店,120,30000", "missing_value"),
        ("guides", ",S1,兼职,2024-01-01", "missing_value"),
        ("rosters", "G1,S1,2026-03-01,-1", "negative_value"),
        ("rosters", "G1,S1,2026-03-01,全天", "not_a_number"),
        ("footfall", "S1,2026-03-01,10,-1,0", "negative_value"),
        ("footfall", "S1,2026-03-01,10,2.5,0", "not_an_integer"),
        ("footfall", "S1,2099-03-01,10,1,0", "date_after_landing"),
        ("targets", "S1,2026-13,1", "not_a_date"),
        ("targets", "S1,2026-03,", "missing_value"),
        ("inventory", "S1,2026-02-28,P1-41,41,,1", "missing_value"),
        ("inventory", "S1,2026-02-28,P1-41,41,3,-1", "negative_value"),
        ("inventory", "S1,2099-02-28,P1-41,41,3,1", "date_after_landing"),
        ("member_tags", ",shoe_size,41,survey,,2026-03-01 10:00:00", "missing_value"),
        ("member_tags", "K2,shoe_size,,survey,,2026-03-01 10:00:00", "missing_value"),
        ("member_tags", "K2,shoe_size,41,survey,,2099-03-01 10:00:00", "date_after_landing"),
        ("consents", ",sms,同意,2026-03-01 10:00:00,入会表单", "missing_value"),
        ("consents", "K2,,同意,2026-03-01 10:00:00,入会表单", "missing_value"),
        ("consents", "K2,sms,同意,,入会表单", "missing_value"),
        ("consents", "K2,sms,同意,2099-03-01 10:00:00,入会表单", "date_after_landing"),
        ("memberships", "K2,,2026-02-01 10:00:00,", "missing_value"),
        ("memberships", "K2,金卡,2099-02-01 10:00:00,", "date_after_landing"),
        ("points_changes", "2,K1,redeemed,,2026-03-01 10:00:00", "missing_value"),
        ("points_changes", "2,K1,redeemed,1.5,2026-03-01 10:00:00", "not_an_integer"),
        ("children", "K1,2,2099-06", "date_after_landing"),
        ("children", "K1,,2023-06", "missing_value"),
        ("scans", "2,,poster,,2026-03-01 10:00:00", "missing_value"),
        ("scans", "2,u1,poster,,2099-03-01 10:00:00", "date_after_landing"),
        ("consults", "2,,尺码,G1,S1,2026-03-01 10:00:00,", "missing_value"),
        ("consults", "2,K1,尺码,G1,S1,,2026-03-01 10:05:00", "missing_value"),
        ("consults", "2,K1,尺码,G1,S1,2099-03-01 10:00:00,", "date_after_landing"),
        ("contact_lists", "E1,wx2,13912345679,不同意,2026-03-01 10:00:00", "not_consented"),
        ("contact_lists", "E1,,13912345679,同意,2026-03-01 10:00:00", "missing_value"),
    ],
)
def test_a_bad_row_lands_or_takes_the_good_ones_with_it(
    shop: Shop, resource: str, row: str, reason: str
) -> None:
    assert counts(land(shop, resource, TABLES[resource][3], row), resource) == (1, 0, {reason: 1})


@pytest.mark.parametrize(
    ("resource", "row"),
    [
        ("footfall", "no_such_store,2026-03-01,10,5,0"),  # lists of stores come in another file
        ("inventory", "S1,2026-02-28,P1-41,41,-2,33.3"),  # sold before its delivery was booked
        ("targets", "S1,2099-03,1"),
        ("rosters", "G1,S1,2099-03-01,8"),
        ("stores", "S9,2099-03-01,上海九店,100,1"),
        ("memberships", "K2,金卡,2026-02-01 10:00:00,2099-02-01 10:00:00"),
    ],
)
def test_a_row_that_is_odd_but_may_be_true_is_kept_out(shop: Shop, resource: str, row: str) -> None:
    assert counts(land(shop, resource, row), resource) == (1, 0, {})


@pytest.mark.parametrize(
    ("source", "said", "expected"),
    [
        ("own_store", "同意", 10),
        ("own_store", "不同意", 0),
        ("competitor_staff", "同意", None),
        ("competitor_staff", "不同意", None),  # not even in quarantine
    ],
)
def test_h14_contacts_land_without_consent_or_from_somebody_elses_list(
    shop: Shop, source: str, said: str, expected: int | None
) -> None:
    """Ten contacts with consent land; without it none; a list that is not the brand's own is refused whole."""
    columns, fields, header, _ = TABLES["contact_lists"]
    rows = [f"E1,wx{number},1391234567{number},{said},2026-03-01 10:00:00" for number in range(10)]
    path = shop.put("\n".join([header, *rows, ""]), "list.csv")
    mapping = shop.mapping(
        columns=columns,
        resources={"contact_lists": {"fields": fields | {"list_source": {"constant": source}}}},
        top={"channel": "personal_account"},
    )
    ((file_source, file),) = claim_files(mapping, path).claimed
    if expected is None:
        with pytest.raises(RefusedError, match="list_source is 'competitor_staff'") as refusal:
            land_file(mapping, file_source, file, shop.settings, shop.home, landed_at=NOW)
        assert "own_store" in refusal.value.expected
        assert landed(shop.home, "loads", "load_id") == []
        return
    record = land_file(mapping, file_source, file, shop.settings, shop.home, landed_at=NOW)
    reasons = {"not_consented": 10 - expected} if expected < 10 else {}
    assert counts(record, "contact_lists") == (expected, 0, reasons)


def test_a_key_that_stands_twice_in_a_file_is_lost_or_doubled(shop: Shop) -> None:
    row = TABLES["inventory"][3]
    twice = land(shop, "inventory", row, row)
    assert counts(twice, "inventory") == (1, 1, {})
    other = land(shop, "inventory", row, row.replace(",3,", ",4,"))  # both are kept: staging takes one
    assert counts(other, "inventory") == (1, 1, {})
    assert landed(shop.home, "files__inventory", "on_hand_quantity") == [(3,), (4,)]


def test_an_hour_that_changes_leaves_the_other_hours_of_its_day_behind(shop: Shop) -> None:
    land(shop, "footfall", "S1,2026-03-01,10,25,4", "S1,2026-03-01,11,30,5")
    again = land(shop, "footfall", "S1,2026-03-01,11,31,5", "S1,2026-03-01,10,25,4")
    assert counts(again, "footfall") == (2, 0, {})  # the day lands whole
    assert len(landed(shop.home, "files__footfall", "distinct _group_hash")) == 2


def test_an_iso_time_at_24_o_clock_is_not_the_next_midnight(shop: Shop) -> None:
    """Without a format the column takes ISO times, and there 24:00 is where the day ends."""
    columns, fields, header, _ = TABLES["payments"]
    rows = f"{header}\nP1,R1,微信,5.00,2026-02-28 24:00:00\nP2,R1,微信,5.00,2026-03-01 00:00:00\n"
    found = shop.read(
        rows,
        columns=columns | {"at": column("时间", "timestamp")},
        resources={"payments": {"fields": fields}},
        top={"channel": "pos_till"},
    )["payments"]
    assert found.rejects == []
    assert len(set(found.column("paid_at"))) == 1


def test_a_mapping_without_what_a_resource_needs_is_taken(shop: Shop) -> None:
    columns, fields, *_ = TABLES["footfall"]
    short = {name: value for name, value in fields.items() if name != "visit_count"}
    with pytest.raises(UsageError, match="footfall needs the field 'visit_count'"):
        shop.mapping(columns=columns, resources={"footfall": {"fields": short}})
    with pytest.raises(UsageError, match="did you mean 'inventory'"):
        shop.mapping(columns=columns, resources={"inventry": {"fields": fields}})


def test_check_leaves_out_what_lands_beside_orders(shop: Shop) -> None:
    columns, fields, header, row = TABLES["footfall"]
    shop.put(f"{header}\n{row}\nS1,2026-03-02,10,-1,0\n", "footfall.csv")
    mapping = shop.mapping(
        columns=columns, resources={"footfall": {"fields": fields}}, top={"channel": "pos_till"}
    )
    ((found,),) = [file.resources for file in check_mapping(mapping, shop.folder, shop.settings).files]
    assert (found.resource, found.read, found.would_land) == ("footfall", 2, 1)
    assert [(bad.reason, bad.column) for bad in found.rejected] == [("negative_value", "visit_count")]
