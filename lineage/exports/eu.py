"""The EU public summary of training content (AI Act Art. 53(1)(d)), as far as a data set can fill it.

Sections and thresholds stand in data/eu-summary.yaml with their edition. A provider of a model adds what only the
provider knows; every such field prints `not stated`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lineage.exports.domains import Domains, domains
from lineage.exports.facts import NOT_STATED, Release, name, or_not_stated, published, table
from lineage.exports.paper import Paper
from lineage.exports.rights import effective
from lineage.reasons import OPT_OUTS

PATH = "exports/eu-public-summary.md"
UNSAID = NOT_STATED["en"]
CRAWLED = ("self-collected",)


def eu_summary(release: Release) -> Paper:
    """Return the summary, section by section in the template's order."""
    words = table("eu-summary")
    paper = Paper(f"Public summary of training content: {release.dataset['id']} {release.dataset['version']}")
    paper.say(
        words["note"],
        f"Template: {words['edition']}; compared with the official text: {_yes(words['verified'])}.",
    )
    for key, section in words["sections"].items():
        paper.head(f"{key} {section['title']}", 2 if "." not in key else 3)
        fill = _SECTIONS.get(key)
        if fill:
            fill(release, paper, words)
    return paper


def _provider(release: Release, paper: Paper, _: Any) -> None:
    paper.table(
        ["field", "value"],
        [
            ("Data set issuer", or_not_stated(release.dataset.get("issuer"), "en")),
            ("Contact", or_not_stated(release.dataset.get("contact"), "en")),
            ("Provider of the model", UNSAID),
            ("Authorised representative in the Union", UNSAID),
        ],
    )


def _model(_: Release, paper: Paper, __: Any) -> None:
    paper.table(
        ["field", "value"],
        [
            ("Model name and version", UNSAID),
            ("Models it was made from", UNSAID),
            ("Date of placing the model on the Union market", UNSAID),
        ],
    )


def _characteristics(release: Release, paper: Paper, words: Any) -> None:
    manifest, spans = release.manifest, [s["collected"]["to"] for s in release.used if s.get("collected")]
    paper.table(
        ["field", "value"],
        [
            ("Modality", "text"),
            ("Documents", release.documents),
            ("Characters", manifest["chars"]),
            ("Tokens", tokens(manifest)),
            ("Bytes of UTF-8 text", manifest["bytes"]),
            ("Size range", size_band(manifest["bytes"], words["text_bands"], manifest.get("tokens"))),
            ("Latest date of acquisition", max(spans) if spans else UNSAID),
            (
                "Dates found in the texts",
                " to ".join(or_not_stated(manifest["time_span"][k], "en") for k in ("from", "to")),
            ),
            ("Licence of the whole", effective(release)),
        ],
    )
    paper.table(
        ["language (BCP 47)", "documents", "characters"],
        [(x["code"], x["docs"], x["chars"]) for x in manifest["languages"]],
    )


def tokens(manifest: Mapping[str, Any]) -> str:
    """Return the token count with the tokenizer that counted, or `not stated`."""
    counted = manifest.get("tokens")
    return f"{counted['n']:,} (tokenizer {counted['tokenizer']})" if counted else UNSAID


def size_band(size: int, bands: Sequence[dict[str, Any]], counted: Mapping[str, Any] | None = None) -> str:
    """Return the template's size range for text: certain by bytes (a token is a byte or more), else as counted."""
    first = bands[0]
    if size < first["below_tokens"]:
        return f"{first['en']} (certain: {size:,} bytes, and a token of text covers at least one byte)"
    if not counted:
        return f"{UNSAID}: it counts tokens, and no tokenizer is named for this release"
    band = next(b for b in bands if b["below_tokens"] is None or counted["n"] < b["below_tokens"])
    return f"{band['en']} ({counted['n']:,} by the tokenizer {counted['tokenizer']})"


def _group(classes: tuple[str, ...]):
    def fill(release: Release, paper: Paper, _: Any) -> None:
        found = release.of_class(*classes)
        if not found:
            paper.say("Not used.")
            return
        paper.table(
            ["source", "title", "class", "licence", "collected", "country", "documents", "proofs (SHA-256)"],
            [_row(s) for s in found],
        )

    return fill


def _row(source: Any) -> tuple[Any, ...]:
    span = source.get("collected") or {}
    proofs = "; ".join(f"{e['kind']} {e['sha256'][:16]}" for e in source["evidence"])
    return (
        source["id"],
        source["title"]["en"],
        name("class", source["class"], "en"),
        source["licence"],
        f"{span.get('from', UNSAID)} to {span.get('to', UNSAID)}",
        source["jurisdiction"],
        published(source["flow"]),
        proofs or UNSAID,
    )


def _crawled(release: Release, paper: Paper, words: Any) -> None:
    _group(CRAWLED)(release, paper, words)
    paper.say(
        f"Crawlers, their purpose and their behaviour: {release.answer('collection-how', 'en') or UNSAID}.",
        "The fetch records of each self-collected source are bound by the proofs above.",
    )
    found = domains(release, CRAWLED)
    if not found.rows:
        paper.say(_why_none(release, found))
    else:
        _domain_table(paper, found, words)
    others = domains(release, tuple(sorted({s["class"] for s in release.used} - set(CRAWLED))))
    if others.rows:
        paper.say("Addresses published by sources that were not crawled by the issuer:")
        _domain_table(paper, others, words)


def _domain_table(paper: Paper, found: Domains, words: Any) -> None:
    share = words["domain_share"]
    top = found.top(share["large"])
    paper.say(
        f"The template asks for the largest {share['large']:.0%} of domains by size of content (small providers: "
        f"{share['small']:.0%} or {share['small_at_most']:,}, whichever is less). Counted over the sources that "
        f"publish addresses ({', '.join(found.sources)}): {len(found.rows):,} domains, of which the largest "
        f"{len(top):,} follow. {found.without:,} documents of these sources carry no address."
    )
    paper.table(["domain", "documents", "bytes"], top)


def _why_none(release: Release, found: Domains) -> str:
    if not found.sources:
        return (
            f"No domain list: none of the {len(release.of_class(*CRAWLED))} crawled sources names `url` in its "
            "publish_fields, so no address is in the release. Who holds the restricted zone must make the list."
        )
    return f"No domain list: no published document of {', '.join(found.sources)} carries a web address."


def _opt_out(release: Release, paper: Paper, _: Any) -> None:
    opted = sum(r["docs"] for r in release.manifest["reasons"] if r["reason"] in OPT_OUTS)
    robots = release.of_class(*CRAWLED)
    held = [s["id"] for s in robots if any(e["kind"] == "robots-verdict" for e in s["evidence"])]
    paper.table(
        ["field", "value"],
        [
            ("Documents removed because the author or site refused", opted),
            ("Self-collected sources with a record of robots rules", f"{len(held)} of {len(robots)}"),
            ("Measures", release.answer("rights-optout", "en") or UNSAID),
            ("Complaints", release.answer("rights-complaints", "en") or UNSAID),
        ],
    )


def _illegal(release: Release, paper: Paper, _: Any) -> None:
    rows = [r for r in release.manifest["reasons"] if r["stage"] in ("screen", "pii")]
    paper.table(
        ["reason", "disposition", "documents"], [(r["reason"], r["disposition"], r["docs"]) for r in rows]
    )
    unseen = [x["what_en"] for x in release.manifest["not_checked"] if x["why"] != "not_measured"]
    paper.say("Not checked:").points(unseen or ["Nothing was named as not checked."])


def _other(release: Release, paper: Paper, _: Any) -> None:
    dedup = release.manifest["dedup"]
    paper.table(
        ["field", "value"],
        [
            ("Exact duplicates removed", dedup["exact_removed"]),
            ("Near-duplicates removed", dedup["near_removed"]),
            (
                "Personal information replaced (findings)",
                sum(r["in_published"] for r in release.manifest["pii"]),
            ),
            ("Policy", f"{release.manifest['policy']['id']} version {release.manifest['policy']['version']}"),
        ],
    )


def _yes(value: bool) -> str:
    return "yes" if value else "no"


_SECTIONS = {
    "1.1": _provider,
    "1.2": _model,
    "1.3": _characteristics,
    "2.1": _group(("open-licence", "public-domain")),
    "2.2": _group(("commercial-contract",)),
    "2.3": _crawled,
    "2.4": _group(("user-data",)),
    "2.5": _group(("synthetic",)),
    "2.6": _group(()),
    "3.1": _opt_out,
    "3.2": _illegal,
    "3.3": _other,
}
