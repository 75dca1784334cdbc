"""Language identification, keep and drop by kind of document, and speed, on labelled files.

    python -m benchmarks.quality --eval-dir DIR [--rules FILE] [--json FILE] [--write docs/quality.md]

Needs in DIR: `lid/` with fields text, lang; `quality/` with text, keep, kind; `corpora/` with any text. A
table of `corpora/` that has a field `classical` beside `text` measures classical against modern Chinese.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

import polars as pl

from benchmarks import evalset
from lineage.errors import HallmarkError
from lineage.records import STATUS_OK
from stages.quality import QualitySettings, annotate, detectors, judge
from stages.quality.rules import as_markdown

#: rules that the repository's policies start from; `languages` None = every language
SUGGESTED = [
    {"id": "path-lines", "column": "path_line_share", "op": ">", "value": 0.35, "languages": None},
    {"id": "key-lines", "column": "key_line_share", "op": ">", "value": 0.32, "languages": None},
    {"id": "long-list", "column": "longest_list", "op": ">", "value": 100, "languages": None},
    {"id": "long-tokens", "column": "long_token_share", "op": ">", "value": 0.6, "languages": ["en"]},
    {"id": "digits", "column": "digit_share", "op": ">", "value": 0.8, "languages": None},
    {"id": "few-letters", "column": "letter_share", "op": "<", "value": 0.2, "languages": None},
    {"id": "long-words", "column": "mean_word_length", "op": ">", "value": 15.0, "languages": ["en"]},
    {"id": "no-words", "column": "alpha_word_share", "op": "<", "value": 0.5, "languages": ["en"]},
    {"id": "symbols", "column": "symbol_word_ratio", "op": ">", "value": 0.2, "languages": None},
    {"id": "bullets", "column": "bullet_line_share", "op": ">", "value": 0.9, "languages": None},
    {"id": "ellipses", "column": "ellipsis_line_share", "op": ">", "value": 0.3, "languages": None},
    {"id": "repeated-lines", "column": "dup_line_char_share", "op": ">", "value": 0.7, "languages": None},
    {
        "id": "repeated-paragraphs",
        "column": "dup_paragraph_char_share",
        "op": ">",
        "value": 0.5,
        "languages": None,
    },
    {"id": "repeated-words", "column": "dup_5gram_share", "op": ">", "value": 0.4, "languages": ["en"]},
    {
        "id": "repeated-text",
        "column": "dup_10gram_share",
        "op": ">",
        "value": 0.6,
        "languages": ["zh", "lzh", "ja"],
    },
    {"id": "lorem-ipsum", "column": "lorem_ipsum", "op": ">", "value": 0.5, "languages": None},
    {"id": "mojibake", "column": "mojibake_share", "op": ">", "value": 0.02, "languages": None},
    {"id": "control-characters", "column": "control_share", "op": ">", "value": 0.05, "languages": None},
    {"id": "rare-han", "column": "rare_han_share", "op": ">", "value": 0.3, "languages": ["zh", "lzh"]},
]


def main() -> None:
    """Measure, print, and write the figures where asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--eval-dir", required=True, type=Path)
    parser.add_argument("--rules", type=Path, help="JSON list of rules instead of the suggested ones")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--write", type=Path, help="put the tables between the markers of this Markdown file")
    options = parser.parse_args()
    rules = json.loads(options.rules.read_text(encoding="utf-8")) if options.rules else SUGGESTED
    try:
        figures = measure(options.eval_dir, rules)
    except HallmarkError as error:
        sys.exit(str(error))
    report = render(figures)
    print(report)
    if options.json:
        evalset.write_figures(options.json, figures)
    if options.write:
        between_markers(options.write, "rules", as_markdown())
        between_markers(options.write, "figures", report)


def measure(eval_dir: Path, rules: list[dict]) -> dict:
    """Return all figures as plain numbers."""
    settings = QualitySettings()
    docs("warm up", ["compile the kernels"]).pipe(annotate, settings)
    return {
        "detectors": [{k: d[k] for k in ("detector", "sha256")} for d in detectors(settings)],
        "languages": languages(eval_dir, settings),
        "classical": classical(eval_dir, settings),
        "kinds": kinds(eval_dir, settings, rules),
        "corpora": corpora(eval_dir, settings, rules),
        "rules": rules,
    }


def docs(name: str, texts: list[str]) -> pl.DataFrame:
    """Return texts as a table with the columns of DOCUMENTS that the stage reads."""
    digests = [hashlib.sha256(text.encode()).digest() for text in texts]
    ids = [hashlib.sha256(f"{name}\0{i}".encode()).digest() for i in range(len(texts))]
    columns = {"doc_id": ids, "status": STATUS_OK, "text": texts, "text_sha256": digests}
    return pl.DataFrame(columns, schema_overrides={"text": pl.String}).with_row_index("row")


def languages(eval_dir: Path, settings: QualitySettings) -> list[dict]:
    """Return recall and precision by language; Chinese once as `zh` and once by script."""
    parts = []
    for table in evalset.tables(eval_dir, "lid", {"text", "lang"}):
        found = annotate(docs(table.name, table.rows["text"].to_list()), settings)
        parts.append(pl.DataFrame({"lang": table.rows["lang"], "found": found["lang"]}))
    exact = pl.concat(parts)
    base = exact.with_columns(pl.all().str.replace("^(zh)-.*|^lzh$", "zh"))
    both = pl.concat([base, exact.filter(pl.col("lang").str.starts_with("zh-"))])
    return [
        {
            "lang": lang,
            "docs": (rows := (both if lang.startswith("zh-") else base).filter(lang=lang)).height,
            "recall": share(rows, pl.col("found") == lang),
            "precision": share(
                (exact if lang.startswith("zh-") else base).filter(found=lang), pl.col("lang") == lang
            ),
            "taken_for": sorted(set(rows["found"]) - {lang}),
        }
        for lang in sorted(set(both["lang"]))
    ]


def classical(eval_dir: Path, settings: QualitySettings) -> list[dict]:
    """Return how modern and classical versions of the same chapters are told apart."""
    lines = []
    for path in evalset.files(eval_dir, "corpora"):
        table = evalset.read(path)
        if table is not None and {"text", "classical"} <= set(table.columns):
            for field, wanted in (("text", "zh"), ("classical", "lzh")):
                lang = annotate(docs(field, table[field].drop_nulls().to_list()), settings)["lang"]
                right = (lang == "lzh") if wanted == "lzh" else lang.str.starts_with("zh")
                lines.append(
                    {"field": field, "wanted": wanted, "docs": len(lang), "recall": round(right.mean(), 4)}
                )
    return lines


def kinds(eval_dir: Path, settings: QualitySettings, rules: list[dict]) -> dict:
    """Return the share kept by kind, and for junk and prose (kind `code` apart)."""
    parts = []
    for table in evalset.tables(eval_dir, "quality", {"text", "keep", "kind"}):
        found = annotate(docs(table.name, table.rows["text"].to_list()), settings)
        parts.append(table.rows.select("keep", "kind").with_columns(failed=judge(found, rules)))
    rows = pl.concat(parts)
    kept = pl.col("failed").is_null()
    by_kind = rows.group_by("kind").agg(docs=pl.len(), kept=kept.mean().round(4)).sort("kind").to_dicts()
    for line in by_kind:
        failed = rows.filter(pl.col("kind") == line["kind"])["failed"].drop_nulls()
        line["rules"] = dict(failed.value_counts().sort("count", "failed", descending=True).rows())
    labelled = rows.filter(pl.col("kind") != "code")
    return {
        "by_kind": by_kind,
        "prose_kept": share(labelled.filter(pl.col("keep") == 1), kept),
        "junk_dropped": share(labelled.filter(pl.col("keep") == 0), ~kept),
    }


def corpora(eval_dir: Path, settings: QualitySettings, rules: list[dict]) -> list[dict]:
    """Return languages, share kept and speed on whole corpora; MB/s per core = bytes per CPU second."""
    lines = []
    for name, texts in evalset.corpora(eval_dir):
        table = docs(name, texts)
        began = time.process_time()
        found = annotate(table, settings)
        seconds = time.process_time() - began
        top = found["lang"].value_counts().sort("count", "lang", descending=[True, False]).head(3)
        size = sum(len(text.encode()) for text in texts) / 1e6
        lines.append(
            {
                "corpus": name,
                "docs": len(texts),
                "megabytes": round(size, 2),
                "languages": dict(top.rows()),
                "kept": round(judge(found, rules).is_null().mean(), 4),
                "megabytes_per_cpu_second": round(size / max(seconds, 1e-6), 1),
            }
        )
    return lines


def share(rows: pl.DataFrame, hit: pl.Expr) -> float | None:
    """Return the share of rows that hit, 4 decimals; None without rows."""
    return round(rows.select(hit.mean()).item(), 4) if rows.height else None


def render(figures: dict) -> str:
    """Return the figures as Markdown tables."""
    prose, junk = figures["kinds"]["prose_kept"], figures["kinds"]["junk_dropped"]
    return "\n\n".join(
        [
            f"Prose kept: {prose:.4f}. Junk dropped: {junk:.4f} (code apart).",
            table(figures["kinds"]["by_kind"], ("kind", "docs", "kept", "rules")),
            "Languages (recall below 1, and Chinese and English):",
            table(
                [r for r in figures["languages"] if r["recall"] < 1 or r["lang"][:2] in ("zh", "en")],
                ("lang", "docs", "recall", "precision", "taken_for"),
            ),
            "Languages with recall 1: "
            + ", ".join(row["lang"] for row in figures["languages"] if row["recall"] == 1),
            "Classical and modern versions of the same chapters:",
            table(figures["classical"], ("field", "wanted", "docs", "recall")),
            "Whole corpora:",
            table(
                figures["corpora"],
                ("corpus", "docs", "megabytes", "languages", "kept", "megabytes_per_cpu_second"),
            ),
        ]
    )


def table(rows: list[dict], columns: tuple[str, ...]) -> str:
    """Return rows as one Markdown table."""
    head = [f"| {' | '.join(columns)} |", f"|{' --- |' * len(columns)}"]
    return "\n".join(head + [f"| {' | '.join(cell(row[c]) for c in columns)} |" for row in rows])


def cell(value: object) -> str:
    """Return one table cell."""
    if isinstance(value, dict):
        return ", ".join(f"{k} {n}" for k, n in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def between_markers(path: Path, name: str, body: str) -> None:
    """Replace the text between `<!-- name -->` and `<!-- /name -->`."""
    first, last = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, rest = path.read_text(encoding="utf-8").split(first, 1)
    after = rest.split(last, 1)[1]
    path.write_text(f"{before}{first}\n{body}\n{last}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
