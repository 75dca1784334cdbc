"""`hallmark review check`: what people found right of what a detector flagged, and found in what it passed over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from lineage import canonical
from lineage.errors import HallmarkError
from pipelines.project import Project, read_json
from pipelines.review_desk.draws import draw_table, sample_id
from pipelines.review_desk.signing import load_trust, signed_lines
from stages import screen as screening
from stages.decide.reviews import ITEM, MEASURING, read_reviews
from stages.publish.audit import outcomes, readers_of, share_interval, upper_bound

SCHEMA = "urn:hallmark:detector-check:1"
_CELL = ("detector", "language", "stratum")
_ALPHA = 0.025 / 3  # three shares meet in one recall: together they err at most 2.5 % to either side


def check_facts(project: Project) -> dict[str, Any]:
    """Return {schema, sample, seed, score, readers, detectors[]}: one entry per detector and language, in order.

    An entry: detector, sha256, codes, language, strata {flagged, near, unflagged: docs, drawn, read, right, open},
    precision and recall as [share, low, high] or null. Right is a removal for a code that the detector can find.
    """
    path, folder = project.data / "sample" / "checks.json", project.root / "reviews"
    if not path.is_file():
        raise HallmarkError("no check sets are drawn yet", where=str(path), cure="run `dvc repro`")
    cells, settings = read_json(path), project.params.sample
    table = draw_table(project, MEASURING)
    lines = read_reviews(folder).filter(pl.col("draw") == MEASURING)
    once = table.unique(ITEM, maintain_order=True)
    running = {d["detector"]: d for d in screening.detectors(project.params.screen) if d["detector"]}
    read = _read(table, outcomes(once, lines), running)
    grouped: dict[tuple[str, str], dict[str, Any]] = {}
    for cell in cells:
        counts = read.get(tuple(cell[n] for n in _CELL), {"read": 0, "right": 0, "open": 0})
        own = grouped.setdefault((cell["detector"], cell["language"]), {})
        own[cell["stratum"]] = {"docs": cell["docs"], "drawn": cell["drawn"]} | counts
    return {
        "schema": SCHEMA,
        "sample": sample_id(project, MEASURING),
        "seed": settings.seed,
        "score": settings.detector_score,
        "readers": readers_of(once, lines, signed_lines(folder, load_trust(project.root))),
        "detectors": [
            _entry(running[d], language, s) for (d, language), s in grouped.items() if d in running
        ],
    }


def _read(
    table: pl.DataFrame, judged: pl.DataFrame, running: Mapping[str, Any]
) -> dict[tuple, dict[str, int]]:
    """Return {read, right, open} by (detector, language, stratum)."""
    codes = {name: list(d["codes"]) for name, d in running.items()}
    cell = pl.col("stratum").str.split_exact(" ", 2).struct.rename_fields(list(_CELL)).alias("cell")
    rows = table.select(*ITEM, cell).unnest("cell").join(judged, on=ITEM, how="left")
    own = pl.col("detector").replace_strict(codes, default=[], return_dtype=pl.List(pl.String))
    right = (pl.col("outcome") == "remove") & own.list.contains(pl.col("code")).fill_null(False)
    counts = rows.group_by(_CELL).agg(
        read=pl.col("outcome").is_in(["pass", "remove"]).sum(),
        right=right.sum(),
        open=(pl.col("outcome") == "open").sum(),
    )
    return {
        tuple(r[n] for n in _CELL): {n: r[n] for n in ("read", "right", "open")} for r in counts.to_dicts()
    }


def _entry(detector: Mapping[str, Any], language: str, strata: Mapping[str, Any]) -> dict[str, Any]:
    flagged = strata.get("flagged", {"read": 0})
    precision = None
    if flagged["read"]:
        low, high = share_interval(flagged["right"], flagged["read"])
        precision = [round(flagged["right"] / flagged["read"], 4), low, high]
    named = {"detector": detector["detector"], "sha256": detector["sha256"], "codes": detector["codes"]}
    told = {"language": language, "strata": dict(strata), "precision": precision}
    return named | told | {"recall": recall(strata)}


def recall(strata: Mapping[str, Mapping[str, int]]) -> list[float] | None:
    """Return the detector's estimated recall [share, low, high], 4 decimals; None while a stratum is unread.

    Right documents flagged, of all right ones: each stratum's share right times its documents. The bounds take the
    ends of the strata's exact intervals at once, so that they hold with at least 95 %; a stratum read whole has none.
    None too where no right document was found at all.
    """
    filled = {name: s for name, s in strata.items() if s["docs"]}
    if any(not s["read"] for s in filled.values()):
        return None
    bounds = {name: (s["docs"], *_bounds(s)) for name, s in filled.items()}
    caught = bounds.pop("flagged", (0, 0.0, 0.0, 0.0))
    missed = [sum(b[0] * b[i] for b in bounds.values()) for i in (1, 2, 3)]
    if not (caught[1] or missed[0]):
        return None
    ends = ((caught[1], missed[0]), (caught[2], missed[2]), (caught[3], missed[1]))
    return [_share(caught[0] * p, m) for p, m in ends]


def _bounds(stratum: Mapping[str, int]) -> tuple[float, float, float]:
    """Return the share right in a stratum with its exact bounds (Clopper and Pearson)."""
    n, k = stratum["read"], stratum["right"]
    if n == stratum["docs"]:
        return k / n, k / n, k / n
    return k / n, 1 - upper_bound(n - k, n, _ALPHA), upper_bound(k, n, _ALPHA)


def _share(part: float, rest: float) -> float:
    return round(part / (part + rest), 4) if part + rest else 0.0


def check_lines(found: Mapping[str, Any]) -> list[str]:
    """Return the facts as lines for people; a detector of whose set nothing was read is counted, not listed."""
    readers = found["readers"]
    out = [
        f"detector check: draw {found['sample']}, {readers['readings']} readings by {readers['people']} people, "
        f"{readers['signed']} signed, {readers['qualified']} by people qualified on the day"
    ]
    started = [e for e in found["detectors"] if any(s["read"] for s in e["strata"].values())]
    for entry in started:
        out.append(f"{entry['detector']} {entry['language']}")
        for name, s in entry["strata"].items():
            left = f", {s['open']} open" if s["open"] else ""
            out.append(
                f"  {name:<10}{s['docs']} documents, {s['read']} of {s['drawn']} read, {s['right']} right{left}"
            )
        out.append(
            f"  precision {_interval(entry['precision'])}; recall, estimated {_interval(entry['recall'])}"
        )
    rest = len(found["detectors"]) - len(started)
    if rest:
        out.append(f"{rest} more sets, nothing read yet: `hallmark review serve --draw detector`")
    return out


def document(found: Mapping[str, Any]) -> bytes:
    """Return the facts in one byte form, to file as evidence; no document is named in them."""
    return canonical.dumps(dict(found)) + b"\n"


def _interval(value: list[float] | None) -> str:
    return "not measured" if value is None else f"{value[0]:.2%} (95 % {value[1]:.2%} to {value[2]:.2%})"
