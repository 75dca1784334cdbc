"""Every reason slug in one place; docs/reasons.md is generated from this list."""

from __future__ import annotations

from typing import NamedTuple


class Reason(NamedTuple):
    """Why a document has its disposition: slug, whether it is about content (its twins leave too), names."""

    slug: str
    content: bool
    en: str
    zh: str


REASONS: tuple[Reason, ...] = (
    # ingest: unreadable records
    Reason("empty-text", False, "The record holds no text", "记录没有文本"),
    Reason("not-an-object", False, "The record is not an object with fields", "记录不是带字段的对象"),
    Reason("bad-json", False, "The record is not valid JSON", "记录不是有效的 JSON"),
    Reason("missing-field", False, "The text field is missing", "缺少文本字段"),
    Reason("null-text", False, "The text field is null", "文本字段为空值"),
    Reason("wrong-type", False, "The text field is not a string", "文本字段不是字符串"),
    Reason(
        "bad-encoding",
        False,
        "The bytes are not text in any accepted encoding",
        "字节无法按任何可接受的编码解码",
    ),
    Reason("truncated", False, "The file or archive ends in the middle", "文件或压缩包不完整"),
    Reason(
        "ragged-row", False, "The row has another number of columns than the header", "该行列数与表头不一致"
    ),
    Reason("too-long", False, "The record is longer than the limit", "记录超过长度上限"),
    Reason("file-unreadable", False, "The file could not be opened or read", "文件无法打开或读取"),
    Reason("damaged", False, "The bytes are not what their format says", "字节损坏,不符合其格式"),
    Reason("unknown-format", False, "Neither the name nor the source tells the format", "无法判断文件格式"),
    Reason("nested-archive", False, "An archive inside an archive is not opened", "压缩包内的压缩包不予打开"),
    Reason(
        "not-a-file", False, "The archive's member is a link or device", "压缩包成员是链接或设备,不是文件"
    ),
    Reason("encrypted", False, "The archive's member needs a password", "压缩包成员已加密"),
    Reason("archive-bomb", False, "It unpacks to more than the limits allow", "解压后超过上限,疑似压缩炸弹"),
    Reason("wrong-length", False, "The record is not as long as it says", "记录的实际长度与声明不符"),
    Reason("not-a-page", False, "The answer is an error or no text", "响应为错误或不是文本"),
    Reason("no-main-text", False, "The page holds no main text", "网页没有正文"),
    Reason(
        "duplicate-id", False, "Another record of this source has the same id", "同一来源中已有相同编号的记录"
    ),
    # any measuring stage
    Reason(
        "poisonous-record",
        True,
        "A detector did not survive the record: it crashed, did not end, or ran out of memory",
        "检测程序无法处理该记录:崩溃、超时或内存不足",
    ),
    # rights
    Reason("licence-missing", False, "The source states no licence", "来源未声明许可证"),
    Reason(
        "licence-not-allowed", False, "The licence is not on the policy's list", "许可证不在策略允许的清单中"
    ),
    Reason(
        "licence-obligation",
        False,
        "The licence asks what the policy refuses",
        "许可证要求了策略不接受的义务",
    ),
    Reason("licence-unread", False, "The document's own licence cannot be read", "文档自带的许可证无法识别"),
    Reason("source-refused", False, "The source failed its content probe", "来源未通过内容抽检"),
    Reason("retention-ended", False, "The source's retention period has ended", "来源的保存期限已届满"),
    Reason(
        "purpose-not-covered",
        False,
        "The source was not collected for this purpose",
        "来源的用途不涵盖本次发布",
    ),
    Reason("opted-out", False, "The author or site refused the use", "作者或网站已拒绝使用"),
    Reason(
        "robots-disallowed",
        False,
        "The site's robots.txt refused the page",
        "网站的 robots.txt 不允许抓取该页",
    ),
    Reason("tdm-reserved", False, "The site reserved text and data mining", "网站保留文本与数据挖掘权利"),
    Reason("noai", False, "The page refuses use for AI", "网页声明不得用于人工智能"),
    Reason("noimageai", False, "The page refuses use of its images for AI", "网页声明其图像不得用于人工智能"),
    Reason("refusal-list", False, "The operator's refusal list names it", "列入运营方的拒绝使用清单"),
    Reason(
        "no-lawful-basis", False, "Personal information without a lawful basis", "含个人信息而无合法性基础"
    ),
    Reason(
        "minor-undecided",
        False,
        "Personal information of a child under 14 waits for a person",
        "含不满十四周岁未成年人个人信息,待人工判定",
    ),
    Reason("removal-request", True, "Removed on request", "应请求移除"),
    Reason(
        "tombstoned",
        True,
        "Erased earlier as illegal content, and brought in again",
        "曾作为违法内容销毁,再次被引入",
    ),
    # quality
    Reason("low-quality", False, "The text failed a quality rule", "文本未通过质量规则"),
    Reason(
        "language-not-allowed", False, "The language is not on the policy's list", "语言不在策略允许的清单中"
    ),
    # duplicates
    Reason("exact-duplicate", False, "Another kept document has the same text", "已有文本相同的文档被保留"),
    Reason(
        "near-duplicate", False, "Another kept document has nearly the same text", "已有文本近似的文档被保留"
    ),
    Reason(
        "repeated-text", False, "Most of it is text that many documents share", "大部分文字为许多文档所共有"
    ),
    Reason("test-set-overlap", False, "It holds text of a test set", "含有评测集中的文字"),
    Reason(
        "twin-of-removed",
        True,
        "A verified twin was removed for its content or by request",
        "其近似文档因内容或应请求被移除",
    ),
    # content
    Reason("pii-redacted", False, "Personal information was replaced", "个人信息已替换"),
    Reason("pii-density", True, "Too much personal information", "个人信息过于密集"),
    Reason("pii-sensitive", True, "Sensitive personal information", "含敏感个人信息"),
    Reason("prohibited-content", True, "Screened as prohibited content", "筛查为违禁内容"),
    Reason("sexual-minors", True, "Sexual content about minors", "涉及未成年人的色情内容"),
    Reason(
        "cbrn-context",
        True,
        "CBRN name in a technical context: for review",
        "核生化导名称处于技术语境:待复核",
    ),
    Reason("cbrn-restricted", True, "CBRN restricted detail: for an expert", "核生化导受限细节:待专家处理"),
    Reason("secrecy-marking", True, "Carries a secrecy marking", "带有保密标志"),
    Reason("commercial-secret", True, "Carries a trade-secret marking", "带有商业秘密标志"),
    Reason("poisoning", True, "Signs of data poisoning", "疑似数据投毒"),
    Reason("synthetic-cap", False, "Over the cap for AI-generated content", "超过人工智能生成内容占比上限"),
    Reason("not-measured", False, "No detector was measured on such text", "没有检测器在此类文本上测量过"),
    Reason(
        "protected-work", True, "It is, or repeats, a registered work", "与登记作品相同、近似或含其逐字片段"
    ),
    Reason("review-removed", True, "A reviewer removed it", "审核人员移除"),
    Reason("review-pending", False, "Waits for a reviewer", "等待审核"),
)

BY_SLUG: dict[str, Reason] = {r.slug: r for r in REASONS}

#: The ways in which a site or a rights holder refused.
OPT_OUTS = ("opted-out", "robots-disallowed", "tdm-reserved", "noai", "noimageai", "refusal-list")
