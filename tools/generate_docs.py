"""Write the reference pages that come from code: python tools/generate_docs.py [--check]."""

from __future__ import annotations

import sys
from pathlib import Path

from lineage.reasons import REASONS
from pipelines.settings import reference

ROOT = Path(__file__).parent.parent


def reasons_page() -> str:
    """Return docs/reasons.md: every reason slug with its meaning."""
    lines = [
        "# Reasons",
        "",
        "Every slug that can stand in `reason`, from `lineage/reasons.py`. "
        "A loss over content takes verified twins along.",
        "",
        "| slug | over content | meaning | 含义 |",
        "|---|---|---|---|",
        *(f"| `{r.slug}` | {'yes' if r.content else ''} | {r.en} | {r.zh} |" for r in REASONS),
    ]
    return "\n".join(lines) + "\n"


def params_page() -> str:
    """Return docs/params.md: every setting of params.yaml."""
    lines = [
        "# Settings",
        "",
        "Every setting of params.yaml, from the typed models in `stages/*/settings.py` and `pipelines/settings.py`.",
        "",
        "| setting | type | default | meaning |",
        "|---|---|---|---|",
    ]
    for name, kind, default, text in reference():
        cells = (f"`{name}`", _cell(kind), f"`{_cell(default)}`", _cell(text))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


PAGES = {"docs/reasons.md": reasons_page, "docs/params.md": params_page}


def main() -> int:
    """Write the pages, or with --check say which are stale."""
    stale = [name for name, page in PAGES.items() if not _current(ROOT / name, page())]
    if "--check" in sys.argv:
        print("\n".join(f"stale: {name}" for name in stale) or "all current")
        return bool(stale)
    for name in stale:
        (ROOT / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"wrote {name}")
    return 0


def _current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
