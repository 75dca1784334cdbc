"""Evidence files: what was measured of a detector, bound to its digest; only `hallmark detector evaluate` writes them.

A file holds figures, never a row of the labelled set. `load` reads folders of them, `matching` quotes one for a
detector that runs, and refuses where the detector that runs is not the detector that was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lineage import canonical
from lineage.digests import sha256_bytes
from lineage.errors import InputError

SCHEMA = "urn:hallmark:detector-evidence:1"
FOLDER = "meta/evidence"
LIMIT = 4 << 20
MEASURED, EXPERIMENTAL = "measured", "experimental"
MIN_POSITIVES, MIN_RECALL, MAX_ALARMS = 50, 0.5, 0.1
#: Of a labelled set: nobody looked at it while the detector was made, or somebody did. Unsaid counts as looked at.
HELD_OUT, DEVELOPMENT = "held-out", "development"
OWN = "own/"  # sets written by this project
FIELDS = ("schema", "detector", "detector_sha256", "code_sha256", "sets", "figures", "status")
_FIGURE = ("set", "code", "language", "n", "positives", "recall", "precision", "fpr", "status")
_SHARES = ("recall", "precision", "fpr")


#: Of a detector, code and level: the score from which the policy acts; None where it does not act on it.
Acting = Callable[[str, str, str], float | None]


class Entry(NamedTuple):
    """One evidence file: its bytes, their SHA-256, and what they say."""

    data: bytes
    sha256: str
    body: dict[str, Any]

    @property
    def path(self) -> str:
        """Where the file stands inside a release."""
        return f"{FOLDER}/{self.body['detector']}.json"


def load(folders: Iterable[Path | str]) -> dict[str, Entry]:
    """Return the evidence files (*.json) of folders by detector; a later folder replaces what an earlier says.

    A folder that does not exist holds none. A file that is not evidence in its one byte form is an InputError.
    """
    found: dict[str, Entry] = {}
    for folder in map(Path, folders):
        for path in sorted(folder.glob("*.json")):
            entry = read(path.read_bytes(), where=str(path))
            if path.stem != entry.body["detector"]:
                raise InputError(
                    "an evidence file is named after its detector",
                    where=str(path),
                    cure=f"rename it to {entry.body['detector']}.json",
                )
            found[entry.body["detector"]] = entry
    return found


def read(data: bytes, *, where: str = "") -> Entry:
    """Return the evidence in `data`; InputError where a field is missing or a share is no share."""
    body = canonical.loads(data, where=where, limit=LIMIT)
    cure = "write it again with `hallmark detector evaluate`"
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        raise InputError("not an evidence file", where=where, cure=cure)
    missing = [name for name in FIELDS if name not in body]
    missing += [
        f"figures.{k}.{name}"
        for k, row in enumerate(body.get("figures", ()))
        for name in _FIGURE
        if name not in row
    ]
    if missing:
        raise InputError(f"the evidence lacks {missing[0]}", where=where, cure=cure)
    for place in body["sets"]:
        if place.get("standing", DEVELOPMENT) not in (HELD_OUT, DEVELOPMENT):
            raise InputError("a set is held-out or development", where=where, cure=cure)
    for row in body["figures"]:
        points = [row, *row.get("curve", ())]
        if not all(point[name] is None or _is_share(point[name]) for point in points for name in _SHARES):
            raise InputError("a figure is not [share, low, high]", where=where, cure=cure)
        if row["status"] != status(row["positives"], row["recall"], row["fpr"]):
            raise InputError(
                "a figure claims a status that its numbers do not bear out", where=where, cure=cure
            )
    if body["status"] != overall(body["figures"]):
        raise InputError("the status does not follow from the figures", where=where, cure=cure)
    return Entry(data, sha256_bytes(data), body)


def status(positives: int, recall: list[float] | None, alarms: list[float] | None) -> str | None:
    """Return `measured`, or `experimental` where a figure is thin, finds too little or flags too much.

    Thin: below 50 positives. Too little: recall may be under one half (lower bound). Too much: more than one tenth of
    the set's benign texts may be flagged (upper bound, so 35 of them are the fewest that can bear it out). `alarms`
    is the false-positive rate, None where the set holds nothing benign. A figure on benign text alone has no status.
    """
    if recall is None:
        return None
    weak = positives < MIN_POSITIVES or recall[1] < MIN_RECALL
    noisy = alarms is not None and alarms[2] > MAX_ALARMS
    return EXPERIMENTAL if weak or noisy else MEASURED


def overall(figures: Iterable[Mapping[str, Any]]) -> str:
    """Return `measured` where at least one figure is, else `experimental`."""
    return MEASURED if any(row["status"] == MEASURED for row in figures) else EXPERIMENTAL


def measured_codes(entry: Entry) -> dict[str, list[str]]:
    """Return the codes that may gate, each with the languages in which they were measured, sorted."""
    found: dict[str, set[str]] = {}
    for row in entry.body["figures"]:
        if row["status"] == MEASURED:
            found.setdefault(row["code"], set()).add(row["language"])
    return {code: sorted(found[code]) for code in sorted(found)}


def matching(
    detector: Mapping[str, Any], filed: Mapping[str, Entry], acting: Acting | None = None
) -> tuple[dict[str, Any] | None, str | None]:
    """Return what a manifest quotes of a detector's evidence, or None and a note that says why there is none.

    `detector` has `detector` (name@version) and `sha256`. The quotation is {path, sha256, status, figures}; see
    `quoted` for the figures. The file holds all.
    """
    name = detector.get("detector")
    if not name:
        return None, None
    entry = filed.get(name)
    if entry is None:
        return None, "not measured: no evidence file"
    if entry.body["detector_sha256"] != detector.get("sha256"):
        return None, "not measured as it runs: the evidence is of another digest of this detector"
    figures = quoted(entry, acting)
    return {"path": entry.path, "sha256": entry.sha256, "status": overall(figures), "figures": figures}, None


def languages(detectors: Iterable[Mapping[str, Any]], filed: Mapping[str, Entry]) -> tuple[str, ...] | None:
    """Return the languages in which the recall of any of the detectors was measured; None without a detector.

    By name and version: a detector whose behaviour changed has another version.
    """
    names = {d["detector"] for d in detectors if d.get("detector") and not d.get("not_run")}
    figures = (row for name in sorted(names) if name in filed for row in filed[name].body["figures"])
    return tuple(sorted({row["language"] for row in figures if row["recall"]})) if names else None


def quoted(entry: Entry, acting: Acting | None = None) -> list[dict[str, Any]]:
    """Return what every shard manifest repeats: per code, language and level one figure, at the policy's threshold.

    Of several sets speaks one by others with enough positives, then one held out, then that with the most positives.
    Where `acting` names a score, the figure is that of the operating curve there (`at`); `acts_at` is null where
    the policy does not act on this code.
    """
    standing = {place["name"]: place.get("standing", DEVELOPMENT) for place in entry.body["sets"]}
    best: dict[tuple[str, str, str], tuple[Any, dict[str, Any]]] = {}
    for row in entry.body["figures"]:
        key, others = (row["code"], row["language"], row.get("level", "")), not row["set"].startswith(OWN)
        held = standing.get(row["set"]) == HELD_OUT
        rank = (others and row["positives"] >= MIN_POSITIVES, held, row["positives"])
        if row["recall"] and (key not in best or rank > best[key][0]):
            best[key] = rank, row
    kept = ("code", "language", "level", "set", "n", "positives", "threshold", *_SHARES, "status")
    found = []
    for key in sorted(best):
        row, score = best[key][1], None
        if acting and row.get("level") != "mention":
            score = acting(entry.body["detector"], key[0], key[2])
            row = at(row, score)
        said = {"standing": standing.get(row["set"], DEVELOPMENT), "acts_at": score}
        found.append({name: row.get(name) for name in kept} | said)
    return found


def at(row: Mapping[str, Any], score: float | None) -> dict[str, Any]:
    """Return a figure at a threshold: the point of its curve there, else the next above, so that recall is no less.

    Without a score or a curve, the figure itself; above the last point, recall is not known: null and experimental.
    """
    if score is None or "curve" not in row:
        return dict(row)
    above = [point for point in row["curve"] if point["threshold"] >= score]
    if not above:
        nothing = {"threshold": score, **dict.fromkeys(_SHARES)}
        return {**row, **nothing, "status": EXPERIMENTAL}
    point = min(above, key=lambda p: p["threshold"])
    return {**row, **point, "status": status(row["positives"], point["recall"], point["fpr"])}


def attach(
    detectors: Iterable[Mapping[str, Any]], filed: Mapping[str, Entry], acting: Acting | None = None
) -> tuple[list[dict[str, Any]], dict[str, bytes]]:
    """Return the detectors with `evidence` quoted or null (then `evidence_note`), and the files to publish.

    The files are {path inside the release: bytes}: exactly those that are quoted.
    """
    rows, files = [], {}
    for detector in detectors:
        cited, note = matching(detector, filed, acting)
        row = {**detector, "evidence": cited}
        if note:
            row["evidence_note"] = note
        if cited:
            files[cited["path"]] = filed[detector["detector"]].data
        rows.append(row)
    return rows, dict(sorted(files.items()))


def _is_share(value: Any) -> bool:
    numbers = isinstance(value, list) and len(value) == 3 and all(isinstance(v, int | float) for v in value)
    return numbers and 0 <= value[1] <= value[0] <= value[2] <= 1
