"""The planted truths: documents of which the outcome is known beforehand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sample import broken, numbers
from sample.layout import Doc, Lines, doc_id, native_id
from sample.passages import Passage, jaccard, join

Truth = dict[str, Any]


class Planter:
    """Collects planted documents and what must become of them; takes passages that nobody else uses."""

    def __init__(self, zh: Iterator[Passage], en: Iterator[Passage]) -> None:
        self._passages = {"zh": zh, "en": en}
        self.docs: list[Doc] = []
        self.lines: list[Lines] = []
        self.truths: list[Truth] = []

    def passage(self, lang: str, shortest: int = 6) -> Passage:
        """Return the next unused passage of at least so many sentences."""
        return next(p for p in self._passages[lang] if len(p.sentences) >= shortest)

    def add(self, plant: str, doc: Doc, disposition: str, reason: str | None = None, **more: Any) -> Doc:
        """Plant a document and write down what is expected of it."""
        self.docs.append(doc)
        expect: dict[str, Any] = {"disposition": disposition, "reason": reason}
        expect.update({name: more.pop(name) for name in ("keeper", "pii", "ai_label") if name in more})
        self.truths.append(
            {
                "plant": plant,
                "source": doc.source,
                "native_id": native_id(doc.source, doc.key),
                "expect": expect,
                **more,
            }
        )
        return doc

    def kept(self, plant: str, source: str, key: str, lang: str, text: str, **extra: Any) -> Doc:
        """Plant a document that must stay untouched."""
        return self.add(plant, Doc(source, key, lang, text, extra=extra), "kept")


def reference(doc: Doc) -> dict[str, str]:
    """Return the pair of source and native id that names a document in truth.json."""
    return {"source": doc.source, "native_id": native_id(doc.source, doc.key)}


def plant_all(zh: Iterator[Passage], en: Iterator[Passage]) -> Planter:
    """Return every planted document with its truth."""
    planter = Planter(zh, en)
    for family in (
        _exact,
        _near,
        _below,
        _short,
        _orphans,
        _twins,
        _rights,
        _privacy,
        _pairs,
        _marks,
        _cbrn,
        _labels,
    ):
        family(planter)
    for family in (_junk, _hidden, _encoding):
        family(planter)
    for lines, truths in broken.files(
        [planter.passage("zh").text for _ in range(4)], planter.passage("en", 4).text
    ):
        planter.lines.append(lines)
        planter.truths += truths
    return planter


def _copy(
    p: Planter, plant: str, keeper: Doc, source: str, key: str, text: str | None = None, **more: Any
) -> Doc:
    """Plant a copy (exact where no text is given) that leaves in favour of its keeper."""
    reason = "exact-duplicate" if text is None else "near-duplicate"
    value = jaccard(keeper.text, text or keeper.text, keeper.lang)
    copy = Doc(source, key, keeper.lang, text or keeper.text)
    return p.add(plant, copy, "removed", reason, keeper=reference(keeper), jaccard=value, **more)


def _exact(p: Planter) -> None:
    text = p.passage("zh").text
    twins = sorted((Doc("zh-notes", f"zn-same-{i}", "zh", text) for i in (1, 2, 3)), key=_order)
    p.add("exact-within", twins[0], "kept")
    for twin in twins[1:]:
        _copy(p, "exact-within", twins[0], "zh-notes", twin.key)
    keeper = p.kept("exact-across", "en-articles", "ea-copied", "en", p.passage("en").text)
    _copy(p, "exact-across", keeper, "digest", "dg-copy-en")
    _copy(p, "exact-across", keeper, "en-letters", "letter-copied")
    keeper = p.kept("exact-across", "zh-ledger", "zl-copied", "zh", p.passage("zh").text)
    _copy(p, "exact-across", keeper, "zh-handbook", "copied-page")
    keeper = p.kept("exact-across", "zh-notes", "zn-copied", "zh", p.passage("zh").text)
    _copy(p, "exact-across", keeper, "digest", "dg-copy-zh")


def _order(doc: Doc) -> bytes:
    return doc_id(doc.source, native_id(doc.source, doc.key))


def _near(p: Planter) -> None:
    routes = {
        "zh": (("zh-notes", "digest"), ("zh-notes", "zh-ledger"), ("zh-ledger", "zh-handbook")),
        "en": (("en-articles", "digest"), ("en-articles", "en-letters"), ("digest", "en-letters")),
    }
    for lang, pairs in routes.items():
        for number, (winner, loser) in enumerate(pairs, 1):
            passage = p.passage(lang, 7)
            keeper = p.kept("near", winner, f"near-{winner}-{number}", lang, passage.text)
            edited = passage.text.replace(passage.place, {"zh": "松涛岭", "en": "Summerby"}[lang])
            _copy(p, "near", keeper, loser, f"near-{loser}-{number}", edited)


def _below(p: Planter) -> None:
    for lang, one, two in (("zh", "zh-notes", "digest"), ("en", "en-articles", "en-letters")):
        first, other = p.passage(lang, 7), p.passage(lang, 7)
        halves = [join(lang, first.sentences[:cut] + other.sentences[cut:]) for cut in range(2, 7)]
        half = min(halves, key=lambda text: abs(jaccard(first.text, text, lang) - 0.5))
        a, b = Doc(one, f"half-{one}", lang, first.text), Doc(two, f"half-{two}", lang, half)
        value = jaccard(first.text, half, lang)
        p.add("below-threshold", a, "kept", pair=reference(b), jaccard=value)
        p.add("below-threshold", b, "kept", pair=reference(a), jaccard=value)


def _short(p: Planter) -> None:
    """Texts below one shingle: equal ones are duplicates, different ones are not."""
    keeper = p.kept("short-same", "zh-notes", "zn-short-1", "zh", "小心台阶")
    _copy(p, "short-same", keeper, "digest", "dg-short-1")
    p.kept("short-different", "zh-notes", "zn-short-2", "zh", "小心地滑")
    p.kept("short-different", "digest", "dg-short-2", "zh", "注意脚下")
    keeper = p.kept("short-same", "en-articles", "ea-short-1", "en", "Mind the step")
    _copy(p, "short-same", keeper, "digest", "dg-short-3")
    p.kept("short-different", "en-articles", "ea-short-2", "en", "Mind the gap")
    p.kept("short-different", "digest", "dg-short-4", "en", "Mind the door")


def _orphans(p: Planter) -> None:
    """The first in keeper order has no right to stay: its place goes to the next copy."""
    text = p.passage("zh").text
    p.add("keeper-without-licence", Doc("zh-web", "zw-first", "zh", text), "removed", "licence-missing")
    heir = p.kept("keeper-without-licence", "zh-notes", "zn-heir", "zh", text)
    _copy(p, "keeper-without-licence", heir, "digest", "dg-after-heir")
    passage = p.passage("zh", 7)
    edited = passage.text.replace(passage.place, "松涛岭")
    p.add(
        "keeper-without-licence", Doc("zh-web", "zw-near", "zh", passage.text), "removed", "licence-missing"
    )
    p.kept("keeper-without-licence", "zh-handbook", "near-heir", "zh", edited)
    text = p.passage("en").text
    p.add("keeper-past-retention", Doc("club-archive", "ca-first", "en", text), "removed", "retention-ended")
    p.kept("keeper-past-retention", "en-letters", "letter-heir", "en", text)


def _twins(p: Planter) -> None:
    """A document that leaves for its content takes its near-twin along, whichever stands first in keeper order."""
    for number, (marked, twin) in enumerate((("zh-ledger", "zh-handbook"), ("digest", "zh-notes")), 1):
        text = "\n\n".join(p.passage("zh", 10).text for _ in range(2))
        heading = f"机密★5年\n青园发〔2031〕{number + 3}号\n\n"
        first = Doc(marked, f"marked-{number}", "zh", heading + text)
        p.add("secrecy-twin", first, "quarantined", "secrecy-marking")
        value = jaccard(first.text, text, "zh")
        p.add("secrecy-twin", Doc(twin, f"unmarked-{number}", "zh", text), "removed", "twin-of-removed",
              keeper=reference(first), jaccard=value)  # fmt: skip


def _rights(p: Planter) -> None:
    p.add("no-licence", Doc("zh-web", "zw-plain", "zh", p.passage("zh").text), "removed", "licence-missing")
    p.add(
        "retention", Doc("club-archive", "ca-plain", "zh", p.passage("zh").text), "removed", "retention-ended"
    )
    p.kept("own-licence", "zh-notes", "zn-own-licence", "zh", p.passage("zh").text, license="CC0-1.0")
    p.kept("own-licence", "zh-web", "zw-own-licence", "zh", p.passage("zh").text, license="CC-BY-4.0")


def _privacy(p: Planter) -> None:
    for source, key, lang, found, note in numbers.FINDINGS:
        text = join(lang, (*p.passage(lang, 4).sentences, note))
        p.add("pii", Doc(source, key, lang, text), "redacted", "pii-redacted", pii=found)
    for source, key, lang, note in numbers.LOOK_ALIKES:
        text = join(lang, (*p.passage(lang, 4).sentences, note))
        p.add("pii-look-alike", Doc(source, key, lang, text), "kept", pii={})


def _pairs(p: Planter) -> None:
    """Structured records: a finding in one turn, and the same conversation twice."""
    turns = (
        ("user", "想参加周末的修理日，应该找谁？"),
        ("assistant", p.passage("zh", 5).text + "报名请写信到 repair-day@example.com。"),
    )
    p.add("pii-in-turn", Doc("qa-pairs", "qp-mail", "zh", turns=turns), "redacted", "pii-redacted",
          pii={"EMAIL_ADDRESS": 1})  # fmt: skip
    turns = (
        ("user", "Which evening does the mending club meet?"),
        ("assistant", p.passage("en", 5).text),
        ("user", "Thanks. My address is visitor@example.org if the day changes."),
        ("assistant", "Noted; a reminder goes out on the morning of the meeting."),
    )
    p.add("pii-in-turn", Doc("help-chats", "hc-mail", "en", turns=turns), "redacted", "pii-redacted",
          pii={"EMAIL_ADDRESS": 1})  # fmt: skip
    turns = (("user", "How was the last meeting?"), ("assistant", p.passage("en", 6).text))
    docs = sorted((Doc("help-chats", f"hc-twice-{i}", "en", turns=turns) for i in (1, 2)), key=_order)
    p.add("exact-messages", docs[0], "kept")
    p.add("exact-messages", docs[1], "removed", "exact-duplicate", keeper=reference(docs[0]), jaccard=1.0)


def _marks(p: Planter) -> None:
    passages = [p.passage("zh", 8) for _ in range(5)]
    for number, heading in enumerate(
        ("秘密★10年\n特急\n青园函〔2031〕12号", "密级：机密★长期\n云岭水务办公室文件"), 1
    ):
        doc = Doc("zh-ledger", f"zl-marked-{number}", "zh", f"{heading}\n\n{passages[number - 1].text}")
        p.add("secrecy-marking", doc, "quarantined", "secrecy-marking")
    said = "档案课上讲到版式，老师说文件左上角如果印着“机密★5年”，表示密级和期限，这里只作举例。"
    p.kept("secrecy-mention", "zh-notes", "zn-mention", "zh", join("zh", (*passages[2].sentences, said)))
    told = "这条巷子的配方一向是邻里间的秘密，十年没有外人知道。"
    p.kept(
        "secrecy-mention", "zh-handbook", "mention-in-prose", "zh", join("zh", (*passages[3].sentences, told))
    )
    paper = (
        "绝密★启用前\n青禾镇中学期末考试\n语文试卷\n\n阅读下面的文字，完成后面的题目。\n\n" + passages[4].text
    )
    p.kept("exam-paper", "zh-notes", "zn-exam", "zh", paper)


def _cbrn(p: Planter) -> None:
    news = "广播里提到，《禁止化学武器公约》自1997年生效，缔约国每年开会，芥子气等名称列在附表里，供各国申报和核查时对照。"
    p.kept("cbrn-mention", "zh-notes", "zn-treaty", "zh", join("zh", (*p.passage("zh", 5).sentences, news)))
    book = "The history lesson touched on the treaty of 1993, which names sarin in a schedule and has it declared and destroyed."
    p.kept(
        "cbrn-mention", "en-articles", "ea-treaty", "en", join("en", (*p.passage("en", 4).sentences, book))
    )
    names = ("沙林", "梭曼", "塔崩", "维埃克斯", "芥子气", "路易氏剂", "氮芥气")
    listed = (
        "化学战剂名称对照\n神经性毒剂："
        + "、".join(names[:4])
        + "\n糜烂性毒剂："
        + "、".join(names[4:])
        + "\n化学武器附表一"
    )
    p.add("cbrn-list", Doc("digest", "dg-list-zh", "zh", listed), "quarantined", "cbrn-context")
    listed = (
        "Chemical weapons, Schedule 1: names only\nNerve agents: sarin, soman, tabun, VX\n"
        "Blister agents: sulfur mustard, lewisite, nitrogen mustard\nToxins: ricin, saxitoxin"
    )
    p.add("cbrn-list", Doc("digest", "dg-list-en", "en", listed), "quarantined", "cbrn-context")


def _labels(p: Planter) -> None:
    """Content that says of itself that a machine made it (GB 45438-2025)."""
    for number, verdict in enumerate(("labelled-1", "labelled-2", "labelled-3"), 1):
        doc = Doc("zh-handbook", f"labelled-{number}", "zh", p.passage("zh").text,
                  extra={"AIGC": numbers.ai_label(str(number), number)})  # fmt: skip
        p.add("ai-label", doc, "kept", ai_label=verdict)
    doc = Doc("zh-handbook", "labelled-badly", "zh", p.passage("zh").text,
              extra={"AIGC": numbers.ai_label("AIGC", 4)})  # fmt: skip
    p.add("ai-label", doc, "kept", ai_label="label-malformed")
    text = p.passage("zh").text
    p.add("ai-label", Doc("zh-notes", "zn-notice", "zh", text + "\n\n（本文由人工智能生成）"), "kept",
          ai_label="explicit-only")  # fmt: skip
    said = "讲座里有人问机器能不能写诗，主持人请大家先各写一首再回答。"
    doc = Doc("zh-notes", "zn-no-notice", "zh", join("zh", (*p.passage("zh").sentences, said)))
    p.add("ai-label", doc, "kept", ai_label="none")


def _junk(p: Planter) -> None:
    line = "点击此处查看更多内容"
    for key, text in (
        ("zn-junk-lines", "\n".join([line] * 60)),
        ("zn-junk-symbols", "\n".join("#*=~|" * 4 + "{}[]<>^%$@!+" * 2 + "_/\\" * 5 for _ in range(8))),
    ):
        p.add("junk", Doc("zh-notes", key, "zh", text), "removed", "low-quality")
    for key, text in (
        ("ea-junk-lines", "\n".join(["Click here to see more of this page"] * 40)),
        (
            "ea-junk-symbols",
            "\n".join("$$ %% ## @@ || ~~ ^^ && ** ++ == <> [] {} // \\\\" for _ in range(12)),
        ),
    ):
        p.add("junk", Doc("en-articles", key, "en", text), "removed", "low-quality")


def _hidden(p: Planter) -> None:
    tags = "".join(chr(0xE0000 + ord(letter)) for letter in "good morning")
    for source, key, lang in (("zh-notes", "zn-hidden", "zh"), ("en-articles", "ea-hidden", "en")):
        first, *rest = p.passage(lang).sentences
        p.add(
            "hidden-text",
            Doc(source, key, lang, join(lang, (first + tags, *rest))),
            "quarantined",
            "poisoning",
        )
    family = "黑板上画着一家人\U0001f468\u200d\U0001f469\u200d\U0001f467，旁边写着开放日的时间。"
    text = join("zh", (*p.passage("zh").sentences, family))
    p.kept("joined-emoji", "zh-notes", "zn-emoji", "zh", text)


def _encoding(p: Planter) -> None:
    """A character that GBK lacks, in a file that must be read as GB18030."""
    rare = "碑上有个罕见的“𠮷”字和一个“㐂”字，抄写的人描了两遍。"
    text = join("zh", (*p.passage("zh").sentences, rare))
    p.kept("gb18030", "zh-ledger", "zl-rare", "zh", text)
