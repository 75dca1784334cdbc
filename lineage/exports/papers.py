"""What an inspector gets: the papers of one regime, in Markdown and, where asked, as office files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from lineage.exports import california, china, clauses, eu, rights
from lineage.exports.facts import Release
from lineage.exports.paper import Paper

Regime = Literal["cn", "eu", "ca"]
REGIMES: tuple[Regime, ...] = ("cn", "eu", "ca")
FORMATS = ("all", "md")
#: Made for the operator and the authority alone; never published.
RESTRICTED = "restricted/annex-4-keywords.xlsx"


def papers(
    release: Release,
    regime: Regime,
    *,
    formats: str = "all",
    annotations: Mapping[str, Mapping[str, Any] | None] | None = None,
    keywords: tuple[Sequence[tuple[str, str, str]], Sequence[tuple[str, str, int, int]]] | None = None,
) -> dict[str, bytes]:
    """Return file name to bytes for one regime; equal inputs give equal bytes.

    `annotations`: annotation records by source (cn, Annex 3). `keywords`: rows and counts for
    `office.keyword_workbook` (cn, Annex 4, restricted); None leaves the workbook out.
    """
    named = _named(release, regime, annotations or {})
    files = {f"{name}.md": paper.markdown() for name, paper in named.items()}
    files["ATTRIBUTION.md"] = rights.attribution(release).markdown()
    if formats == "all":
        from lineage.exports import office

        files |= {f"{name}.docx": office.docx(paper) for name, paper in named.items()}
        if regime == "cn":
            for name in ("clauses.zh", "annex-7-proofs.zh"):
                files[f"{name}.xlsx"] = office.xlsx(office.tables(named[name]))
            if keywords is not None:
                files[RESTRICTED] = office.keyword_workbook(*keywords)
    return dict(sorted(files.items()))


def _named(release: Release, regime: Regime, annotations: Mapping[str, Any]) -> dict[str, Paper]:
    if regime == "eu":
        return {"eu-public-summary": eu.eu_summary(release)}
    if regime == "ca":
        return {"california-ab2013": california.california(release)}
    return {
        "report-corpora.zh": china.corpora(release),
        "annex-3-annotation.zh": china.annotation_rules(release, annotations),
        "annex-7-proofs.zh": china.proofs(release),
        "clauses.zh": clauses.clause_table(release, "zh"),
        "clauses.en": clauses.clause_table(release, "en"),
    }
