"""A policy's own examples, judged by the same rules that judge documents."""

from __future__ import annotations

import datetime as dt
import json
from typing import NamedTuple

import polars as pl

from lineage import records
from lineage.records import LICENCE_UNREAD
from stages.decide.optouts import Refusals, Robots, Snapshot
from stages.decide.policy import Example, Given, Policy
from stages.decide.rules import Context, Evidence, SourceFacts
from stages.decide.verdicts import verdicts
from stages.quality import EVIDENCE

DAY = dt.date(2000, 1, 1)
PURPOSE = "example"
NO_ROBOT = "User-agent: *\nDisallow: /\n"


class Outcome(NamedTuple):
    """What became of one example; `wrong` is empty where all is as expected."""

    name: str
    wrong: tuple[str, ...]


def try_examples(policy: Policy) -> list[Outcome]:
    """Return the outcome of each example, in order."""
    return [Outcome(e.name, tuple(_judge(policy, e))) for e in policy.examples]


def _judge(policy: Policy, example: Example) -> list[str]:
    verdict = verdicts(_evidence(example.given), policy, _context(example.given)).row(0, named=True)
    want, wrong = example.expect, []
    if verdict["disposition"] != want.disposition:
        wrong.append(f"{verdict['disposition']}, expected {want.disposition}")
    if verdict["rule"] != want.rule:
        wrong.append(f"decided by {verdict['rule'] or 'no rule'}, expected {want.rule or 'no rule'}")
    if want.flags is not None and sorted(verdict["flags"]) != sorted(want.flags):
        wrong.append(f"flags {sorted(verdict['flags'])}, expected {sorted(want.flags)}")
    return wrong


def _context(given: Given) -> Context:
    source = SourceFacts(
        id="example",
        priority=0,
        retain_until=(DAY - dt.timedelta(days=1) if given.retention_ended else DAY).isoformat(),
        purposes=(PURPOSE,) if given.purpose_covered else (),
        lawful_basis=given.lawful_basis,
        robots=Robots(files=(Snapshot("example.org", 200, "", NO_ROBOT),))
        if given.robots_disallowed
        else None,
        refusals=(Refusals("", domains=frozenset({"example.org"})),) if given.refusal_listed else (),
    )
    return Context(DAY, PURPOSE, {"example": source}, ("en", "zh"))


def _evidence(given: Given) -> Evidence:
    key = {"row": [0], "doc_id": [b"\x00" * 32]}
    said = [*given.opt_outs, *(["no thanks"] if given.opted_out else [])]
    docs = key | {
        "source": ["example"], "status": [records.STATUS_OK], "error": [None], "licence": [given.licence],
        "chars": [1000], "date": [None], "ai_label": [given.ai_label], "text_sha256": [b"\x00" * 32],
        "meta": [json.dumps({"opt_out": said}) if said else None],
        "url": ["https://example.org/page"], "author": [None],
        "transforms": [[LICENCE_UNREAD] if given.licence_unread else []],
    }  # fmt: skip
    quality = key | {n: [given.quality.get(n)] for n in EVIDENCE if n not in key} | {"lang": [given.lang]}
    pii = key | {
        "counts": [[{"type": t, "n": n} for t, n in sorted(given.pii.items())]],
        "sensitive": [list(given.sensitive)],
        "per_kchar": [given.per_kchar],
        "not_run": [list(given.pii_not_run)],
    }
    screen = key | {"hits": [[h.model_dump() for h in given.hits]], "not_run": [list(given.screen_not_run)]}
    names = ("error", "licence", "date", "source", "status", "ai_label", "meta", "url", "author")
    text = dict.fromkeys(names, pl.String) | {"transforms": pl.List(pl.String)}
    return Evidence(
        pl.DataFrame(docs, schema_overrides=text | {"row": pl.UInt32}),
        pl.DataFrame(quality, schema=EVIDENCE),
        pl.DataFrame(pii, schema=_schema(records.PII)),
        pl.DataFrame(screen, schema=_schema(records.SCREEN)),
    )


def _schema(schema) -> dict[str, pl.DataType]:
    return dict(pl.DataFrame(schema.empty_table()).schema)
