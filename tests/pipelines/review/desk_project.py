"""A small project with awkward documents, run as far as its draws; built once per test session."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

from pipelines.project import Project
from pipelines.run import run_stage

ROOT = Path(__file__).parents[3]
STAGES = ("inventory", "ingest", "quality", "dedup", "pii", "screen", "sample")
SCRIPT = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
ARABIC = "يفتح حارس القناة البوابة العليا قبل شروق الشمس ويكتب منسوب المياه في دفتر أخضر."
MAIL = "keeper@example.org"
WORDS = (
    *("lantern", "harbour", "basket", "orchard", "ladder", "violin", "pebble", "kettle", "meadow", "ribbon"),
    *("anvil", "candle", "ferry", "mirror", "spindle", "trumpet", "walnut", "quarry", "sparrow", "cellar"),
    *("bridge", "garden", "pocket", "winter", "summer", "letter", "button", "copper", "silver", "thread"),
)
HANS = "桥河灯船茶山路雨雪木石花草鸟鱼马车门窗书笔纸墨田米麦豆果盐糖布线针钟鼓琴棋画诗"


def texts() -> list[str]:
    """Return 48 plain texts in two languages, and the awkward ones behind them."""
    dice = random.Random(7)
    plain = [_english(dice) if i % 2 else _chinese(dice) for i in range(48)]
    hidden = _english(dice)
    return [
        *plain,
        f"{_english(dice)} {SCRIPT}",
        f"{ARABIC} {ARABIC[::-1]}",
        f"{hidden[:60]}\u202e\u200b\x07{hidden[60:]}",
        f"{_english(dice)} Write to {MAIL} before noon.",
        f"机密★5年\n{_chinese(dice)}",
    ]


def _english(dice: random.Random) -> str:
    rows = []
    for _ in range(7):
        a, b, c, d, e = dice.sample(WORDS, 5)
        rows.append(
            f"The {a} near the {b} was moved by the man with a {c}, and {d} and {e} stayed where they were."
        )
    return " ".join(rows)


def _chinese(dice: random.Random) -> str:
    rows = ["".join(dice.sample(HANS, 3)) + "旁边的人把" + "".join(dice.sample(HANS, 4)) for _ in range(12)]
    return "，".join(f"{r}放在{dice.choice('上下左右前后')}面" for r in rows) + "。"


def long_text() -> str:
    """Return five million characters of plain sentences."""
    dice = random.Random(9)
    return "\n".join(_english(dice) for _ in range(100)) * 80


def built(base: Path) -> Path:
    """Return the project's folder under `base`, with its draws; HALLMARK_KEYS must hold keys."""
    root = base / "desk-project"
    if (root / "ready").is_file():
        return root
    shutil.rmtree(root, ignore_errors=True)
    (root / "in").mkdir(parents=True)
    (root / "reviews").mkdir()
    shutil.copytree(ROOT / "policies", root / "policies")
    shutil.copy(ROOT / "params.yaml", root / "params.yaml")
    (root / "licence.txt").write_text("CC-BY-4.0, granted by the authors")
    _jsonl(root / "in" / "plain.jsonl", [{"id": f"n{i}", "text": t} for i, t in enumerate(texts())])
    chats = [
        {"role": "user", "content": "Where is the ferry?"},
        {"role": "assistant", "content": _english(random.Random(3))},
    ]
    _jsonl(root / "in" / "chat.jsonl", [{"id": "c0", "messages": chats}, {"id": "c1", "text": long_text()}])
    rows = [_source("plain", "in/plain.jsonl"), _source("other", "in/chat.jsonl")]
    (root / "sources.yaml").write_text(json.dumps({"sources": rows}), encoding="utf-8")
    for name in STAGES:
        run_stage(name, Project(root))
    (root / "ready").touch()
    return root


def _jsonl(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), encoding="utf-8")


def _source(name: str, path: str) -> dict:
    return {
        "id": name, "title": {"zh": f"来源 {name}", "en": f"Source {name}"}, "paths": [path], "format": "jsonl",
        "class": "open-licence", "licence": "CC-BY-4.0",
        "evidence": [{"kind": "licence-text", "path": "licence.txt"}], "jurisdiction": "CN", "storage_region": "CN",
        "cross_border": False, "collected": {"from": "2025-01-01", "to": "2025-03-31"},
        "personal_data": {"lawful_basis": "public-disclosure", "separate_consent": None, "pipia": None},
        "retain_until": "2035-12-31", "purpose": ["pretraining"],
    }  # fmt: skip


def copied(base: Path, target: Path) -> Project:
    """Return a copy of the built project with no reviews, for one test to write in."""
    shutil.copytree(built(base), target)
    return Project(target)


def line(
    doc: str = "0a", text: str = "0b", verdict: str = "pass", who: str = "r1", role: str = "annotator", **more
) -> dict:
    """Return one decision; `doc` and `text` are two hex digits that fill the digest."""
    return {
        "doc_id": doc * 32,
        "text_sha256": text * 32,
        "verdict": verdict,
        "reviewer": who,
        "role": role,
        "draw": "audit",
    } | more


def written(folder: Path, lines: list[dict], name: str = "r1") -> Path:
    """Write decisions as one file of reviews/ and return the folder."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(x) + "\n" for x in lines), encoding="utf-8")
    return folder


def find(project: Project, draw: str, wanted: str) -> str:
    """Return the id of the drawn item whose text, as its draw shows it, contains `wanted`."""
    from pipelines.review_desk.draws import load_items
    from pipelines.review_desk.texts import Texts

    texts = Texts(project, draw)
    return next(i.id for i in load_items(project, draw) if wanted in texts.read(i).text)
