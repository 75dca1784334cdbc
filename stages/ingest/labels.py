"""AI-content labels (GB 45438-2025), read before any conversion; liberal, but deviations are recorded."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from stages.ingest.batch import Batch
from stages.ingest.objects import dump

Label = tuple[str, str | None]  # verdict, label as found (canonical JSON)

#: An explicit notice (clause 5.1 b) stands within this many characters of the head or tail.
NOTICE = 64
_AI = re.compile(
    r"人工智能|(?<![A-Za-z])A\.?I(?![A-Za-z])|artificial intelligence|大模型|语言模型", re.IGNORECASE
)
_MADE = re.compile(r"生成|合成|generat|synthesi[sz]|AIGC", re.IGNORECASE)
_FRONT = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_NAMESPACE = "tc260.org.cn/ns/AIGC"
_BLOB = re.compile(r"""["']?\bAIGC["']?\s*+(?:[:=]\s*+)?(\{[^{}]{0,2000}\})""")
KEYS = (
    "Label",
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
)


def label_texts(batch: Batch) -> list[Label | tuple[None, None]]:
    """Return the verdict of every record, null for unreadable ones."""
    metas = batch.plain.get("meta") or [None] * len(batch)
    found = batch.label or [None] * len(batch)
    return [
        (None, None) if text is None else _verdict(text, meta, given)
        for text, meta, given in zip(batch.text, metas, found, strict=True)
    ]


def _verdict(text: str, meta: str | None, given: Any) -> Label:
    if given is not None:
        return judge(given)
    if meta and "AIGC" in meta and (payload := _blob(meta)) is not None:
        return judge(payload)
    if "AIGC" in text:
        payload = front_matter_label(text)
        if payload is None:
            payload = _blob(text[:4096]) or _blob(text[-4096:])
        if payload is not None:
            return judge(payload)
        if _NAMESPACE in text:
            return "label-residue", None
    return ("explicit-only", None) if explicit_notice(text) else ("none", None)


def explicit_notice(text: str) -> bool:
    """Tell whether an AI word and a generated word stand together at the head or tail of a text."""
    if len(text) <= 2 * NOTICE:
        return bool(_AI.search(text) and _MADE.search(text) and _is_notice(text))
    return any(
        _AI.search(end) and _MADE.search(end) and _is_notice(end) for end in (text[:NOTICE], text[-NOTICE:])
    )


_NOTICE_FORM = re.compile(
    r"(?:由|本文|内容|以上|以下|本作品|本图|部分)[^。\n]{0,16}(?:人工智能|AI|大模型)[^。\n]{0,12}(?:生成|合成)"
    r"|(?:人工智能|AI)(?:辅助)?(?:生成|合成)(?:内容|文本|作品|标识)?[\s\]】)》。!!]*(?:$|\n)"
    r"|^[\s\[【(《]*(?:人工智能|AI)(?:辅助)?(?:生成|合成)"
    r"|(?:generated|synthesi[sz]ed|created|written)\s+(?:\w+\s+){0,3}(?:by|with|using)\s+(?:an?\s+)?(?:\w+\s+)?(?:AI|artificial)"
    r"|\bAI[- ]generated\b",
    re.IGNORECASE,
)


def _is_notice(end: str) -> bool:
    return bool(_NOTICE_FORM.search(end))


def front_matter(text: str) -> tuple[dict[str, Any] | None, int]:
    """Return a text's front matter (None where absent or not a mapping) and where the body begins."""
    match = _FRONT.match(text)
    if not match:
        return None, 0
    value = _yaml(match.group(1))
    return (value, match.end()) if isinstance(value, dict) else (None, 0)


def front_matter_label(text: str) -> Any:
    """Return the `AIGC` value of the front matter, or None."""
    value, _ = front_matter(text)
    return None if value is None else value.get("AIGC")


def judge(payload: Any) -> Label:
    """Return the verdict on a label as found: labelled-1|2|3, label-malformed where it is none of them."""
    value = payload
    if isinstance(value, str):
        value = _yaml(value)
    if not isinstance(value, dict):
        return "label-malformed", dump({"deviation": ["not-an-object"], "found": str(payload)[:200]})
    if isinstance(value.get("AIGC"), dict):
        value = value["AIGC"]
    record: dict[str, Any] = {str(key): value[key] for key in value}
    deviations = [f"missing:{key}" for key in KEYS if key not in record]
    deviations += [
        f"not-a-string:{key}" for key in KEYS if key in record and not isinstance(record[key], str)
    ]
    deviations += [f"unknown:{key}" for key in sorted(record) if key not in KEYS]
    deviations += [
        f"characters:{key}" for key in KEYS if isinstance(record.get(key), str) and not _allowed(record[key])
    ]
    level = str(record.get("Label", "")).strip()
    code = producer_code(str(record.get("ContentProducer", "")))
    found: dict[str, Any] = {"label": record}
    if deviations:
        found["deviation"] = deviations
    if code:
        found["producer"] = code
    return (f"labelled-{level}" if level in ("1", "2", "3") else "label-malformed"), dump(found)


def _allowed(value: str) -> bool:
    return all("!" <= c <= "~" and c not in '"\\' for c in value)


#: GB 32100-2015: the alphabet without I, O, S, V, Z; weights 3^i mod 31.
_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = tuple(pow(3, i, 31) for i in range(17))


def producer_code(value: str) -> dict[str, Any] | None:
    """Decode a 27-character producer code (0011, social credit code, 5 more); None for any other value."""
    if len(value) != 27 or not value.startswith("001"):
        return None
    credit = value[4:22]
    return {"credit_code": credit, "check": credit_code_valid(credit), "suffix": value[22:]}


def credit_code_valid(code: str) -> bool:
    """Tell whether the check character of a unified social credit code is right (GB 32100-2015)."""
    if len(code) != 18 or any(c not in _ALPHABET for c in code):
        return False
    total = sum(_ALPHABET.index(c) * w for c, w in zip(code, _WEIGHTS, strict=False))
    return _ALPHABET[(31 - total % 31) % 31] == code[17]


def _blob(text: str) -> Any:
    """Return an AIGC object written into a text, e.g. {"AIGC": {...}} or AIGC{...} without quotes."""
    match = _BLOB.search(text.replace('\\"', '"'))
    if not match:
        return None
    value = _yaml(match.group(1))
    return value if isinstance(value, dict) and set(value) & set(KEYS) else match.group(1)


def _yaml(text: str) -> Any:
    """Read YAML or JSON with all scalars as strings; None where it is neither."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError):
        return None


def detectors(settings: Any) -> list[dict[str, Any]]:
    """Name the label extractor and the digest of its rules."""
    if not settings.ai_labels:
        return []
    return [
        {
            "detector": "gb45438-label@1",
            "sha256": _digest(),
            "codes": [
                "labelled-1",
                "labelled-2",
                "labelled-3",
                "explicit-only",
                "label-malformed",
                "label-residue",
            ],
            "languages": ["zh", "en"],
            "evidence": None,
        }
    ]


@lru_cache(maxsize=1)
def _digest() -> str:
    return sha256(Path(__file__).read_bytes()).hexdigest()
