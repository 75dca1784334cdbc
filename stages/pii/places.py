"""Chinese postal addresses by their structure: province to district, road, number, building, room."""

from __future__ import annotations

from stages.pii.recognizer import Row

HAN = "\\u4e00-\\u9fff"
PROVINCES = (
    "北京|天津|上海|重庆|河北|山西|辽宁|吉林|黑龙江|江苏|浙江|安徽|福建|江西|山东|河南|湖北|湖南|广东|海南|四川|贵州|云南|陕西|甘肃|青海|台湾"
    "|内蒙古|广西|西藏|宁夏|新疆|香港|澳门"
)
DIVISION = "(?:特别行政区|自治区|自治州|自治县|开发区|高新区|新区|地区|街道|省|市|州|盟|区|县|旗|镇|乡|村)"
#: Atomic groups: what a group has taken is not given back, so no text takes more than its length times a constant.
DIVISIONS = f"(?>(?:(?>[{HAN}]{{1,7}}?{DIVISION})){{0,5}})"
ROAD = f"(?>[{HAN}]{{1,8}}?(?:大道|大街|胡同|路|街|巷|道|里|弄|村|小区|花园|苑|广场))"
NUMBER = "[0-9一二三四五六七八九十百零〇]{1,6}(?:[-之][0-9]{1,4})?[号號弄]"
TAIL = f"(?>(?:[{HAN}]{{0,12}}?[0-9A-Za-z一二三四五六七八九十-]{{1,6}}(?:号楼|单元|栋|幢|座|楼|层|室|户|号|房)){{0,6}})"
BEFORE = f"(?<![{HAN}0-9A-Za-z]|号)|(?<=地址|住址|位于|寄到|寄往|寄至|住在|家住|现住|坐落于|坐落在|搬到)"

ROWS = [
    Row(
        "CN_ADDRESS",
        f"(?:{PROVINCES})(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)?{DIVISIONS}{ROAD}{NUMBER}{TAIL}",
        0.7,
        "place",
    ),
    Row("CN_ADDRESS", f"(?:{BEFORE}){DIVISIONS}{ROAD}{NUMBER}{TAIL}", 0.5, "place"),
]
