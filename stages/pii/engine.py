"""Run recognizers over whole batches: candidate windows in one buffer, each pattern once per buffer."""

from __future__ import annotations

import numpy as np
import regex
from presidio_analyzer import PatternRecognizer

from stages.pii import batch as batches
from stages.pii import models, packs
from stages.pii.catalogue import TYPES
from stages.pii.gate import GUARD, Windows, windows
from stages.pii.recognizer import LEFT, Scanner, boost
from stages.pii.resolve import Found, drop_contained
from stages.pii.settings import PiiSettings

Match = tuple[int, int, float]  # start, end, score


def find(texts: list[str], settings: PiiSettings) -> tuple[list[list[Found]], list[list[str]]]:
    """Return for each text its findings (may overlap; own offsets) and the detectors that did not run on it."""
    found: list[list[Found]] = [[] for _ in texts]
    not_run: list[list[str]] = [[] for _ in texts]
    for first, last in _slices(texts, settings.batch_chars):
        part = batches.make(texts[first:last])
        pack, foreign = batches.packs(part)
        for doc in np.flatnonzero(foreign):
            not_run[first + doc].append("pii:script-not-measured")
        seen: dict = {}  # events of this batch by gate
        for name in packs.PACKS:
            docs = np.flatnonzero(pack == name)
            if len(docs):
                _run_pack(part, docs, packs.of(name, settings), settings, first, found, not_run, seen)
        if settings.engine.kind != "none":
            _run_model(texts[first:last], pack.tolist(), settings, first, found, not_run)
    return [drop_contained(f) for f in found], not_run


def _run_model(texts, pack, settings, first, found, not_run) -> None:
    """Run the user's model over whole texts and collect its findings in place."""
    named, missed = models.find(texts, pack, settings)
    for doc, (items, names) in enumerate(zip(named, missed, strict=True), start=first):
        found[doc] += items
        not_run[doc] += names


def _slices(texts: list[str], limit: int) -> list[tuple[int, int]]:
    """Cut the list of texts into runs of about `limit` characters; a longer text is a run of its own."""
    out, first, size = [], 0, 0
    for i, text in enumerate(texts):
        if size and size + len(text) > limit:
            out.append((first, i))
            first, size = i, 0
        size += len(text)
    return [*out, (first, len(texts))] if len(texts) > first else out


def _run_pack(part, docs, recognizers, settings, first, found, not_run, seen) -> None:
    """Run one pack's recognizers over the windows of `docs` and collect findings in place."""
    groups: dict[tuple[str, tuple[str, ...]], list[Scanner]] = {}
    for recognizer in recognizers:
        groups.setdefault((recognizer.gate, _required(recognizer, settings)), []).append(recognizer)
    for gate, context in sorted(groups):
        view = windows(part, docs, gate, context, seen)
        if not len(view.starts):
            continue
        for recognizer in groups[gate, context]:
            matches, failed = _matches(recognizer, view, settings.regex_seconds)
            for doc in failed:
                not_run[first + doc].append(
                    f"{recognizer.detector}:{recognizer.supported_entities[0]}:time-out"
                )
            for doc, start, end, score in _placed(recognizer, view, matches, settings):
                own = part.back(doc, start, end)
                found[first + doc].append(
                    (recognizer.supported_entities[0], *own, score, recognizer.detector)
                )


def _required(recognizer: Scanner, settings: PiiSettings) -> tuple[str, ...]:
    """Return the context words without which no match of the recognizer can reach its threshold, () where one can."""
    patterned: bool = isinstance(recognizer, PatternRecognizer)
    if not patterned or recognizer.sure:
        return ()
    if max(p.score for p in recognizer.patterns) >= threshold(recognizer.supported_entities[0], settings):
        return ()
    return tuple(recognizer.context or ())


def threshold(kind: str, settings: PiiSettings) -> float:
    """Return the score from which a finding of this type counts."""
    return settings.thresholds.get(kind, TYPES[kind].threshold)


def _matches(recognizer: Scanner, view: Windows, seconds: float) -> tuple[list[Match], list[int]]:
    """Return all matches in the buffer; where a pattern takes too long, run window by window and name the losers."""
    try:
        return _one_pass(recognizer, view.text, seconds), []
    except TimeoutError:
        pass
    out, failed = [], []
    for start, end, doc in zip(view.at, view.at + (view.ends - view.starts), view.docs, strict=True):
        try:
            hits = _one_pass(recognizer, view.text[start:end], seconds)
            out += [(a + int(start), b + int(start), score) for a, b, score in hits]
        except TimeoutError:
            failed.append(int(doc))
    return out, sorted(set(failed))


def _one_pass(recognizer: Scanner, text: str, seconds: float) -> list[Match]:
    """Return the matches of one recognizer in `text`, with Presidio's rules for validation and invalidation."""
    if type(recognizer).analyze is not PatternRecognizer.analyze:  # telephones, IBAN: rules of their own
        return [
            (r.start, r.end, r.score) for r in recognizer.analyze(text, recognizer.supported_entities, None)
        ]
    out: list[Found] = []
    for pattern in recognizer.patterns:
        compiled = regex.compile(pattern.regex, recognizer.global_regex_flags)
        for match in compiled.finditer(text, timeout=seconds):
            start, end = match.span()
            if start == end:
                continue
            value = match.group()
            valid = recognizer.validate_result(value)
            score = pattern.score if valid is None else float(valid)
            if score > 0 and not recognizer.invalidate_result(value):
                out.append(("", start, end, score, ""))
    return [(start, end, score) for _, start, end, score, _ in drop_contained(out)]


def _placed(recognizer, view: Windows, matches: list[Match], settings: PiiSettings):
    """Yield (document, start, end, score) in the batch for the matches that count after looking at their context."""
    kind = recognizer.supported_entities[0]
    least = threshold(kind, settings)
    if not matches:
        return
    at = np.searchsorted(view.at, [m[0] for m in matches], side="right") - 1
    for (start, end, score), w in zip(matches, at.tolist(), strict=True):
        begin, finish = int(view.at[w]), int(view.at[w] + view.ends[w] - view.starts[w])
        if (
            end > finish
            or (view.cut_left[w] and start - begin < GUARD)
            or (view.cut_right[w] and finish - end < GUARD)
        ):
            continue  # leans on the window's edge: no match in the whole text
        score = boost(recognizer, view.text[max(begin, start - LEFT) : start], score)
        if score >= least:
            shift = int(view.starts[w]) - begin
            yield int(view.docs[w]), start + shift, end + shift, round(score, 4)
