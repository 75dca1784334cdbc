"""Chinese names of persons by evidence alone: a surname, a short given name, and a neighbour that only a person has."""

from __future__ import annotations

from stages.pii.recognizer import Row

SINGLE = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏"
    "钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜"
    "倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢路岳齐沿梅莫庄辛管祝左涂谷祁时舒耿牟卜詹关苗凌费纪靳盛童欧甄项曲成游"
    "阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边肖闫付代尚滕楼应丘米党艾古骆蓝牙宫池竺奚"
)
COMPOUND = (
    "欧阳|司马|上官|诸葛|皇甫|令狐|公孙|慕容|尉迟|长孙|宇文|司徒"
    "|端木|南宫|夏侯|东方|独孤|申屠|轩辕|呼延|闻人|百里|钟离"
)
HAN = "\\u4e00-\\u9fff"
NAME = f"(?:(?:{COMPOUND})[{HAN}]{{1,2}}|[{SINGLE}][{HAN}]{{1,2}}?)"
#: What follows a name and says that it is one; the text is normalised, so commas and colons are ASCII.
SEX = r"[,:;( ]{1,2}[男女](?=[,。.;) 、]|$)"
AFTER = rf"(?=先生|女士|小姐|{SEX}|,? ?(?:手机|电话|联系电话|身份证|车牌)|,1[3-9][0-9]{{9}})"
LABELS = r"(?<=(?:姓名|联系人|收件人|寄件人|户名|持卡人|患者|车主|房主|原告|被告|申请人|投保人)(?:是|为)?[: ]{0,2})"

ROWS = [
    Row("PERSON", rf"(?<![{HAN}]){NAME}{AFTER}", 0.6, "name"),
    Row("PERSON", rf"{LABELS}{NAME}(?=[^{HAN}]|$|先生|女士|电话|手机|身份证)", 0.6, "name"),
]

#: Literals without which no row can match.
WORDS = (
    "先生", "女士", "小姐", "男", "女", "手机", "电话", "身份证", "车牌", ",1", "姓名", "联系人", "收件人", "寄件人",
    "户名", "持卡人", "患者", "车主", "房主", "原告", "被告", "申请人", "投保人",
)  # fmt: skip
