"""Main text of web pages: our extractor beside resiliparse and trafilatura, on pages whose text is known.

The pages are made here: seeded prose (English and Chinese) inside seven site layouts with menus, adverts, comments,
footers, tables and lists. A figure is the F1 of character 5-grams against the known text, its worst layout, and MB of
page per CPU second. `--peer-python PYTHON` is an interpreter that can import the two libraries.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from stages.ingest.html import parse

_EN = [
    "river",
    "reed",
    "mat",
    "winter",
    "village",
    "ferry",
    "harbour",
    "lantern",
    "orchard",
    "stone",
    "bridge",
    "morning",
    "road",
    "keeper",
    "boat",
    "field",
]
_ZH = (
    "河边",
    "芦苇",
    "席子",
    "冬天",
    "村里",
    "白色",
    "秋天",
    "渡船",
    "灯笼",
    "果园",
    "石桥",
    "清晨",
    "大路",
    "田野",
)
_MENU = {
    "en": ("Home", "News", "Shop", "About us", "Contact"),
    "zh": ("首页", "新闻", "商店", "关于我们", "联系"),
}
_NOISE = {
    "en": ("Subscribe to our newsletter today!", "Copyright 2024. All rights reserved.", "Share this page"),
    "zh": ("立即订阅我们的通讯!", "版权所有 2024,保留一切权利。", "分享本页"),
}
LAYOUTS = ("article", "divs", "table", "list", "code", "forum", "bare")


def main() -> None:
    """Make the pages, extract with each tool, print quality and speed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pages", type=int, default=420, help="how many pages")
    options.add_argument("--json", type=Path, help="write the figures here")
    options.add_argument("--peer-python", default=sys.executable, help="interpreter with both libraries")
    chosen = options.parse_args()
    made = list(pages(chosen.pages))
    rows = {"hallmark": figures(made, *_timed(lambda page: parse(page).text or "", [p[2] for p in made]))}
    for peer in ("resiliparse", "trafilatura"):
        found = _peer(chosen.peer_python, peer, [page[2] for page in made])
        if found:
            rows[peer] = figures(made, *found)
    print(f"{'tool':<14}{'F1':>7}{'en':>7}{'zh':>7}{'worst layout':>20}{'MB/s':>8}")
    for name, row in rows.items():
        worst = f"{row['worst']} {row['worst_f1']:.3f}"
        print(f"{name:<14}{row['f1']:>7.3f}{row['en']:>7.3f}{row['zh']:>7.3f}{worst:>20}{row['mb_s']:>8.1f}")
    if chosen.json:
        chosen.json.write_text(json.dumps(rows, indent=1) + "\n")


def pages(count: int) -> Iterable[tuple[str, str, str, str]]:
    """Yield (language, layout, page, text): seeded, layouts and languages in turn."""
    for number in range(count):
        draw = random.Random(number)
        lang, layout = ("en", "zh")[number % 2], LAYOUTS[number // 2 % len(LAYOUTS)]
        yield lang, layout, *_page(draw, lang, layout)


def _sentence(draw: random.Random, lang: str) -> str:
    if lang == "zh":
        return "".join(draw.choices(_ZH, k=draw.randrange(5, 14))) + "。"
    return " ".join(draw.choices(_EN, k=draw.randrange(6, 18))).capitalize() + "."


def _paragraph(draw: random.Random, lang: str) -> str:
    return ("" if lang == "zh" else " ").join(_sentence(draw, lang) for _ in range(draw.randrange(2, 7)))


def _page(draw: random.Random, lang: str, layout: str) -> tuple[str, str]:
    title, paragraphs = (
        _sentence(draw, lang)[:-1],
        [_paragraph(draw, lang) for _ in range(draw.randrange(3, 12))],
    )
    body, text = _BODIES[layout](draw, lang, title, paragraphs)
    if layout == "bare":
        return f"<html><head><title>{title}</title></head><body>{body}</body></html>", text
    links = "".join(f'<li><a href="/{i}">{word}</a></li>' for i, word in enumerate(_MENU[lang] * 2))
    noise = "".join(f'<p class="promo"><a href="#">{line}</a></p>' for line in _NOISE[lang])
    related = "".join(f'<li><a href="/r">{_sentence(draw, lang)[:-1]}</a></li>' for _ in range(6))
    menu = (
        f"<nav><ul>{links}</ul></nav>" if layout == "article" else f'<div class="menu"><ul>{links}</ul></div>'
    )
    end = f"<footer>{noise}</footer>" if layout == "article" else f'<div id="footer">{noise}</div>'
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title><style>p{{margin:1em}}</style>"
        f"<script>var a = '<p>{title}</p>';</script></head><body><header><div>{_MENU[lang][0]}</div></header>{menu}"
        f'{body}<div class="sidebar"><h4>{_MENU[lang][1]}</h4><ul>{related}</ul></div>{end}</body></html>'
    ), text


def _article(draw: random.Random, lang: str, title: str, paragraphs: list[str]) -> tuple[str, str]:
    inner = "".join(f"<p>{p}</p>" for p in paragraphs)
    return f"<main><article><h1>{title}</h1>{inner}</article></main>", "\n".join([title, *paragraphs])


def _divs(draw: random.Random, lang: str, title: str, paragraphs: list[str]) -> tuple[str, str]:
    inner = "<br><br>".join(paragraphs)
    return f'<div id="content"><h2>{title}</h2><div>{inner}</div></div>', "\n".join([title, *paragraphs])


def _table(draw: random.Random, lang: str, title: str, paragraphs: list[str]) -> tuple[str, str]:
    inner = "".join(f"<tr><td>{p}</td></tr>" for p in paragraphs)
    return f"<h1>{title}</h1><table>{inner}</table>", "\n".join([title, *paragraphs])


def _list(draw: random.Random, lang: str, title: str, paragraphs: list[str]) -> tuple[str, str]:
    items = [_sentence(draw, lang) for _ in range(6)]
    inner = "".join(f"<li>{item}</li>" for item in items)
    texts = [paragraphs[0], *items, *paragraphs[1:]]
    rest = "".join(f"<p>{p}</p>" for p in paragraphs[1:])
    return (
        f"<article><h1>{title}</h1><p>{paragraphs[0]}</p><ol>{inner}</ol>{rest}</article>",
        "\n".join([title, *texts]),
    )


def _code(draw: random.Random, lang: str, title: str, paragraphs: list[str]) -> tuple[str, str]:
    lines = [f"value_{i} = read({draw.randrange(100)})" for i in range(6)]
    block = "\n".join(lines)
    inner = f"<p>{paragraphs[0]}</p><pre><code>{block}</code></pre>" + "".join(
        f"<p>{p}</p>" for p in paragraphs[1:]
    )
    return f"<main><h1>{title}</h1>{inner}</main>", "\n".join([title, paragraphs[0], block, *paragraphs[1:]])


def _forum(draw: random.Random, lang: str, title: str, paragraphs: list[str]) -> tuple[str, str]:
    posts = "".join(
        f'<div class="post"><span class="user"><a href="/u">user{i}</a></span><div class="body">{p}</div></div>'
        for i, p in enumerate(paragraphs)
    )
    return f'<h1>{title}</h1><div class="thread">{posts}</div>', "\n".join([title, *paragraphs])


def _bare(draw: random.Random, lang: str, title: str, paragraphs: list[str]) -> tuple[str, str]:
    return "<hr>".join(paragraphs), "\n".join(paragraphs)


_BODIES: dict[str, Callable[[random.Random, str, str, list[str]], tuple[str, str]]] = {
    "article": _article, "divs": _divs, "table": _table, "list": _list, "code": _code, "forum": _forum, "bare": _bare,
}  # fmt: skip


def figures(made: list[tuple[str, str, str, str]], found: list[str], seconds: float) -> dict[str, object]:
    """Return mean F1, by language, the worst layout, and speed."""
    scores = [f1(text, want) for (_, _, _, want), text in zip(made, found, strict=True)]
    groups: dict[str, list[float]] = defaultdict(list)
    for (lang, layout, _, _), score in zip(made, scores, strict=True):
        groups[lang].append(score)
        groups[layout].append(score)
    means = {name: sum(group) / len(group) for name, group in groups.items()}
    worst = min(LAYOUTS, key=lambda layout: means[layout])
    size = sum(len(page.encode()) for _, _, page, _ in made)
    return {
        "f1": round(sum(scores) / len(scores), 4),
        "en": round(means["en"], 4),
        "zh": round(means["zh"], 4),
        "layouts": {layout: round(means[layout], 4) for layout in LAYOUTS},
        "worst": worst,
        "worst_f1": round(means[worst], 4),
        "mb_s": round(size / 1e6 / seconds, 1),
    }


def f1(found: str, wanted: str) -> float:
    """Return the F1 of character 5-grams, white space left out."""
    a, b = (
        Counter(t[i : i + 5] for i in range(len(t) - 4))
        for t in ("".join(x.split()) for x in (found, wanted))
    )
    same = (a & b).total()
    return 2 * same / (a.total() + b.total()) if same else 0.0


def _timed(extract: Callable[[str], str], sources: list[str]) -> tuple[list[str], float]:
    found, best = [], 1e9
    for _ in range(3):
        start = time.process_time()
        found = [extract(source) for source in sources]
        best = min(best, time.process_time() - start)
    return found, best


_PEER = """
import json, sys, time
name, path = sys.argv[1:]
pages = json.load(open(path))
if name == "resiliparse":
    from resiliparse.extract.html2text import extract_plain_text
    extract = lambda page: extract_plain_text(page, main_content=True, alt_texts=False)
else:
    import trafilatura
    extract = lambda page: trafilatura.extract(page, include_comments=False, favor_recall=True) or ""
best = 1e9
for _ in range(3):
    start = time.process_time()
    texts = [extract(page) or "" for page in pages]
    best = min(best, time.process_time() - start)
print(json.dumps([texts, best]))
"""


def _peer(python: str, name: str, sources: list[str]) -> tuple[list[str], float] | None:
    """Return (texts, seconds) of a peer; None where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pages.json"
        path.write_text(json.dumps(sources))
        command = [python, "-c", _PEER, name, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{name}: not measured: {done.stderr.strip().splitlines()[-1][:100]}")
        return None
    found, seconds = json.loads(done.stdout)
    return found, seconds


if __name__ == "__main__":
    main()
