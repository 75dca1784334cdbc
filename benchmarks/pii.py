"""Measure the detectors of stage `pii` on labelled sets and clean corpora, beside plain Presidio; prints figures only.

Usage: python -m benchmarks.pii --eval-dir DIR [--json FILE] [--doc FILE] [--docs N]

DIR is laid out by sub-folder: files below `pii` are told apart by their rows (`spans`, `expect`, `expected_count`,
`value`), those below `corpora` are clean text. No row is ever printed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import math
import re
import time
from collections import Counter, defaultdict
from pathlib import Path

from benchmarks import evalset
from stages.pii import PiiSettings, engine, plain, scan

#: Labels of the sets and the types that answer to them.
LABELS = {
    "phone": ("CN_MOBILE", "CN_LANDLINE", "PHONE_NUMBER"),
    "id_number": ("CN_RESIDENT_ID", "CN_RESIDENT_ID_15", "CN_RESIDENCE_PERMIT", "CN_FOREIGN_RESIDENT"),
    "bank_card": ("CN_BANK_CARD", "CREDIT_CARD"),
    "credit_card": ("CN_BANK_CARD", "CREDIT_CARD"),
    "license_plate": ("CN_PLATE",),
    "passport": ("CN_PASSPORT", "US_PASSPORT"),
    "us_passport": ("US_PASSPORT",),
    "address": ("CN_ADDRESS",),
    "email": ("EMAIL_ADDRESS",),
    "ssn": ("US_SSN",),
    "itin": ("US_ITIN",),
    "iban": ("IBAN_CODE",),
    "ip": ("IP_ADDRESS",),
    "mac": ("MAC_ADDRESS",),
    "credit_code": ("CN_USCC",),
    "military_id": ("CN_OFFICER_CARD",),
    "qq": ("CN_QQ",),
    "wechat": ("CN_WECHAT",),
    "social_security": ("CN_SOCIAL_SECURITY", "CN_RESIDENT_ID"),
    "date_of_birth": ("BIRTH_DATE",),
    "person": ("PERSON",),
    "url": ("URL",),
    "date": ("DATE_TIME",),
    "crypto": ("CRYPTO",),
    "nhs": ("UK_NHS",),
    "us_bank": ("US_BANK_NUMBER",),
    "us_driver_license": ("US_DRIVER_LICENSE",),
    "github_token": ("API_KEY",),
    "tw_id": ("TW_ID",),
    "hk_id": ("HK_ID",),
    "mo_id": ("MO_ID",),
    "imei": ("IMEI",),
}
SAME = {
    "phone_number": "phone", "email_address": "email", "iban_code": "iban", "ip_address": "ip", "mac_address": "mac",
    "name": "person",
    "domain_name": "url", "us_ssn": "ssn", "us_itin": "itin", "uk_nhs": "nhs", "cn_mobile": "phone",
    "cn_landline": "phone",
    "cn_id": "id_number", "cn_uscc": "credit_code", "cn_plate": "license_plate", "cn_passport": "passport",
    "date_time": "date", "person_zh": "person", "person_en": "person",
}  # fmt: skip
ALL = PiiSettings(off=())
SSN = re.compile(r"[0-9]{3}-[0-9]{2}-[0-9]{4}")
MARKS = ("<!-- figures -->", "<!-- end of figures -->")


def label(name: str) -> str:
    """Return the common name of a set's label."""
    return SAME.get(name.lower(), name.lower())


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson score)."""
    if not n:
        return 0.0, 1.0
    z, p = 1.959964, hits / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return round(max(0.0, middle - half) / (1 + z * z / n), 4), round((middle + half) / (1 + z * z / n), 4)


def share(hits: int, n: int) -> dict:
    """Return a share with its interval and size."""
    return {"value": round(hits / n, 4) if n else None, "interval": wilson(hits, n), "n": n}


def read_rows(path: Path) -> list[dict]:
    """Read a labelled file; none where its name says no table format."""
    rows = evalset.read(path)
    return [] if rows is None else rows.to_dicts()


def span_scores(rows: list[dict], found: list[list[tuple[str, int, int]]]) -> dict:
    """Score findings against rows in which everything is marked: exact and overlapping, per label."""
    tally: dict[str, Counter] = defaultdict(Counter)
    names = {label(s["type"]) for row in rows for s in row["spans"]}
    for row, hits in zip(rows, found, strict=True):
        gold: dict[str, list] = defaultdict(list)
        for span in row["spans"]:
            gold[label(span["type"])].append((span["start"], span["end"]))
        for name in set(gold) | names:
            mine = [(a, b) for kind, a, b in hits if kind in LABELS.get(name, ())]
            count = tally[name]
            count["gold"] += len(gold[name])
            count["found"] += len(mine)
            count["exact"] += len(set(mine) & set(gold[name]))
            count["gold_hit"] += sum(any(a < d and c < b for a, b in mine) for c, d in gold[name])
            count["found_hit"] += sum(any(a < d and c < b for c, d in gold[name]) for a, b in mine)
    return {name: _scores(c) for name, c in sorted(tally.items()) if name in LABELS}


def _scores(c: Counter) -> dict:
    """Turn counts into precision, recall and F2, exact and overlapping."""
    out: dict = {"labelled": c["gold"], "found": c["found"]}
    for how, right, hit in (("exact", c["exact"], c["exact"]), ("overlap", c["found_hit"], c["gold_hit"])):
        p, r = share(right, c["found"]), share(hit, c["gold"])
        pv, rv = p["value"] or 0.0, r["value"] or 0.0
        out[how] = {
            "precision": p,
            "recall": r,
            "f2": round(5 * pv * rv / (4 * pv + rv), 4) if pv + rv else 0.0,
        }
    return out


def expect_scores(rows: list[dict], found: list[list[tuple[str, int, int]]]) -> dict:
    """Score rows that say whether anything of their type is to be found; false alarms are hits of any type."""
    good, bad, own = defaultdict(Counter), Counter(), Counter()
    wrong = Counter()
    for row, hits in zip(rows, found, strict=True):
        if not row["expect"]:
            bad["n"] += 1
            bad["alarm"] += bool(hits)
            if (name := label(str(row["type"]))) in LABELS:
                own["n"] += 1
                own["alarm"] += any(kind in LABELS[name] for kind, _, _ in hits)
            continue
        for span in row["spans"] or []:
            name = label(span["type"])
            if name in LABELS and not possible(name, str(row["text"])[span["start"] : span["end"]]):
                wrong[name] += 1
            elif name in LABELS:
                name = f"{tongue(row)}: {name}"
                good[name]["n"] += 1
                mine = [(a, b) for kind, a, b in hits if kind in LABELS[label(span["type"])]]
                good[name]["hit"] += any(a < span["end"] and span["start"] < b for a, b in mine)
    return {
        "recall": {name: share(c["hit"], c["n"]) for name, c in sorted(good.items())},
        "false_alarms": share(bad["alarm"], bad["n"]),
        "false_alarms_of_own_type": share(own["alarm"], own["n"]),
        "labels_that_cannot_be": dict(sorted(wrong.items())),
    }


def tongue(row: dict) -> str:
    """Return the language of a row's value: zh, en, or other for texts of other or several languages."""
    given = str(row.get("lang", ""))
    return given if given in ("zh", "en") else "other"


def possible(name: str, value: str) -> bool:
    """Answer whether a labelled value can be of its type: an address has an @ or its word, a number seven digits.

    Some rows of a set mark the place of another value than they name; such a label measures nothing.
    """
    if name == "email":
        return "@" in value or "艾特" in value or " at " in value or "[at]" in value
    return name != "phone" or (
        "@" not in value and not SSN.fullmatch(value) and sum(map(str.isdigit, value)) >= 7
    )


def count_scores(rows: list[dict], found: list[list[tuple[str, int, int]]]) -> dict:
    """Score rows with an expected number of findings of a type: the share of rows with just that number."""
    tally = defaultdict(Counter)
    for row, hits in zip(rows, found, strict=True):
        name = label(row["type"])
        if name in LABELS:
            tally[name]["n"] += 1
            tally[name]["hit"] += sum(kind in LABELS[name] for kind, _, _ in hits) == row["expected_count"]
    return {name: share(c["hit"], c["n"]) for name, c in sorted(tally.items())}


def value_scores(rows: list[dict], found: list[list[tuple[str, int, int]]]) -> dict:
    """Score single values without any context: found as a whole where valid, not found where not."""
    tally = defaultdict(Counter)
    for row, hits in zip(rows, found, strict=True):
        name = label(row["type"])
        if name in LABELS:
            tally[name]["n"] += 1
            tally[name]["hit"] += any(kind in LABELS[name] for kind, _, _ in hits) == row["valid"]
    return {name: share(c["hit"], c["n"]) for name, c in sorted(tally.items())}


def ours(texts: list[str], settings: PiiSettings) -> list[list[tuple[str, int, int]]]:
    """Return our resolved findings per text."""
    out: list[list[tuple[str, int, int]]] = [[] for _ in texts]
    for f in scan(texts, settings):
        out[f.doc].append((f.type, f.start, f.end))
    return out


def theirs(texts: list[str]) -> list[list[tuple[str, int, int]]]:
    """Return the findings of Presidio as it comes (language en, pattern recognizers, our default threshold)."""
    stock = plain.stock()
    return [
        [(r.entity_type, r.start, r.end) for r in stock.analyze(t, "en", score_threshold=0.4)] for t in texts
    ]


def judge(rows: list[dict]):
    """Return the name of the row format, the texts, and the function that scores them; None for another format."""
    first = rows[0]
    if "expected_count" in first:
        return "counts", rows, "text", count_scores
    if "value" in first and "valid" in first:
        return "values", rows, "value", value_scores
    if "expect" in first:
        return "expect", rows, "text", expect_scores
    if "spans" in first:
        return "spans", [r for r in rows if r.get("complete", True)], "text", span_scores
    return None


def labelled(eval_dir: Path) -> dict:
    """Measure every labelled set below `pii`."""
    out = {}
    for path in evalset.files(eval_dir, "pii"):
        rows = read_rows(path)
        if not rows or (known := judge(rows)) is None:
            continue
        kind, rows, field, score = known
        texts = [str(r[field]) for r in rows]
        out[path.name] = {
            "format": kind,
            "rows": len(rows),
            "hallmark": score(rows, ours(texts, ALL)),
            "presidio": score(rows, theirs(texts)),
        }
    return out


def clean(eval_dir: Path, limit: int) -> dict:
    """Measure findings per MB and speed on clean corpora, beside the same recognizers without the gate."""
    default = PiiSettings()
    out = {}
    for name, texts in evalset.corpora(eval_dir):
        engine.find(texts[:5], default)
        size, fast, found = timed(texts, lambda t: scan(t, default))
        some = texts[:: max(1, len(texts) // limit)][:limit]
        _, slow, reference = timed(some, lambda t: [plain.find(x, default) for x in t])
        _, stock, _ = timed(some, theirs)
        differ = sum(a != b for a, b in zip(reference, engine.find(some, default)[0], strict=True))
        out[name] = {
            "docs": len(texts),
            "mb": round(size, 2),
            "found": dict(sorted(Counter(f.type for f in found).items())),
            "found_per_mb": round(len(found) / size, 2),
            "mb_per_s": round(fast, 2),
            "ungated_mb_per_s": round(slow, 3),
            "presidio_mb_per_s": round(stock, 3),
            "compared_docs": len(some),
            "docs_that_differ": differ,
        }
    return out


def timed(texts: list[str], work) -> tuple[float, float, list]:
    """Return megabytes of UTF-8, megabytes per second of `work(texts)`, and its result."""
    size = sum(len(t.encode("utf-8", "surrogatepass")) for t in texts) / 1e6
    begin = time.perf_counter()
    result = work(texts)
    return size, size / (time.perf_counter() - begin), result


def show(figures: dict) -> None:
    """Print the figures as Markdown tables."""
    for name, item in figures["labelled"].items():
        print(f"\n### {name} ({item['format']}, {item['rows']} rows)\n")
        for who in ("hallmark", "presidio"):
            if who in item:
                _show_one(item["format"], who, item[who])
    print("\n### Clean corpora\n")
    print(
        "| corpus | MB | findings per MB | MB/s | ungated | ratio | Presidio as it comes | ratio | differ |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, c in figures["clean"].items():
        slow, stock = c["ungated_mb_per_s"], c["presidio_mb_per_s"]
        print(
            f"| {name} | {c['mb']} | {c['found_per_mb']} | {c['mb_per_s']} | {slow} | {c['mb_per_s'] / slow:.1f} "
            f"| {stock} | {c['mb_per_s'] / stock:.1f} | {c['docs_that_differ']} of {c['compared_docs']} |"
        )


def _show_one(kind: str, who: str, scores: dict) -> None:
    """Print one set's scores for one detector."""
    if kind == "spans":
        print(f"| {who} | labelled | found | exact P | exact R | overlap P | overlap R (95 %) | F2 |")
        print("|---|---|---|---|---|---|---|---|")
        for name, s in scores.items():
            e, o = s["exact"], s["overlap"]
            print(
                f"| {name} | {s['labelled']} | {s['found']} | {e['precision']['value']} | {e['recall']['value']} "
                f"| {o['precision']['value']} | {o['recall']['value']} {list(o['recall']['interval'])} | {o['f2']} |"
            )
        return
    flat = (
        scores
        if kind != "expect"
        else {**scores["recall"], **{k: scores[k] for k in ("false_alarms", "false_alarms_of_own_type")}}
    )
    print(f"| {who} | share | 95 % | n |\n|---|---|---|---|")
    for name, s in flat.items():
        print(f"| {name} | {s['value']} | {list(s['interval'])} | {s['n']} |")
    if kind == "expect" and scores["labels_that_cannot_be"]:
        left = ", ".join(f"{n} {name}" for name, n in scores["labels_that_cannot_be"].items())
        print(f"\nNot counted, because the marked place cannot hold the named type: {left}.\n")


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--eval-dir", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument(
        "--doc", type=Path, help="Markdown file whose part between the figure marks is replaced"
    )
    parser.add_argument("--docs", type=int, default=200, help="documents per corpus for the slow comparisons")
    args = parser.parse_args()
    figures = {
        "labelled": labelled(args.eval_dir),
        "clean": clean(args.eval_dir, args.docs),
    }
    with io.StringIO() as out:
        with contextlib.redirect_stdout(out):
            show(figures)
        table = out.getvalue()
    print(table)
    if args.doc:
        before, rest = args.doc.read_text("utf-8").split(MARKS[0])
        after = rest.split(MARKS[1])[1]
        args.doc.write_text(f"{before}{MARKS[0]}\n{table}\n{MARKS[1]}{after}", "utf-8")
    if args.json:
        evalset.write_figures(args.json, figures)


if __name__ == "__main__":
    main()
