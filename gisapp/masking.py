"""What may be read of a phone, a name, an id or an address, also where people typed them into a text.

The short forms keep what staff need to recognise a matter: of a mobile number the first three and last four digits, of
a short number the last two, of a name the first character, of an address the building.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pandas as pd

_PLAIN = str.maketrans("０１２３４５６７８９＋－（）　", "0123456789+-() ")
_WIDE = re.compile("[０-９＋－（）　]")
_DIGITS = re.compile(r"\d")
_SURNAMES = (
    "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏窦章苏潘葛范彭郎鲁韦马苗方俞任袁柳唐罗薛雷贺倪汤滕殷毕郝邬安常于傅"
    "齐康伍余顾孟黄穆萧尹姚邵汪毛臧戴宋庞熊纪舒屈项祝董梁杜阮蓝闵季贾路江童颜郭梅林钟徐邱骆高夏蔡田樊胡凌霍虞万卢丁邓洪包石崔龚程邢裴陆荣翁段"
    "侯武刘龙叶黎白赖卓池乔温庄晏柴瞿阎连习艾鱼容向古易廖耿匡文寇欧沙丰关蒯游盛曾葉馮陳褚衛蔣韓楊許呂張孔嚴華魏謝鄒蘇範魯韋馬賀湯羅畢鄔齊顧黃"
    "蕭龐項賈鐘鍾駱萬盧鄧龔榮劉龍賴喬溫莊閻連歐豐關曾譚谭"
)
_ID = re.compile(
    r"(?<![0-9A-Za-z])[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])\d{3}[0-9Xx](?![0-9A-Za-z])"
)
_MOBILE = re.compile(r"(?<![0-9A-Za-z.])(?:(?:\+|00)?(?:86)[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?![0-9A-Za-z])")
_LANDLINE = re.compile(r"(?<![0-9A-Za-z.])(?:\(0\d{2,3}\)[ ]?|0\d{2,3}[ -]?)[2-8]\d{2,3}[ -]?\d{4}(?![0-9A-Za-z])")
_TAIWAN = re.compile(r"(?<![0-9A-Za-z.])(?:\+886[ -]?9|09)\d{2}(?:[ -]?\d{3}){2}(?![0-9A-Za-z])")
_HONG_KONG = re.compile(r"(?<![0-9A-Za-z.])\+85[23][ -]?[2-9]\d{3}[ -]?\d{4}(?![0-9A-Za-z])")
_PHONE_WORDS = "电话|電話|手机|手機|联系方式|聯繫方式|座机|座機|号码|號碼|[Pp]hone|[Tt]el|[Mm]obile"
_CALLED = re.compile(rf"((?:{_PHONE_WORDS})[是为為:： ]*)(\d[\d -]{{5,14}}\d)")
_NAME_WORDS = (
    "姓名|联系人|聯繫人|聯絡人|户主|戶主|户名|戶名|报修人|報修人|投诉人|投訴人|来电人|來電人|机主|機主|住户|住戶"
)
_NAMED = re.compile(
    rf"((?:{_NAME_WORDS})(?:[是为為叫:： ]+(?=[\u4e00-\u9fff])|(?=[{_SURNAMES}])))"
    r"([\u4e00-\u9fff]{2,4}?)(?=[^\u4e00-\u9fff]|报|報|反|称|稱|来|來|的|$)"
)
_BY_PHONE = re.compile(
    rf"([{_SURNAMES}][\u4e00-\u9fff]{{1,2}})(?=[，,：: (（]*(?:{_PHONE_WORDS})?[：: ]*1?\d{{2,3}}-?\*{{2,}})"
)
_TITLED = re.compile(
    rf"(?<![\u4e00-\u9fff])([{_SURNAMES}])([\u4e00-\u9fff]{{1,2}})(?=先生|女士|小姐|老师|老師|师傅|師傅)"
)
_HOME = re.compile(
    r"(?:[0-9一二三四五六七八九十A-Za-z]+(?:单元|單元|门洞|門洞))(?:[0-9一二三四五六七八九十]+(?:层|層|楼|樓))?(?:[0-9A-Za-z]+(?:室|号房|號房|户|戶|号|號)?)?"
    r"|(?<=[栋棟幢座楼樓])[0-9A-Za-z]+(?:室|号房|號房|户|戶)"
    r"|(?<![0-9A-Za-z])[0-9]{2,5}(?:室|号房|號房)"
    r"|(?<=[栋棟幢座号號])[-－][0-9A-Za-z]+(?:[-－][0-9A-Za-z]+)*"
    r"|(?<![0-9A-Za-z-])[0-9]{1,3}-[0-9]{1,2}-[0-9]{3,4}(?![0-9A-Za-z-])"
)


def masked_phone(text: str) -> str:
    """Return a telephone number of which the first three and last four digits can be read, of a short one the last two.

    Examples
    --------
    >>> masked_phone("13800138000"), masked_phone("021-55551234"), masked_phone("96510")
    ('138****8000', '021-****1234', '***10')
    """
    digits = len(_DIGITS.findall(text))
    return _kept(text, 3 if digits > 8 else 0, 4 if digits > 8 else 2)


def masked_name(text: str) -> str:
    """Return a name of which the first character can be read.

    Examples
    --------
    >>> masked_name("张三丰"), masked_name("")
    ('张**', '')
    """
    return text[:1] + "*" * (len(text) - 1)


def masked_address(text: str) -> str:
    """Return an address down to the building.

    Examples
    --------
    >>> masked_address("滨江路4号3幢2单元501室")
    '滨江路4号3幢***'
    """
    found = _HOME.search(text.translate(_PLAIN))
    return text if found is None else f"{text[: found.start()]}***"


def masked_text(text: str) -> str:
    """Return a text without the phones, ids, names and homes that people type into it; all else stays as it stands.

    Known are Chinese mobile numbers and landlines with their area code, written with spaces, dashes, +86 or wide
    digits; numbers that are said to be a phone; those of Hong Kong, Macau and Taiwan with their prefix; ids of 18
    places; names that are said to be one, stand before a phone, or have a title; units and rooms behind a building.

    Examples
    --------
    >>> masked_text("张三丰 138 0013 8000，滨江路4号3幢2单元501室漏水")
    '张** 138****8000，滨江路4号3幢***漏水'
    >>> masked_text("20261122-000123 修复，DN300")
    '20261122-000123 修复，DN300'
    """
    if not text:
        return text
    text = _replaced(text, _ID, lambda found: found[:6] + "********" + found[-4:])
    for phone in (_MOBILE, _LANDLINE, _TAIWAN, _HONG_KONG):
        text = _replaced(text, phone, masked_phone)
    text = _CALLED.sub(lambda found: found[1] + masked_phone(found[2]), text)
    text = _NAMED.sub(lambda found: found[1] + masked_name(found[2]), text)
    text = _BY_PHONE.sub(lambda found: masked_name(found[1]), text)
    text = _TITLED.sub(lambda found: found[1] + "*" * len(found[2]), text)
    return _HOME.sub("***", text)


def masked_texts(texts: pd.Series) -> pd.Series:
    """Return a column of texts, each as :func:`masked_text` says; every distinct one is read once."""
    codes, distinct = pd.factorize(texts)
    changed = [masked_text(text) if isinstance(text, str) else text for text in distinct]
    if changed == list(distinct):
        return texts
    values = [None if code < 0 else changed[code] for code in codes.tolist()]
    return pd.Series(values, index=texts.index, name=texts.name, dtype=texts.dtype)


def masked_values(value: object) -> object:
    """Return a value of JSON with every phone and id in its texts masked, keys and all else as they stand."""
    if isinstance(value, str):
        return without_numbers(value)
    if isinstance(value, dict):
        return {key: masked_values(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [masked_values(one) for one in value]
    return value


def without_numbers(text: str) -> str:
    """Return a text without mobile numbers and ids, which no code of ours looks like."""
    if len(text) < 11:
        return text
    masked = _replaced(text, _ID, lambda found: found[:6] + "********" + found[-4:])
    return _replaced(masked, _MOBILE, masked_phone)


def _replaced(text: str, pattern: re.Pattern[str], short: Callable[[str], str]) -> str:
    """Return a text with what a pattern finds in it, wide digits too, in its short form."""
    plain = text.translate(_PLAIN) if _WIDE.search(text) else text  # which takes long in the text of a whole table
    found = [(match.span(), short(match[0])) for match in pattern.finditer(plain)]
    for (start, end), word in reversed(found):
        text = text[:start] + word + text[end:]
    return text


def _kept(text: str, first: int, last: int) -> str:
    """Return a number of which so many digits can be read; spaces go, a dash after the area code stays."""
    plain = re.sub(r"^(?:\+|00)?86[ -]?(?=1)", "", text)
    digits = "".join(_DIGITS.findall(plain))
    between = "-" if first and plain.startswith("0") and plain[first : first + 1] == "-" else ""
    hidden = "****" if first else "*" * (len(digits) - last)
    return digits[:first] + between + hidden + digits[len(digits) - last :]
