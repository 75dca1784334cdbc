"""Planted copies: what duplicates, and duplicates of documents that may not stay, must lead to."""

from __future__ import annotations

from sample.layout import Doc, doc_id, native_id
from sample.passages import jaccard, join
from sample.planter import Planter, reference


def exact(p: Planter) -> None:
    """The same text in one source and in several: the highest priority keeps it, then the smallest id."""
    text = p.passage("zh").text
    twins = sorted((Doc("zh-notes", f"zn-same-{i}", "zh", text) for i in (1, 2, 3)), key=_order)
    p.add("exact-within", twins[0], "kept")
    for twin in twins[1:]:
        p.copy("exact-within", twins[0], "zh-notes", twin.key)
    keeper = p.kept("exact-across", "en-articles", "ea-copied", "en", p.passage("en").text)
    p.copy("exact-across", keeper, "digest", "dg-copy-en")
    p.copy("exact-across", keeper, "en-letters", "letter-copied")
    keeper = p.kept("exact-across", "zh-ledger", "zl-copied", "zh", p.passage("zh").text)
    p.copy("exact-across", keeper, "zh-handbook", "copied-page")
    keeper = p.kept("exact-across", "zh-notes", "zn-copied", "zh", p.passage("zh").text)
    p.copy("exact-across", keeper, "digest", "dg-copy-zh")


def _order(doc: Doc) -> bytes:
    return doc_id(doc.source, native_id(doc.source, doc.key))


def near(p: Planter) -> None:
    """A corrected place name: nearly the same text in two sources."""
    routes = {
        "zh": (("zh-notes", "digest"), ("zh-notes", "zh-ledger"), ("zh-ledger", "zh-handbook")),
        "en": (("en-articles", "digest"), ("en-articles", "en-letters"), ("digest", "en-letters")),
    }
    for lang, pairs in routes.items():
        for number, (winner, loser) in enumerate(pairs, 1):
            passage = p.passage(lang, 7)
            keeper = p.kept("near", winner, f"near-{lang}-{number}", lang, passage.text)
            edited = passage.text.replace(passage.place, {"zh": "松涛岭", "en": "Summerby"}[lang])
            p.copy("near", keeper, loser, f"near-{lang}-{number}-copy", edited)


def below(p: Planter) -> None:
    """Two texts that share about half of their sentences: both stay."""
    for lang, one, two, longest in (("zh", "zh-notes", "digest", 11), ("en", "en-articles", "en-letters", 7)):
        first, other = p.passage(lang, longest), p.passage(lang, longest)
        cuts = range(2, longest)
        halves = [join(lang, first.sentences[:cut] + other.sentences[cut:]) for cut in cuts]
        half = min(halves, key=lambda text: abs(jaccard(first.text, text) - 0.5))
        a, b = Doc(one, f"half-{one}", lang, first.text), Doc(two, f"half-{two}", lang, half)
        value = jaccard(first.text, half)
        p.add("below-threshold", a, "kept", pair=reference(b), jaccard=value)
        p.add("below-threshold", b, "kept", pair=reference(a), jaccard=value)


def chain(p: Planter) -> None:
    """Three versions of a text, each near to the next: the last is not near to the keeper, and stays."""
    first, second, third = _versions([s for _ in range(2) for s in p.passage("zh", 11).sentences], p)
    keeper = p.kept("chain", "zh-notes", "chain-1", "zh", first)
    p.copy("chain", keeper, "zh-ledger", "chain-2", second)
    last = Doc("digest", "chain-3", "zh", third)
    p.add("chain", last, "kept", pair=reference(keeper), jaccard=jaccard(first, third))


def _versions(sentences: list[str], p: Planter) -> list[str]:
    """Return a text and two further versions, in each of which a little more was written anew."""
    spare, half = p.passage("zh", 10).sentences, len(sentences) // 2
    texts = [join("zh", sentences)]
    for step in (0, 1):
        trials = [
            [*sentences[:place], *spare[4 * step + 1 : 4 * step + 1 + width], *sentences[place + width :]]
            for place in range(1 + half * step, half * (step + 1) - 2)
            for width in (1, 2)
        ]
        sentences = min(trials, key=lambda trial: abs(jaccard(texts[-1], join("zh", trial)) - 0.865))
        texts.append(join("zh", sentences))
    return texts


def short(p: Planter) -> None:
    """Texts below one shingle: equal ones are duplicates, different ones are not."""
    keeper = p.kept("short-same", "zh-notes", "zn-short-1", "zh", "小心台阶")
    p.copy("short-same", keeper, "digest", "dg-short-1")
    p.kept("short-different", "zh-notes", "zn-short-2", "zh", "小心地滑")
    p.kept("short-different", "digest", "dg-short-2", "zh", "注意脚下")
    keeper = p.kept("short-same", "en-articles", "ea-short-1", "en", "Mind the step")
    p.copy("short-same", keeper, "digest", "dg-short-3")
    p.kept("short-different", "en-articles", "ea-short-2", "en", "Mind the gap")
    p.kept("short-different", "digest", "dg-short-4", "en", "Mind the door")


def orphans(p: Planter) -> None:
    """The first in keeper order has no right to stay: its place goes to the next copy."""
    text = p.passage("zh").text
    p.add("keeper-without-licence", Doc("zh-web", "zw-first", "zh", text), "removed", "licence-missing")
    heir = p.kept("keeper-without-licence", "zh-notes", "zn-heir", "zh", text)
    p.copy("keeper-without-licence", heir, "digest", "dg-after-heir")
    passage = p.passage("zh", 7)
    edited = passage.text.replace(passage.place, "松涛岭")
    p.add(
        "keeper-without-licence", Doc("zh-web", "zw-near", "zh", passage.text), "removed", "licence-missing"
    )
    p.kept("keeper-without-licence", "zh-handbook", "near-heir", "zh", edited)
    text = p.passage("en").text
    p.add("keeper-past-retention", Doc("club-archive", "ca-first", "en", text), "removed", "retention-ended")
    p.kept("keeper-past-retention", "en-letters", "letter-heir", "en", text)


def twins(p: Planter) -> None:
    """A document that leaves for its content takes its near-twin along, whatever their priorities."""
    for number, (marked, twin) in enumerate((("zh-ledger", "zh-handbook"), ("digest", "zh-notes")), 1):
        text = "\n\n".join(p.passage("zh", 10).text for _ in range(2))
        heading = f"机密★5年\n青园发〔2031〕{number + 3}号\n\n"
        first = Doc(marked, f"marked-{number}", "zh", heading + text)
        p.add("secrecy-twin", first, "quarantined", "secrecy-marking")
        value = jaccard(first.text, text)
        p.add("secrecy-twin", Doc(twin, f"unmarked-{number}", "zh", text), "removed", "twin-of-removed",
              keeper=reference(first), jaccard=value)  # fmt: skip


def rights(p: Planter) -> None:
    """Documents of sources that may not be published, and documents that state a licence of their own."""
    p.add("no-licence", Doc("zh-web", "zw-plain", "zh", p.passage("zh").text), "removed", "licence-missing")
    p.add(
        "retention", Doc("club-archive", "ca-plain", "zh", p.passage("zh").text), "removed", "retention-ended"
    )
    p.kept("own-licence", "zh-notes", "zn-own-licence", "zh", p.passage("zh").text, license="CC0-1.0")
    p.kept("own-licence", "zh-web", "zw-own-licence", "zh", p.passage("zh").text, license="CC-BY-4.0")


def conversations(p: Planter) -> None:
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
