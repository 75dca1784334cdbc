"""`python -m benchmarks.screen_paraphrase --eval-dir DIR`: what document vectors find where the words are missing.

Texts that a shipped lexicon hits at any level are left out, so that what is left shares no term (or no rule) with one:
positives are then paraphrases, benign texts the false alarms. Beside the vectors stand fastText at the score from which
policies count it, both together, and fastText alone at a score lowered until it raises as many false alarms as both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import polars as pl
import typer

from benchmarks.screen import percent, replace_block
from pipelines.evaluate import screening
from pipelines.train.measure import interval
from stages.screen import ScreenSettings, scan

#: Per code: which classifier stands beside the vectors, and the score from which policies or its card count it.
BESIDE = {"harm": ("^harm-", 0.97), "hate": ("^hate-", 0.5), "discrimination": ("^discrimination-", 0.97)}
LANGUAGES = {"harm": ("en", "zh"), "hate": ("en",), "discrimination": ("zh",)}
MIN_TEXTS = 30
BLOCK = "paraphrase"


def main(
    eval_dir: Annotated[Path, typer.Option(help="Folder with labelled sets, laid out by sub-folder.")],
    markdown: Annotated[Path | None, typer.Option(help="Rewrite the figures of this document.")] = None,
    detector: Annotated[str, typer.Option(help="Detectors to compare (regular expression).")] = "^semantic-",
    embedding: Annotated[str, typer.Option(help="Folder of an embedding model, as screen.embedding.")] = "",
) -> None:
    """Measure the second opinion on texts that share no term with a lexicon."""
    scored = score(eval_dir, ScreenSettings(classifier_floor=0.0, embedding=embedding), detector)
    lines = table([row for code in BESIDE for lang in LANGUAGES[code] for row in compare(scored, code, lang)])
    typer.echo("\n".join(lines))
    if markdown:
        replace_block(markdown, lines, BLOCK)


def score(eval_dir: Path, settings: ScreenSettings, detector: str) -> pl.DataFrame:
    """Return every text without a lexicon's flag: set, language, codes, benign, and both scores of each code."""
    frames = []
    for labelled in screening.all_sets(eval_dir):
        if labelled.name.startswith("own/") and not labelled.name.startswith("own/seeds-"):
            continue
        rows = labelled.rows.with_row_index("no").with_columns(pl.lit(labelled.name).alias("set"))
        hits = scan(rows["text"], settings)
        named = hits.filter(pl.col("detector").str.starts_with("lexicon-"))
        rows = rows.with_columns(pl.col("no").is_in(named["text"].unique().to_list()).alias("named"))
        for code, (beside, _) in BESIDE.items():
            for column, pattern in ((f"{code} words", beside), (f"{code} vectors", detector)):
                rows = rows.with_columns(_best(hits, pattern, code, rows.height).alias(column))
        frames.append(rows.drop("text", "no"))
    return pl.concat(frames)


def _best(hits: pl.DataFrame, pattern: str, code: str, n: int) -> pl.Series:
    own = hits.filter(pl.col("detector").str.contains(pattern), pl.col("code") == code)
    best = own.group_by("text").agg(pl.col("score").max())
    values = np.zeros(n)
    values[best["text"].to_numpy()] = best["score"].to_numpy()
    return pl.Series(values)


def compare(scored: pl.DataFrame, code: str, language: str) -> list[dict[str, Any]]:
    """Return a row per set: share flagged by words, by vectors, by either, and by words at equal false alarms."""
    least = BESIDE[code][1]
    own = scored.filter(pl.col("language") == language)
    quiet = own.filter("benign", ~pl.col("named"))
    both = (quiet[f"{code} words"] >= least) | (quiet[f"{code} vectors"] >= 0.5)
    ranked = np.sort(quiet[f"{code} words"].to_numpy())[::-1]
    even = float(np.nextafter(ranked[int(both.sum())], 2.0)) if int(both.sum()) < len(ranked) else 0.0
    rows = []
    for (name, benign), part in sorted(own.group_by("set", "benign")):
        part = part if benign else part.filter(pl.col("codes").list.contains(code))
        left = part.filter(~pl.col("named"))
        if left.height < MIN_TEXTS:
            continue
        words, vectors = (left[f"{code} words"] >= least).sum(), (left[f"{code} vectors"] >= 0.5).sum()
        either = ((left[f"{code} words"] >= least) | (left[f"{code} vectors"] >= 0.5)).sum()
        level = (left[f"{code} words"] >= even).sum()
        shares = [interval(int(k), left.height) for k in (words, vectors, either, level)]
        rows.append({"code": code, "language": language, "set": name, "label": int(not benign), "n": part.height,
                     "left": left.height, "shares": shares, "even": round(even, 3)})  # fmt: skip
    return rows


def table(rows: list[dict[str, Any]]) -> list[str]:
    """Return the figures as Markdown lines."""
    head = ["code", "language", "set", "label", "n", "no lexicon hit", "fastText", "vectors", "either",
            "fastText at as many false alarms"]  # fmt: skip
    lines = [
        "Share flagged of the texts without a lexicon's hit, % [95 % interval]; label 1: recall, 0: false alarms."
    ]
    lines += ["", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        cells = [row[key] for key in ("code", "language", "set", "label", "n", "left")]
        shares = [percent(share) for share in row["shares"]]
        shares[-1] += f" (from {row['even']:.2f})"
        lines.append("| " + " | ".join(map(str, [*cells, *shares])) + " |")
    return lines


if __name__ == "__main__":
    typer.run(main)
