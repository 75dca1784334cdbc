"""Collect planted documents together with what must become of them."""

from __future__ import annotations

from typing import Any

from sample.layout import Doc, Lines, native_id
from sample.passages import Passage, jaccard

Truth = dict[str, Any]


class Planter:
    """Collects planted documents and what must become of them; takes passages that nobody else uses."""

    def __init__(self, zh: list[Passage], en: list[Passage]) -> None:
        self._passages = {"zh": zh, "en": en}
        self.docs: list[Doc] = []
        self.lines: list[Lines] = []
        self.truths: list[Truth] = []

    def passage(self, lang: str, shortest: int = 6) -> Passage:
        """Return the next unused passage of at least so many sentences."""
        pool = self._passages[lang]
        for place, passage in enumerate(pool):
            if len(passage.sentences) >= shortest:
                return pool.pop(place)
        raise ValueError(
            f"no {lang} passage of {shortest} sentences is left; raise PLANTED in sample/make.py"
        )

    def add(self, plant: str, doc: Doc, disposition: str, reason: str | None = None, **more: Any) -> Doc:
        """Plant a document and write down what is expected of it."""
        self.docs.append(doc)
        expect: dict[str, Any] = {"disposition": disposition, "reason": reason}
        expect.update({name: more.pop(name) for name in ("keeper", "pii", "ai_label") if name in more})
        self.truths.append(
            {
                "plant": plant,
                "source": doc.source,
                "native_id": native_id(doc.source, doc.key),
                "expect": expect,
                **more,
            }
        )
        return doc

    def kept(self, plant: str, source: str, key: str, lang: str, text: str, **extra: Any) -> Doc:
        """Plant a document that must stay untouched."""
        return self.add(plant, Doc(source, key, lang, text, extra=extra), "kept")

    def copy(self, plant: str, keeper: Doc, source: str, key: str, text: str | None = None) -> Doc:
        """Plant a copy (exact where no text is given) that leaves in favour of its keeper."""
        reason = "exact-duplicate" if text is None else "near-duplicate"
        value = jaccard(keeper.text, text or keeper.text)
        doc = Doc(source, key, keeper.lang, text or keeper.text)
        return self.add(plant, doc, "removed", reason, keeper=reference(keeper), jaccard=value)


def reference(doc: Doc) -> dict[str, str]:
    """Return the pair of source and native id that names a document in truth.json."""
    return {"source": doc.source, "native_id": native_id(doc.source, doc.key)}
