"""A first mapping for a file, from its headers and the shape of its values: a proposal, with guesses marked.

Here: synonyms, shapes, and the YAML text. The proposal is a valid mapping; whether it is right, `check` shows.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pyarrow.parquet as pq
import python_calamine

from siyu.channels.files.claims import SourceFile
from siyu.channels.files.headers import bare
from siyu.channels.files.mapping import FileFormat, SourceMapping
from siyu.channels.files.reading import open_source
from siyu.channels.files.texts import find_encoding, open_bytes, open_text
from siyu.errors import SourceError, UsageError
from siyu.resources import RESOURCES, FieldType, Personal

_SAMPLE_ROWS = 1_000
_DELIMITERS = {",": ",", "\t": "tab", ";": ";", "|": "|"}
_FORMATS: dict[str, FileFormat] = {
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_TIME_FORMATS = (
    ("iso", r"\d{4}-\d{1,2}-\d{1,2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?([zZ]|[+-]\d{2}:?\d{2}))?)?"),
    ("%Y/%m/%d %H:%M:%S", r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}:\d{2}"),
    ("%Y/%m/%d %H:%M", r"\d{4}/\d{1,2}/\d{1,2} \d{1,2}:\d{2}"),
    ("%Y/%m/%d", r"\d{4}/\d{1,2}/\d{1,2}"),
    ("%Y年%m月%d日", r"\d{4}年\d{1,2}月\d{1,2}日"),
    ("%d.%m.%Y", r"\d{1,2}\.\d{1,2}\.\d{4}"),
    ("%Y%m%d%H%M%S", r"(19|20)\d{12}"),
    ("%Y%m%d", r"(19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])"),
    ("epoch_milliseconds", r"1\d{12}(\.0)?"),
    ("epoch_seconds", r"1\d{9}(\.0)?"),
)
_NUMBER = re.compile(r"[-+]?[¥￥$£€]?\s*[\d,]+(\.\d+)?\s*元?")
_TWO_DECIMALS = re.compile(r"[-+]?[¥￥$£€]?\s*[\d,]+\.\d{2}\s*元?")
_PHONE = re.compile(r"(\+?86[- ]?)?1[3-9]\d{9}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w+")
_EMPTY = ("", "null", "NULL", "None", "nan", "NaN", "—", "-", "\\N")

# Field of some resource → words of headers that mean it, surest first; compared without blanks, _ and capitals.
_WORDS = """
refund_amount: 退款金额 退款总额 refundamount refund
refund_id: 退款编号 退款单号 售后单号 refundid refundno
refunded_at: 退款时间 退款完成时间 refundedat refundtime
order_id: 订单编号 订单号 主订单编号 交易编号 订单id orderid orderno ordernumber invoiceno invoice
customer_id: 买家会员名 买家昵称 客户编号 客户id 会员编号 会员号 用户id 顾客编号 customerid customer userid buyerid
customer_id: memberid buyernick
phone: 手机号 手机 联系手机 收货人手机 联系电话 电话 phone mobile tel
email: 邮箱 电子邮件 email
full_name: 姓名 收货人姓名 收货人 客户姓名 name fullname customername
address: 详细地址 收货地址 地址 address
product_id: 商品编码 商品编号 商品id 货号 sku skuid stockcode productid itemid
product_name: 商品名称 商品标题 宝贝标题 产品名称 description productname title
quantity: 数量 购买数量 商品数量 件数 宝贝总数量 quantity qty
unit_price: 单价 价格 商品单价 unitprice price
line_amount: 小计 行金额 lineamount linetotal
paid_amount: 总金额 应付金额 买家应付货款 实付金额 订单金额 支付金额 paidamount amount totalamount total
ordered_at: 订单创建时间 下单时间 创建时间 订单时间 invoicedate orderdate orderedat createdat ordertime
ordered_at: orderpurchasetimestamp
paid_at: 订单付款时间 付款时间 支付时间 paidat paymenttime paytime
province: 省 省份 收货省份 province state
order_status: 订单状态 状态 orderstatus status
currency_code: 币种 currency currencycode
"""
_TIMES = ("ordered_at", "paid_at", "refunded_at")
_SYNONYMS = [
    (line.partition(":")[0], tuple(line.partition(":")[2].split())) for line in _WORDS.split("\n") if line
]
_PERSONAL = {
    "customer_id": Personal.IDENTIFIER,
    "phone": Personal.IDENTIFIER,
    "email": Personal.IDENTIFIER,
    "full_name": Personal.ATTRIBUTE,
    "address": Personal.FREE_TEXT,
}
_LOOKED_AT = {
    "quantity",
    "unit_price",
    "line_amount",
    "paid_amount",
}  # one of them gives the amount of a line
_UNUSED = {
    "order_status": "name the states that do not count under `exclude:`",
    "refund_amount": "a resource `refunds` beside this one takes it off the revenue",
}


@dataclass(kw_only=True)
class _Column:
    key: str
    header: str
    type: FieldType
    format: str = ""
    personal: Personal = Personal.NONE
    meaning: str = ""  # field of a resource
    note: str = "sure"


def draft_mapping(file: Path) -> str:
    """The YAML of a proposed mapping, with `# sure` or `# guess: …` beside each column.

    Raises:
        UsageError, SourceError: The file is not there, empty or unreadable.
    """
    if not file.is_file():
        raise UsageError(f"{file} is not there", expected="a file", do="check its name")
    source = _sniff(file)
    headers = _headers(file, source)
    samples = _samples(file, source, headers)
    columns = _describe(headers, samples)
    return "\n".join(_written(file, source, columns)) + "\n"


def _sniff(file: Path) -> dict[str, str]:
    """Format, and what a text file needs besides."""
    suffixes = [suffix.lower() for suffix in file.suffixes if suffix.lower() != ".gz"]
    with open_bytes(file) as stream:
        head = stream.read(4)
    format_ = _FORMATS.get(suffixes[-1] if suffixes else "", "csv")
    if head == b"PAR1":
        format_ = "parquet"
    if format_ != "csv":
        return {"format": format_}
    encoding = find_encoding(file)
    with open_text(file, encoding) as text:
        line = text.readline()
    if line.lstrip().startswith("{"):
        return {"format": "jsonl"}
    counts = {name: line.count(delimiter) for delimiter, name in _DELIMITERS.items()}
    best = max(counts, key=lambda name: counts[name])
    found = {"format": "csv", "encoding": "gb18030" if encoding == "gb18030" else "auto"}
    if counts[best] == 0 and len(line.split()) > 1:
        found["format"] = "blank_separated"
    else:
        found["delimiter"] = best
    cells = line.split(best if best != "tab" else "\t")
    if all(_NUMBER.fullmatch(cell.strip()) for cell in cells) or (
        found["format"] == "blank_separated" and re.search(r"\d", line)
    ):
        found["header"] = "none"
    return found


def _headers(file: Path, source: dict[str, str]) -> list[str]:
    match source["format"]:
        case "parquet":
            try:
                with open_bytes(file) as stream:
                    return list(pq.ParquetFile(stream).schema_arrow.names)
            except (OSError, ValueError) as error:
                raise SourceError(f"{file.name} cannot be read as Parquet", do="export it again") from error
        case "xlsx":
            with open_bytes(file) as stream:
                content = stream.read()
            try:
                rows = python_calamine.CalamineWorkbook.from_filelike(BytesIO(content)).get_sheet_by_index(0)
                return [str(cell) for cell in next(iter(rows.to_python(skip_empty_area=False)), [])]
            except python_calamine.CalamineError as error:
                raise SourceError(
                    f"{file.name} cannot be read as xlsx: {error}", do="save it again"
                ) from error
        case "jsonl":
            keys: dict[str, None] = {}
            with open_text(file, "utf-8", newline="\n") as text:
                for _, line in zip(range(_SAMPLE_ROWS), text, strict=False):
                    record = json.loads(line) if line.strip().startswith("{") else {}
                    keys |= dict.fromkeys(record)
            return list(keys)
        case _:
            with open_text(file, find_encoding(file)) as text:
                line = text.readline()
            cells = (
                line.split()
                if source["format"] == "blank_separated"
                else next(
                    csv.reader(
                        [line], delimiter="\t" if source["delimiter"] == "tab" else source["delimiter"]
                    ),
                    [],
                )
            )
            return [str(number + 1) for number in range(len(cells))] if "header" in source else cells


def _samples(file: Path, source: dict[str, str], headers: list[str]) -> dict[str, list[str]]:
    """The first values of each column, through the same readers that a mapping uses."""
    named = [header for header in headers if bare(header)]
    described = SourceMapping.model_validate(
        source
        | {
            "name": "draft",
            "files": file.name,
            "columns": {
                f"c{index}": {"from": header, "type": "text", "personal": "none"}
                for index, header in enumerate(named)
            },
            "resources": {"orders": {"fields": {}}},
        }
    )
    values: dict[str, list[str]] = {header: [] for header in named}
    with open_source(described, SourceFile(path=file, name=file.name), 1_000_000) as reading:
        for batch in reading.batches:
            sample = batch.slice(0, _SAMPLE_ROWS)
            for index, header in enumerate(named):
                column = sample.column(f"c{index}").to_pylist()
                texts = [bare(str(value)) for value in column if value is not None]
                values[header] += [text for text in texts if text not in _EMPTY]
            break
    return values


def _describe(headers: list[str], samples: dict[str, list[str]]) -> list[_Column]:
    columns: list[_Column] = []
    taken: set[str] = set()
    for header in (name for name in headers if bare(name)):
        meaning, is_sure = _meaning(header, taken)
        key = _key(meaning or header, {column.key for column in columns})
        column = _Column(key=key, header=bare(header), type="text", meaning=meaning)
        _shape(column, samples.get(header, []))
        if meaning:
            taken.add(meaning)
            column.note = "sure" if is_sure else f"guess: the header sounds like {meaning}"
        elif column.personal is Personal.NONE:
            column.note = "guess: not used below; delete it, or give it a field"
        columns.append(column)
    _guess_amount(columns, samples)
    return columns


def _guess_amount(columns: list[_Column], samples: dict[str, list[str]]) -> None:
    """Where no header speaks of money, take the first column whose values have two decimals."""
    if any(column.meaning.endswith(("_amount", "_price")) for column in columns):
        return
    for column in columns:
        values = samples.get(column.header, [])
        if not column.meaning and values and all(map(_TWO_DECIMALS.fullmatch, values)):
            column.meaning, column.type = "paid_amount", "amount"
            column.note = "guess: its values have two decimals"
            return


def _meaning(header: str, taken: set[str]) -> tuple[str, bool]:
    word = re.sub(r"[（(].*?[）)]|[\s_\-]", "", bare(header)).lower()  # without a unit, as in 单价(元)
    for name, synonyms in _SYNONYMS:
        if name not in taken and word in synonyms:
            return name, True
    for name, synonyms in _SYNONYMS:
        if name not in taken and any(len(synonym) > 3 and synonym in word for synonym in synonyms):
            return name, False
    return "", False


def _key(name: str, used: set[str]) -> str:
    key = re.sub(r"[^a-z0-9]+", "_", bare(name).lower()).strip("_")
    if not re.match("[a-z]", key):
        key = f"column_{len(used) + 1}"
    return key if key not in used else f"{key}_{len(used) + 1}"


def _shape(column: _Column, values: list[str]) -> None:
    """Type, format and personal class from values, and from the meaning where the values leave it open."""

    def share(pattern: re.Pattern[str]) -> float:
        return sum(bool(pattern.fullmatch(value)) for value in values) / max(len(values), 1)

    column.personal = _PERSONAL.get(column.meaning, Personal.NONE)
    for name, pattern in (("phone", _PHONE), ("email", _EMAIL)):
        if share(pattern) > 0.5:
            column.personal, column.type = Personal.IDENTIFIER, "id" if name == "phone" else "text"
            column.note = f"guess: values look like {name}s"
            column.meaning = column.meaning if column.meaning in _PERSONAL else name
            return
    if column.meaning.endswith("_id"):
        column.type = "id"
    elif column.meaning == "quantity":
        column.type = "integer"
    elif column.meaning.endswith(("_amount", "_price")):
        column.type = "amount"
    elif column.meaning in _TIMES or not column.meaning:
        for format_, shape in _TIME_FORMATS:
            is_number = re.fullmatch(r"epoch.*|%Y%m%d", format_) is not None
            if share(re.compile(shape)) > 0.9 and values and (column.meaning in _TIMES or not is_number):
                column.type, column.format = "timestamp", format_
                return
        if column.meaning in _TIMES:
            column.type, column.format = "timestamp", "iso"
            column.note = "guess: no known format fits its values; write one"


def _written(file: Path, source: dict[str, str], columns: list[_Column]) -> Iterator[str]:
    by_meaning = {column.meaning: column.key for column in columns if column.meaning}
    is_refund = "refund_id" in by_meaning and "refund_amount" in by_meaning
    has_lines = "quantity" in by_meaning or "product_id" in by_meaning
    resource = "refunds" if is_refund else "order_lines" if has_lines else "orders"
    if (
        not by_meaning.keys() & {"order_id", "refund_id", "ordered_at", "paid_amount"}
        and "customer_id" in by_meaning
    ):
        resource = "customers"
    chinese = any(re.search("[\u4e00-\u9fff]", column.header) for column in columns)
    yield "# Drafted from one file. Look at every `guess`, then: siyu mapping check THIS_FILE PATH"
    yield "version: 1"
    yield f"name: {_key(file.name.split('.')[0], set())}"
    yield "brand: default"
    yield "channel: own_web  # guess: or another channel of your seed `channels`"
    yield f"timezone: Asia/Shanghai  # {'sure' if chinese else 'guess'}: of times without a zone"
    yield f"currency: CNY  # {'sure' if chinese else 'guess: or the currency of the file'}"
    yield "amount_unit: major  # guess: or minor, when amounts are in fen"
    yield ""
    yield "sources:"
    yield f"  - name: {_key(file.name.split('.')[0], set())}"
    yield f"    files: [{_quoted(file.name.removesuffix('.gz'))}]"
    for name, value in source.items():
        if not (name == "encoding" and value == "auto"):
            yield f"    {name}: {_quoted(value)}"
    yield "    columns:"
    for column in columns:
        format_ = f", format: {_quoted(column.format)}" if column.format else ""
        yield (
            f"      {column.key}: {{from: {_quoted(column.header)}, type: {column.type}{format_}, "
            f"personal: {column.personal}}}  # {_note(column, resource)}"
        )
    yield "    resources:"
    yield f"      {resource}:"
    yield "        fields:"
    yield from _fields(resource, by_meaning, {column.meaning: column for column in columns})


def _note(column: _Column, resource: str) -> str:
    used = {field.name for field in RESOURCES[resource].fields if field.personal == column.personal}
    if not column.meaning or column.meaning in used or column.meaning in _LOOKED_AT:
        return column.note
    return f"guess: {column.meaning} is not used below; {_UNUSED.get(column.meaning, 'delete it')}"


def _fields(resource: str, by_meaning: dict[str, str], columns: dict[str, _Column]) -> Iterator[str]:
    own = RESOURCES[resource]
    for field in own.fields:
        key = by_meaning.get(field.name)
        if key is not None and columns[field.name].personal == field.personal:
            yield f"          {field.name}: {key}"
        elif (
            not field.required
            or field.name in ("brand_code", "channel_code", "currency_code")
            or (field.name == "line_amount" and {"quantity", "unit_price"} <= by_meaning.keys())
        ):
            continue
        elif field.name == "line_amount" and "paid_amount" in by_meaning:
            yield f"          line_amount: {by_meaning['paid_amount']}  # guess: of the line, or of its order?"
        elif field.type == "amount":
            # never a constant: a made-up amount would be published as money
            yield f"          # {field.name}: no column found; name one, the mapping does not load without it"
        elif field.name in ("ordered_at", "refunded_at") and "paid_at" in by_meaning:
            yield f"          {field.name}: {by_meaning['paid_at']}  # guess: no other time found"
        elif field.name == "order_id" or field.type == "id":
            yield f"          {field.name}: {{source_row: true}}  # guess: no column found"
        else:
            constant = {"timestamp": "2026-01-01", "integer": "1"}.get(field.type, "0")
            yield f"          {field.name}: {{constant: {constant}}}  # guess: no column found"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\t", "\\t") + '"'
