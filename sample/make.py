"""Make the sample corpus: `python -m sample.make [--out FOLDER]`. Its output is committed.

Equal material gives equal bytes. Run it after a change to sample/material or to a plant.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path

from sample import formats
from sample.layout import COUNTS, FILES, Doc
from sample.passages import Passage, compose
from sample.plants import Planter, plant_all

HERE = Path(__file__).parent
PLANTED = {"zh": 110, "en": 70}  # passages kept back for plants
KEYS = {
    "zh-notes": "zn",
    "en-articles": "ea",
    "digest": "dg",
    "zh-ledger": "zl",
    "zh-handbook": "page",
    "en-letters": "letter",
    "zh-web": "zw",
    "club-archive": "ca",
    "qa-pairs": "qp",
    "help-chats": "hc",
}
QUESTIONS = {
    "zh": ("请说说{}的情况。", "关于{}，有什么值得记下来的？", "能讲一段{}的见闻吗？", "{}最近怎么样？"),
    "en": (
        "What is there to tell about {}?",
        "Please describe {} in a few lines.",
        "Could you write a short note on {}?",
        "What would a visitor notice at {}?",
    ),
}
MORE = {
    "zh": ("还有别的吗？", "后来呢？", "再说详细一点。"),
    "en": ("And what else?", "Please go on.", "Is there more to it?"),
}


def main() -> None:
    """Write corpora/ and truth.json into the folder given by --out (default: beside this file)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder for corpora/ and truth.json")
    make(parser.parse_args().out)


def make(out: Path) -> None:
    """Write the whole sample below `out`, replacing what is there."""
    corpora = out / "corpora"
    shutil.rmtree(corpora, ignore_errors=True)
    docs, planter = collect()
    for source in FILES:
        own = sorted((doc for doc in docs if doc.source == source), key=_shuffled)
        formats.write(corpora / source, source, own)
    for lines in planter.lines:
        formats.write_lines(corpora, lines)
    body = "".join(",\n" + json.dumps(truth, ensure_ascii=False) for truth in planter.truths)
    (out / "truth.json").write_bytes(f"[\n{body[2:]}\n]\n".encode())


def collect() -> tuple[list[Doc], Planter]:
    """Return all good documents, planted ones included, and the planter with truths and broken files."""
    pools, kept_back = {}, {}
    for lang in ("zh", "en"):
        wanted = sum(counts.get(lang, 0) for counts in COUNTS.values())
        passages = compose(lang, wanted + PLANTED[lang])
        pools[lang], kept_back[lang] = iter(passages[:wanted]), passages[wanted:]
    planter = plant_all(kept_back["zh"], kept_back["en"])
    docs = list(planter.docs)
    for source, counts in COUNTS.items():
        for lang, count in counts.items():
            docs += [_everyday(source, lang, number, next(pools[lang])) for number in range(1, count + 1)]
    return docs, planter


def _everyday(source: str, lang: str, number: int, passage: Passage) -> Doc:
    key = f"{KEYS[source]}-{lang}-{number:03d}"
    if source in ("qa-pairs", "help-chats"):
        return Doc(source, key, lang, turns=_turns(source, number, passage))
    extra: dict[str, str] = {}
    if source != "en-letters" and not (source == "zh-handbook" and number % 3 == 0):
        extra["title"] = passage.title
    if source in ("zh-notes", "zh-ledger", "digest"):
        extra["date"] = f"2024-{1 + number % 12:02d}-{1 + number * 7 % 28:02d}"
    if source in ("zh-web", "en-articles"):
        extra["url"] = f"https://{source}.example.org/{number}"
    return Doc(source, key, lang, passage.text, extra=extra)


def _turns(source: str, number: int, passage: Passage) -> tuple[tuple[str, str], ...]:
    questions, more = QUESTIONS[passage.lang], MORE[passage.lang]
    space = " " if passage.lang == "en" else ""
    ask = questions[number % len(questions)].format(passage.place)
    if source == "qa-pairs":
        return (("user", ask), ("assistant", passage.text))
    half = max(1, len(passage.sentences) // 2)
    return (
        ("user", ask),
        ("assistant", space.join(passage.sentences[:half])),
        ("user", more[number % len(more)]),
        ("assistant", space.join(passage.sentences[half:])),
    )


def _shuffled(doc: Doc) -> bytes:
    return hashlib.sha256(f"{doc.source}/{doc.key}".encode()).digest()


if __name__ == "__main__":
    main()
