"""Label Studio: tasks with the findings as predictions, its labelling page, and its JSON export read back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from lineage.errors import InputError
from pipelines.review_desk.codes import families

KINDS = ("pii", "redacted", "screen")


def write(rows: list[dict[str, Any]], suffix: str) -> bytes:
    """Return the tasks as JSON, to be imported into a Label Studio project that uses `config()`."""
    tasks = [_task(n, row) for n, row in enumerate(rows, 1)]
    return (json.dumps(tasks, ensure_ascii=False, indent=1) + "\n").encode("utf-8", "replace")


def _task(number: int, row: dict[str, Any]) -> dict[str, Any]:
    text = row["text"]
    spans = [
        {
            "id": f"m{n}",
            "from_name": "finding",
            "to_name": "text",
            "type": "labels",
            "value": {
                "start": _units(text[: m.start]),
                "end": _units(text[: m.end]),
                "text": text[m.start : m.end],
                "labels": [row["findings"][m.finding].kind],
            },
            "meta": {"text": [row["findings"][m.finding].code]},
        }
        for n, m in enumerate(row["marks"])
    ]
    data = {k: row[k] for k in ("doc_id", "text_sha256", "source", "text")}
    return {
        "id": number,
        "data": data,
        "predictions": [{"model_version": "hallmark", "result": spans}] if spans else [],
    }


def _units(text: str) -> int:
    """Return the length in UTF-16 units: what a browser counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def config() -> str:
    """Return the labelling page (XML) for the tasks: text with findings, a verdict, and the risk code of a removal."""
    kinds = "".join(f"<Label value={quoteattr(k)}/>" for k in KINDS)
    codes = "".join(
        f"<Choice value={quoteattr(c['code'])} hint={quoteattr(c['zh'] + ' / ' + c['en'])}/>"
        for f in families()
        for c in f["codes"]
    )
    verdicts = "".join(f'<Choice value="{v}"/>' for v in ("pass", "remove", "unsure"))
    return (
        '<View><Header value="$source"/>'
        f'<Labels name="finding" toName="text">{kinds}</Labels><Text name="text" value="$text"/>'
        f'<Choices name="verdict" toName="text" choice="single" required="true">{verdicts}</Choices>'
        '<Choices name="code" toName="text" choice="single" visibleWhen="choice-selected" whenTagName="verdict" '
        f'whenChoiceValue="remove">{codes}</Choices></View>\n'
    )


def read(path: Path) -> tuple[list[Any], int]:
    """Return (verdicts, tasks without one) of a Label Studio JSON export; the last annotation of a task counts."""
    from pipelines.review_desk.exchange import Given

    try:
        tasks = json.loads(path.read_text(encoding="utf-8"))
        named = [
            (f"{path}: task {t.get('id', n)}", _ids(t["data"]), _last(t)) for n, t in enumerate(tasks, 1)
        ]
        given = [
            Given(where, *ids, _choice(last, "verdict"), _choice(last, "code"), _seconds(last))
            for where, ids, last in named
            if last is not None
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as e:
        raise InputError(
            f"not a Label Studio export ({type(e).__name__})",
            where=str(path),
            cure="export as JSON, not JSON-MIN",
        ) from None
    return given, len(named) - len(given)


def _last(task: dict[str, Any]) -> dict[str, Any] | None:
    done = [a for a in task.get("annotations", ()) if not a.get("was_cancelled") and _choice(a, "verdict")]
    return done[-1] if done else None


def _ids(data: dict[str, Any]) -> tuple[str, str]:
    return str(data["doc_id"]), str(data["text_sha256"])


def _seconds(annotation: dict[str, Any]) -> float | None:
    return float(annotation["lead_time"]) if annotation.get("lead_time") is not None else None


def _choice(annotation: dict[str, Any], name: str) -> str:
    found = [r["value"]["choices"] for r in annotation["result"] if r.get("from_name") == name]
    return str(found[-1][0]) if found and found[-1] else ""
