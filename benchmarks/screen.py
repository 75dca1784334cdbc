"""`python -m benchmarks.screen --eval-dir DIR [--json FILE]`: how good and how fast the screen is.

Labelled rows are found by sub-folder (`prohibited`, `cbrn`) and row format (JSON lines with `text` and `label`),
corpora for speed in `corpora`; never by name. Prints, per set and subset, the share of texts flagged by each group
of detectors with 95 % intervals: recall where the label is 1, false-positive rate where it is 0.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer
import zstandard

from pipelines.train.measure import auc, interval
from stages.screen import ScreenSettings, annotate, fold, scan
from stages.screen.screen import engine

#: Detector groups: codes (or a code prefix with *), whether classifiers count, threshold, levels.
GROUPS: dict[str, dict[str, Any]] = {
    "lexicon": {"detector": "^lexicon-", "threshold": 0.5},
    "discrimination": {"detector": "^discrimination-", "code": "discrimination", "threshold": 0.5},
    "discrimination@.9": {"detector": "^discrimination-", "code": "discrimination", "threshold": 0.9},
    "discrimination@.97": {"detector": "^discrimination-", "code": "discrimination", "threshold": 0.97},
    "hate": {"detector": "^hate-", "code": "hate", "threshold": 0.5},
    "harm": {"detector": "^harm-", "code": "harm", "threshold": 0.5},
    "second opinion": {"detector": "^semantic-", "code": "harm|hate|discrimination", "threshold": 0.5},
    "harm@.97": {"detector": "^harm-", "code": "harm", "threshold": 0.97},
    "cbrn names": {"detector": "^cbrn-[^t]", "level": None, "threshold": 0.0},
    "cbrn topic": {"detector": "^cbrn-topic-", "code": "cbrn", "threshold": 0.5},
    "cbrn context": {"detector": "^cbrn-", "level": "context|restricted", "threshold": 0.0},
    "poison, secrecy": {"detector": "^(poison|secrecy)-", "threshold": 0.5},
}
WHOLE = (
    "lexicon",
    "discrimination@.9",
    "discrimination@.97",
    "hate",
    "harm@.97",
    "second opinion",
    "cbrn topic",
    "cbrn context",
    "poison, secrecy",
)
#: Rows a shipped classifier was trained on are left out: only the split held back by its card is measured.
HELD_BACK = {"cold-": lambda id_: id_.startswith("cold-dev"), "dav-": lambda id_: _byte(id_) < 51}
MIN_SUBSET = 20


def main(
    eval_dir: Annotated[Path, typer.Option(help="Folder with labelled sets, laid out by sub-folder.")],
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the figures here; without a name (or -): print them.")
    ] = None,
    markdown: Annotated[Path | None, typer.Option(help="Rewrite the figures of this document.")] = None,
) -> None:
    """Measure recall, false positives and speed of the screen on a folder of labelled sets."""
    settings = ScreenSettings(classifier_floor=0.0)
    rows = [row for path in labelled(eval_dir) for row in measure(path, eval_dir, settings)]
    speed = [throughput(path, eval_dir) for path in corpora(eval_dir)]
    lines = table(rows, speed)
    figures = json.dumps({"sets": rows, "speed": speed}, indent=1, ensure_ascii=False)
    typer.echo(figures if json_file == Path("-") else "\n".join(lines))
    if json_file and json_file != Path("-"):
        json_file.write_text(figures + "\n", encoding="utf-8")
    if markdown:
        replace_block(markdown, lines)


def labelled(folder: Path) -> list[Path]:
    """Return the JSON-lines files of the labelled sub-folders, sorted."""
    names = [path for sub in ("prohibited", "cbrn") for path in sorted((folder / sub).glob("*.jsonl*"))]
    if not names:
        raise typer.BadParameter(f"no prohibited/*.jsonl* or cbrn/*.jsonl* below {folder}")
    return names


def corpora(folder: Path) -> list[Path]:
    """Return single-file corpora in a format with a `text` field, and folders of text files."""
    found = sorted((folder / "corpora").glob("*"))
    return [
        path for path in found if path.is_dir() or path.name.endswith((".parquet", ".jsonl.gz", ".jsonl.zst"))
    ]


def measure(path: Path, root: Path, settings: ScreenSettings) -> list[dict[str, Any]]:
    """Return one row of figures per label and subset of a set, and F1 and AUC where both labels occur."""
    frame = read(path)
    if not {"text", "label"} <= set(frame.columns):
        return []
    frame = held_back(frame).with_row_index("text_no")
    found = scan(frame["text"], settings)
    name = path.relative_to(root).as_posix().split(".")[0]
    frame = frame.with_columns(subset(frame).alias("part"))
    result = []
    for (label, part), rows in sorted(frame.group_by("label", "part")):
        if rows.height >= MIN_SUBSET or part == "all":
            wanted = set(rows["text_no"].to_list())
            shares = {group: share(found, wanted, rule) for group, rule in GROUPS.items()}
            result.append({"set": name, "label": label, "subset": part, "n": rows.height, "flagged": shares})
    return result + scores(name, frame, found)


def scores(name: str, frame: pl.DataFrame, found: pl.DataFrame) -> list[dict[str, Any]]:
    """Return precision, recall, F1 and AUC of the classifiers on a set with both labels."""
    if frame["label"].n_unique() < 2:
        return []
    result = []
    for group in ("discrimination", "hate", "harm"):
        own = found.filter(
            pl.col("detector").str.contains(GROUPS[group]["detector"])
            & (pl.col("code") == GROUPS[group]["code"])
        )
        if own.is_empty():
            continue
        values = np.zeros(frame.height)
        values[own["text"].to_numpy()] = own["score"].to_numpy()
        truth = hateful(frame) if group == "hate" else (frame["label"] == 1).to_numpy()
        flagged = values >= GROUPS[group]["threshold"]
        hit = int((flagged & truth).sum())
        recall, precision = interval(hit, int(truth.sum())), interval(hit, int(flagged.sum()))
        f1 = 2 * recall[0] * precision[0] / (recall[0] + precision[0]) if hit else 0.0
        figures = {"recall": recall, "precision": precision, "f1": round(f1, 4), "auc": auc(values, truth)}
        result.append(
            {"set": name, "group": group, "positives": int(truth.sum()), "n": frame.height, **figures}
        )
    return result


def hateful(frame: pl.DataFrame) -> np.ndarray:
    """Return the truth for hate: the native label where the set tells hate from profanity, else the label."""
    native = frame["native"].to_list() if "native" in frame.columns else []
    return np.array([v == "hate" for v in native]) if "hate" in native else (frame["label"] == 1).to_numpy()


def share(found: pl.DataFrame, wanted: set[int], rule: dict[str, Any]) -> list[float]:
    """Return [share, low, high] of the wanted texts that a detector group flags."""
    rows = found.filter(
        pl.col("detector").str.contains(rule["detector"]) & (pl.col("score") >= rule["threshold"])
    )
    level = rule.get("level", "flag|context|restricted|marking")
    if level:
        rows = rows.filter(pl.col("level").str.contains(f"^({level})$"))
    if "code" in rule:
        rows = rows.filter(pl.col("code").str.contains(f"^({rule['code']})$"))
    return interval(len(wanted & set(rows["text"].unique().to_list())), len(wanted))


def subset(frame: pl.DataFrame) -> pl.Expr:
    """Return the column that tells subsets apart: `subset`, or `domain`/`form`, else one subset."""
    if "subset" in frame.columns:
        return pl.col("subset")
    if "domain" in frame.columns and "form" in frame.columns:
        return pl.col("domain") + "/" + pl.col("form")
    return pl.lit("all")


def held_back(frame: pl.DataFrame) -> pl.DataFrame:
    """Return the rows that no shipped classifier was trained on."""
    if "id" not in frame.columns:
        return frame

    def kept(id_: str) -> bool:
        return all(rule(id_) for prefix, rule in HELD_BACK.items() if id_.startswith(prefix))

    return frame.filter(pl.Series([kept(str(id_)) for id_ in frame["id"]], dtype=pl.Boolean))


def throughput(path: Path, root: Path) -> dict[str, Any]:
    """Return MB of UTF-8 per second of one core for the whole stage on one corpus (processor time)."""
    texts = read(path)["text"].drop_nulls()
    docs = pl.DataFrame({"row": range(len(texts)), "text": texts}).with_columns(
        pl.col("row").cast(pl.UInt32),
        pl.Series("text_sha256", [hashlib.sha256(t.encode()).digest() for t in texts]),
    )
    docs = docs.with_columns(pl.col("text_sha256").alias("doc_id"))
    settings = ScreenSettings()
    annotate(docs.head(5), settings)
    names = lexicon_speed(texts, settings)
    began = time.process_time()
    hits = annotate(docs, settings)
    seconds = time.process_time() - began
    size = int(docs.unique("text_sha256")["text"].str.len_bytes().sum())
    found = hits.select(pl.col("row").alias("text"), "hits").explode("hits").drop_nulls().unnest("hits")
    whole = {group: share(found, set(range(len(texts))), GROUPS[group]) for group in WHOLE}
    name = path.relative_to(root).as_posix()
    return {
        "corpus": name,
        "docs": len(texts),
        "mb": round(size / 1e6, 2),
        "mb_s": round(size / 1e6 / seconds, 1),
        "lexicon_mb_s": names,
        "flagged": whole,
    }


def lexicon_speed(texts: pl.Series, settings: ScreenSettings) -> float:
    """Return MB of UTF-8 per second of one core for folding, matching and all rules (processor time)."""
    data, offsets = fold.utf8_parts(texts.to_arrow())
    matcher = engine(settings).matcher
    began = time.process_time()
    folded, ends = fold.fold(data, offsets)
    matcher.findings(matcher.match(folded, ends))
    return round(int(texts.str.len_bytes().sum()) / 1e6 / (time.process_time() - began), 1)


def table(rows: list[dict[str, Any]], speed: list[dict[str, Any]]) -> list[str]:
    """Return the figures as Markdown lines."""
    groups = list(GROUPS)
    lines = ["Share of texts flagged, % [95 % interval]; label 1: recall, label 0: false-positive rate.", ""]
    lines += ["| set | label | subset | n | " + " | ".join(groups) + " |", "|---" * (4 + len(groups)) + "|"]
    for row in (r for r in rows if "flagged" in r):
        cells = " | ".join(percent(row["flagged"][group]) for group in groups)
        lines.append(f"| {row['set']} | {row['label']} | {row['subset']} | {row['n']} | {cells} |")
    lines += [
        "",
        "| set | classifier (at 0.5) | positives | n | recall | precision | F1 | AUC |",
        "|---" * 8 + "|",
    ]
    for row in (r for r in rows if "group" in r):
        lines.append(
            f"| {row['set']} | {row['group']} | {row['positives']} | {row['n']} | {percent(row['recall'])} | "
            f"{percent(row['precision'])} | {row['f1']:.3f} | {row['auc']:.3f} |"
        )
    lines += [
        "",
        "Whole documents of benign corpora, share flagged, and speed of the whole stage on one core.",
        "",
    ]
    lines += [
        "| corpus | docs | MB | MB/s per core | lexicons alone, MB/s | " + " | ".join(WHOLE) + " |",
        "|---" * (5 + len(WHOLE)) + "|",
    ]
    for row in speed:
        cells = " | ".join(percent(row["flagged"][group]) for group in WHOLE)
        lines.append(
            f"| {row['corpus']} | {row['docs']} | {row['mb']} | {row['mb_s']} | {row['lexicon_mb_s']} | {cells} |"
        )
    return lines


def percent(values: list[float]) -> str:
    """Return a share and its interval in percent."""
    return f"{values[0] * 100:.1f} [{values[1] * 100:.1f}, {values[2] * 100:.1f}]"


def replace_block(path: Path, lines: list[str], name: str = "figures") -> None:
    """Replace what stands between the figure marks of a Markdown document."""
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    text = path.read_text(encoding="utf-8")
    if begin not in text or end not in text:
        raise typer.BadParameter(f"{path} has no {begin} ... {end}")
    head, tail = text.split(begin)[0], text.split(end)[1]
    path.write_text(head + "\n".join([begin, *lines, end]) + tail, encoding="utf-8")


def read(path: Path) -> pl.DataFrame:
    """Return a JSON-lines (plain, gz, zst) or Parquet file, or a folder of text files, as a table."""
    if path.is_dir():
        files = [p for p in sorted(path.rglob("*")) if p.suffix in (".txt", ".md")]
        return pl.DataFrame({"text": [p.read_text(encoding="utf-8", errors="replace") for p in files]})
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    raw = path.read_bytes()
    if path.suffix == ".zst":
        raw = zstandard.ZstdDecompressor().stream_reader(io.BytesIO(raw)).read()
    elif path.suffix == ".gz":
        raw = gzip.decompress(raw)
    return pl.read_ndjson(io.BytesIO(raw), infer_schema_length=None)


def _byte(value: str) -> int:
    return hashlib.sha256(value.encode()).digest()[0]


def arguments(given: list[str]) -> list[str]:
    """Return the arguments with `-` after a `--json` that names no file."""
    result = []
    for k, word in enumerate(given):
        result.append(word)
        if word == "--json" and (k + 1 == len(given) or given[k + 1].startswith("--")):
            result.append("-")
    return result


if __name__ == "__main__":
    sys.argv[1:] = arguments(sys.argv[1:])
    typer.run(main)
