"""What a header says, in Chinese or English: words to notions, notions to roles.

Here: the vocabulary. A header is cut into words, each word stands for a notion, and a role is a combination of
notions: 订单付款时间, pay_time and PaymentDate are all PAY and TIME. Not here: what the values say.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import cast

from siyu.resources import FieldType, Personal

# Words of the vocabulary by notion. Long words win over the short ones inside them.
_NOTIONS = """
ORDER: 订单 主订单 交易 单据 流水 小票 发票 下单 订购 购买 单号 order orders ord invoice inv receipt transaction txn
ORDER: trans purchase purchased bill sale sales ticket ordered
ID: 编号 编码 代码 号码 号 id ids no nr num number code key uid
CUSTOMER: 客户 顾客 会员 买家 用户 消费者 粉丝 customer cust client buyer member user shopper consumer account
NICK: 昵称 会员名 买家会员名 旺旺 nick nickname username login
NAME: 姓名 名称 名字 名 name fullname firstname lastname
RECEIVER: 收货人 收件人 收货 收件 receiver recipient consignee shipto
TIME: 时间 日期 日 time date dt timestamp datetime ts at day
CREATE: 创建 生成 成交 created create placed opened
PAY: 付款 支付 实付 实际支付 应付 已付 paid pay payment payable
REFUND: 退款 退货 售后 退 refund refunded return returned ret back credit
SHIP: 发货 配送 物流 快递 送达 签收 揽收 ship shipped shipping delivery delivered deliver dispatch carrier estimated
CLOSE: 关闭 取消 结束 closed close cancelled canceled cancel
UPDATE: 更新 修改 变更 updated update modified changed
APPROVE: 审核 确认 approved confirmed finished completed 完成
AMOUNT: 金额 货款 总额 款 额 价税合计 amount amt value revenue turnover spend subtotal 小计
TOTAL: 总 总计 合计 总价 total sum grand
GROSS: gross
NET: 净 不含税 未税 net
QUANTITY: 数量 件数 总数量 销量 个数 数 quantity qty pieces pcs units count
PRICE: 单价 价格 售价 price
UNIT: 单位 unit
PRODUCT: 商品 宝贝 产品 货品 物料 货号 款号 product item article goods stock sku skuid prod material
DESCRIPTION: 标题 描述 品名 title description desc
CATEGORY: 类目 分类 品类 类别 category department
LINE: 行 行号 子订单 明细 line row seq
DISCOUNT: 优惠 折扣 减免 满减 discount markdown coupon voucher rebate
FREIGHT: 运费 邮费 邮资 freight postage shippingfee
TAX: 税 税额 税率 tax vat
COST: 成本 费用 花费 消耗 cost costs fee expense spent
STATUS: 状态 status
PROVINCE: 省 省份 province state
PLACE: 国家 城市 市 区 县 邮编 country city zip postcode region district prefix
ADDRESS: 地址 address street
PHONE: 手机 手机号 手机号码 电话 联系方式 phone mobile tel telephone cellphone msisdn
EMAIL: 邮箱 电子邮件 email mail
CURRENCY: 币种 币别 currency ccy
BIRTH: 生日 出生 birth birthday birthdate dob
ENROL: 入会 注册 开卡 enrolled enrol registered signup joined
FRIEND: 添加好友 加好友 关注 添加 followed
SELLER: 店铺 商家 卖家 导购 门店 供应商 seller shop store vendor supplier merchant salesperson cashier
REMARK: 备注 留言 remark note notes comment message memo
CAMPAIGN: 活动 campaign
ARM: 分组 组别 arm
HOLDOUT: 留白 对照 holdout control
TOUCH: 触达 发送 touch touched sent
SHARE: 占比 比例 share
TYPE: 类型 type
METHOD: 方式 渠道 method channel installments
PURPOSE: 用途 purpose
REASON: 原因 reason
"""

# Role, type of its values, how it touches a person: notions that its header has; `?` marks those that it may have.
# Roles that begin with `-` are no field: they keep a header from being taken for a neighbour. Three roles are never
# said by a header: an amount beside each line of its order, the person behind several numbers, the day of a cost.
_ROLES = """
order_id id: ORDER ID? | ID ORDER
line_id id: LINE ID? ORDER? PRODUCT? | ORDER PRODUCT ID
customer_id id identifier: CUSTOMER ID? NICK? | NICK
ordered_at timestamp: TIME ORDER? CREATE? | CREATE ORDER? | ORDER TIME
paid_at timestamp: PAY TIME ORDER?
refunded_at timestamp: REFUND TIME
cancelled_at timestamp: CLOSE TIME? ORDER?
updated_at timestamp: UPDATE TIME? ORDER?
enrolled_at timestamp: ENROL TIME? CUSTOMER?
added_at timestamp: FRIEND TIME?
birth_date date attribute: BIRTH TIME? CUSTOMER?
touched_at timestamp: TOUCH TIME
quantity integer: QUANTITY PRODUCT? ORDER?
unit_price decimal: PRICE UNIT? PRODUCT?
amount amount: AMOUNT ORDER? TOTAL? PAY? LINE? CUSTOMER? | TOTAL ORDER? LINE? PRICE? | PAY TOTAL? | PAY NET | LINE TOTAL
refund_amount amount: REFUND AMOUNT? TOTAL?
discount_amount amount: DISCOUNT AMOUNT? TOTAL? ORDER?
freight_amount amount: FREIGHT AMOUNT? | SHIP COST
unit_cost decimal: COST UNIT? PRODUCT? PRICE?
cost_amount amount: COST AMOUNT? TOTAL?
refund_id id: REFUND ID
product_id id: PRODUCT ID?
product_name text: PRODUCT NAME | DESCRIPTION PRODUCT?
category text: CATEGORY PRODUCT? NAME?
order_status text: STATUS ORDER?
province text: PROVINCE RECEIVER? CUSTOMER?
currency_code text: CURRENCY ID? ORDER?
phone text identifier: PHONE CUSTOMER? RECEIVER? ID?
email text identifier: EMAIL CUSTOMER? RECEIVER? ADDRESS?
full_name text attribute: NAME CUSTOMER? RECEIVER? | RECEIVER
address text free_text: ADDRESS RECEIVER? CUSTOMER? SHIP?
refund_reason text: REASON REFUND?
touch_id id: TOUCH ID
campaign_code id: CAMPAIGN ID?
campaign_name text: CAMPAIGN NAME
arm text: ARM
is_holdout text: HOLDOUT
planned_share decimal: SHARE
cost_id id: COST ID
cost_type text: TYPE COST?
cost_purpose text: PURPOSE COST?
-shipping text: SHIP TIME? ORDER? CUSTOMER? ID? STATUS?
-approval text: APPROVE TIME? ORDER?
-tax text: TAX AMOUNT?
-net text: NET AMOUNT? PRICE?
-gross text: GROSS AMOUNT? PRICE? TOTAL?
-place text: PLACE ID? CUSTOMER? RECEIVER? SHIP? PROVINCE? NAME?
-seller text: SELLER ID? NAME? NICK? CUSTOMER? REMARK?
-remark text free_text: REMARK SELLER? CUSTOMER? ORDER?
-method text: METHOD PAY? SHIP? | PAY TYPE
order_amount amount:
person id identifier:
cost_date date:
"""

_SIMPLIFIED = str.maketrans(
    "訂單編號時間買會員機數額價總實際應優貨運費稱類別狀態電話聯繫郵箱詳細區縣種額購產門優惠齡與標題條創結關閉賣顧暱",
    "订单编号时间买会员机数额价总实际应优货运费称类别状态电话联系邮箱详细区县种额购产门优惠龄与标题条创结关闭卖顾昵",
)

_SIGNS = {"€": "EUR", "£": "GBP", "$": "USD"}
# Words of a status by which an order does not count.
VOID = re.compile(
    "cancel|closed|unpaid|void|refused|pending|storn|annul|关闭|取消|未付|待付|作废|[待未]审核", re.IGNORECASE
)


def table(text: str) -> dict[str, str]:
    """Lines of `name: rest`; the rests of several lines with one name become one."""
    found: dict[str, str] = {}
    for line in text.strip().split("\n"):
        name, _, rest = line.partition(":")
        found[name] = f"{found.get(name, '')} {rest}".strip()
    return found


@dataclass(frozen=True)
class Role:
    """What a role asks of the column that plays it."""

    type: FieldType
    personal: Personal = Personal.NONE


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in it."""
    return re.search("[\u4e00-\u9fff]", text) is not None


ROLES: dict[str, Role] = {}
_PATTERNS: list[tuple[str, set[str], set[str]]] = []  # role, notions that a header needs, and may have
for _line, _patterns in table(_ROLES).items():
    _name, _type, *_personal = _line.split()
    ROLES[_name] = Role(cast("FieldType", _type), *map(Personal, _personal))
    for _words in map(str.split, filter(None, _patterns.split("|"))):
        _needed = {notion for notion in _words if not notion.endswith("?")}
        _PATTERNS.append((_name, _needed, {notion.removesuffix("?") for notion in _words}))
_WORDS = {word: notion for notion, words in table(_NOTIONS).items() for word in words.split()}
_FILLERS = ("is", "of", "the", "by", "in", "fen", "cents", "cent", "yuan", "rmb", "cny", "given")
_HOW_MANY = re.compile(
    r"\b(number|num|no|n)[ _]*(of)?[ _]*(?=(items|products|pieces|units|goods|articles)\b)"
)
_CHINESE_WORD = re.compile("|".join(sorted(filter(is_chinese, _WORDS), key=len, reverse=True)))


def roles_of(header: str) -> dict[str, float]:
    """How well a header fits each role, above 0 and at most 1; 1: every word of it is understood and belongs."""
    notions, strangers = _notions(header)
    found: dict[str, float] = {}
    for role, needed, allowed in _PATTERNS:
        if needed <= notions:
            fit = len(notions & allowed) / (len(notions) + strangers)
            fit -= 0.02 * len(allowed - notions)  # of two patterns, the one that says more
            found[role] = max(found.get(role, 0.0), fit)
    return found


def currency_of(header: str) -> str:
    """The currency that a header names, by its code or its sign; empty where it names none. ¥ may be two."""
    code = re.search(r"(?<![A-Za-z])(CNY|EUR|GBP|HKD|JPY|SGD|TWD|USD)(?![A-Za-z])", header)
    return code[1] if code else next((_SIGNS[sign] for sign in header if sign in _SIGNS), "")


def is_minor_unit(header: str) -> bool:
    """Whether a header says that its amounts are in fen or cents."""
    return re.search(r"[(（_ ](分|fen|cents?)[)）]?$", header.strip(), re.IGNORECASE) is not None


def _notions(header: str) -> tuple[set[str], int]:
    """Notions of a header, and how many of its words say nothing known."""
    plain = unicodedata.normalize("NFKC", header).translate(_SIMPLIFIED)
    plain = re.sub(r"\(.*?\)", "", plain)  # without a unit, as in 单价(元)
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain).lower()
    plain = _HOW_MANY.sub("count ", plain)
    notions: set[str] = set()
    strangers = 0
    for word in re.findall("[a-z]+|[\u4e00-\u9fff]+", plain):
        if word in _FILLERS:
            continue
        known, unknown = _chinese(word) if is_chinese(word) else _english(word)
        notions |= known
        strangers += unknown
    return notions, strangers


def _english(word: str) -> tuple[set[str], int]:
    """A word, or several written as one (orderno): only where nothing is left over, else it is a stranger."""
    if word in _WORDS:
        return {_WORDS[word]}, 0
    if len(word) > 2 and word.endswith("s") and word[:-1] in _WORDS:
        return {_WORDS[word[:-1]]}, 0
    for cut in range(len(word) - 2, 2, -1):
        if word[:cut] in _WORDS:
            rest, unknown = _english(word[cut:])
            if not unknown:
                return {_WORDS[word[:cut]], *rest}, 0
    return set(), 1


def _chinese(text: str) -> tuple[set[str], int]:
    """The longest words that stand one after the other; what is left over is a stranger."""
    return {_WORDS[word] for word in _CHINESE_WORD.findall(text)}, int(_CHINESE_WORD.sub("", text) != "")
