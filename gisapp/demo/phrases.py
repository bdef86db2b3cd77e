"""What people say when they report something, put together from parts.

The words of a reporter may name a flat and a phone, so the column is personal; the summary never does.
"""

from __future__ import annotations

import numpy as np

from gisapp.demo.seasons import TYPE_NAMES

_OPEN = ("您好，", "你好，", "师傅，", "客服您好，", "麻烦登记一下，", "请问一下，", "我要反映个情况，", "", "", "")
_WHEN = (
    "今天早上开始",
    "刚才",
    "从昨晚到现在",
    "这两天",
    "大概半小时前",
    "上午九点左右",
    "已经三天了，",
    "下班回来发现",
    "一直",
    "",
)
_ASK = (
    "，请尽快派人来看看。", "，麻烦快点处理。", "，什么时候能修好？", "，家里有老人孩子，很着急。",
    "，希望今天能解决。",
    "，之前报过一次还没人来。", "，请回电告知。", "，物业说归你们管。", "。", "。",
)  # fmt: skip
# Type: summaries free of personal data, and the reporter's own words for each.
_SAID: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "leak": (
        ("路面渗水", ("路面一直往外渗水", "马路中间湿了一大片，一直有水冒出来", "人行道砖缝里往上冒水")),
        ("绿化带漏水", ("绿化带里面哗哗响，地都泡软了", "草坪里积了好多水，应该是管子漏了")),
        ("阀门井漏水", ("井盖下面有水往外流", "阀门井里面全是水，还在往外溢")),
        ("楼前管道漏水", ("楼门口的管子漏水了", "单元门前地下有流水声，地面下沉了一点")),
        ("爬墙管漏水", ("外墙上的水管接口在滴水", "爬墙管裂了个口子，水顺着墙往下流")),
    ),
    "burst": (
        ("主管爆裂，水流很大", ("水管爆了，水柱冲起来有一人多高", "路中间爆管了，水把半边马路都淹了")),
        ("爆管，道路积水", ("路上积水到脚踝，车都过不去", "地下管子炸了，泥水往地下车库灌")),
        ("爆管，路面塌陷", ("路面塌了个坑，里面全是水", "爆管把路面冲空了，很危险")),
    ),
    "no_supply": (
        ("整栋停水", ("整栋楼都没水了", "我们这栋楼一滴水都没有")),
        ("单户无水", ("家里没水，邻居家有水", "打开水龙头没有水")),
        ("片区停水", ("整个小区都停水了，也没看到通知", "这一片都没水，是不是哪里爆管了")),
    ),
    "low_pressure": (
        ("高层水压低", ("水压太小，热水器都打不着", "水很小，洗澡都洗不了")),
        ("用水高峰水压低", ("一到做饭的时候水就特别小", "晚上用水高峰水流像一根线")),
    ),
    "quality": (
        ("水发黄", ("放出来的水是黄的", "水里有铁锈色，放了十分钟还是黄")),
        ("水有异味", ("水有一股很重的漂白粉味", "水有土腥味，不敢喝")),
        ("水发白或有杂质", ("水是乳白色的", "水里有小黑渣，过滤网都堵了")),
    ),
    "meter_fault": (
        ("水表不走", ("水表不转了", "水表坏了，数字一直不动")),
        ("水表空转", ("没用水，水表自己在转", "关了总阀表还在走")),
        ("水表表面模糊", ("水表玻璃花了，看不清数字", "表盘里有水汽看不见读数")),
    ),
    "meter_well_leak": (
        ("表井内漏水", ("水表井里面漏水", "水表前面的阀门在滴水，表井都满了")),
        ("水表冻裂", ("水表冻裂了，水喷出来了", "天太冷水表冻坏了，现在在漏水")),
    ),
    "cover": (
        ("井盖缺失", ("井盖不见了，天黑看不到很危险", "有个井没有盖子，旁边就是学校")),
        ("井盖破损", ("井盖裂了，车一压就响", "井盖被压坏翘起来了")),
    ),
    "power_outage": (
        ("单户停电", ("家里突然停电了，邻居家有电", "空开合不上去，家里没电")),
        ("整栋停电", ("整栋楼都没电，电梯也停了", "我们这栋楼全黑了")),
        ("片区停电", ("这一片都停电了，路灯也不亮", "整个小区停电，什么时候来电？")),
    ),
    "no_heat": (
        ("暖气不热", ("暖气片是凉的，屋里只有十四度", "暖气一直不热，温度上不来")),
        ("暖气半热", ("暖气上半截热下半截凉", "客厅热卧室不热，排过气了也没用")),
        ("供热管道漏水", ("楼道里暖气管漏水", "楼下的暖气管井在冒热气")),
    ),
    "gas_leak": (
        ("室外燃气异味", ("楼下有很大的煤气味", "路边调压箱附近闻到燃气味")),
        ("室内疑似漏气", ("厨房有煤气味，已经关了阀门", "燃气表附近有味道，不敢开火")),
    ),
    "complaint": (
        ("水费异议", ("这个月水费比上个月多了一倍，不合理", "账单不对，我家两个人不可能用这么多水")),
        ("修复后路面未恢复", ("修完管子路面坑坑洼洼没人管", "挖开的路面半个月了还没铺好")),
        ("停水未通知", ("停水没有提前通知，生意都没法做", "停水公告上写六点恢复，现在还没水")),
        ("服务态度", ("上门师傅态度不好", "打了三次电话互相推，没人管")),
        ("处理不及时", ("报修两天了没人来", "说好上午来，等到下午都没见人")),
    ),
    "patrol_finding": (
        ("阀门锈蚀", ("巡查发现阀门锈蚀，操作吃力",)),
        ("井室积水", ("巡查发现井室积水，需抽排",)),
        ("管线被占压", ("巡查发现管线上方堆放建材",)),
        ("附近施工", ("巡查发现附近有施工开挖，已告知管线位置",)),
        ("标志桩缺失", ("巡查发现标志桩缺失",)),
    ),
    "other": (
        ("咨询报装", ("想咨询新装水表怎么办理", "店铺要增容，需要什么材料")),
        ("咨询停水时间", ("请问明天停水到几点", "听说要停水，是哪天？")),
        ("表扬", ("昨晚抢修的师傅很辛苦，表扬一下", "处理很快，谢谢")),
    ),
}  # fmt: skip


def _parts() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return all summaries, all sayings, the summary of each saying and the first saying of each type."""
    summaries: list[str] = []
    sayings: list[str] = []
    of: list[int] = []
    first: list[int] = []
    for name in TYPE_NAMES:
        first.append(len(sayings))
        for summary, said in _SAID[name]:
            summaries.append(summary)
            sayings += said
            of += [len(summaries) - 1] * len(said)
    return (
        np.array(summaries, dtype=object), np.array(sayings, dtype=object), np.array(of),
        np.array([*first, len(sayings)]),
    )  # fmt: skip


_SUMMARIES, _SAYINGS, _SUMMARY_OF, _FIRST = _parts()


def phrases(
    kind: np.ndarray, address: np.ndarray, phone: np.ndarray, by_staff: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return summary and text of each report; some texts name the reporter's flat or phone."""
    count = len(kind)
    saying = _FIRST[kind] + np.floor(rng.random(count) * (_FIRST[kind + 1] - _FIRST[kind])).astype(int)
    said = _SAYINGS[saying]
    home = np.where((rng.random(count) < 0.3) & ~by_staff, "我家住" + address + "，", "")
    call = np.where((rng.random(count) < 0.12) & ~by_staff, "联系电话" + phone + "。", "")
    calm = np.isin(kind, [TYPE_NAMES.index(name) for name in ("complaint", "other")])
    when = np.where(calm, "", _some(_WHEN, count, rng))
    ask = np.where(calm, "。", _some(_ASK, count, rng))
    spoken = _some(_OPEN, count, rng) + home + when + said + ask + call
    return _SUMMARIES[_SUMMARY_OF[saying]], np.where(by_staff, said + "。", spoken).astype(object)


def _some(words: tuple[str, ...], count: int, rng: np.random.Generator) -> np.ndarray:
    """Return one of the words for each report."""
    return np.array(words, dtype=object)[rng.integers(0, len(words), count)]
