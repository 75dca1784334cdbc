"""Every planted document with its truth, family by family."""

from __future__ import annotations

from sample import broken, content, copies
from sample.passages import Passage
from sample.planter import Planter

FAMILIES = (
    copies.exact,
    copies.near,
    copies.below,
    copies.chain,
    copies.short,
    copies.orphans,
    copies.twins,
    copies.rights,
    copies.conversations,
    content.privacy,
    content.markings,
    content.cbrn,
    content.labels,
    content.junk,
    content.hidden,
    content.injection,
    content.languages,
    content.encoding,
)


def plant_all(zh: list[Passage], en: list[Passage]) -> Planter:
    """Return the planter with every planted document, broken file and truth."""
    planter = Planter(zh, en)
    for family in FAMILIES:
        family(planter)
    texts = [planter.passage("zh").text for _ in range(4)]
    for lines, truths in broken.files(texts, [planter.passage("en", 4).text for _ in range(5)]):
        planter.lines.append(lines)
        planter.truths += truths
    return planter
