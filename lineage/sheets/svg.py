"""Pictures as inline SVG, drawn by hand: a bar costs microseconds and follows the theme.

A chart library measures its labels with the fonts of the machine, so equal manifests would not give equal
bytes on two machines; docs/sheets.md has the figures. No picture here holds text: words and figures stand
beside it in the same table row, where a screen reader and a narrow screen find them.
"""

from __future__ import annotations

from markupsafe import Markup

from lineage.sheets.model import Interval

#: The least width in per cent that can still be seen.
HAIR = 0.6


def bar(length: float) -> Markup:
    """Return a bar of 0..1 of its cell; anything above nothing stays visible."""
    width = 0 if length <= 0 else max(round(length * 100, 2), HAIR)
    return Markup(f'<svg class="bar" aria-hidden="true"><rect width="{width}%" height="100%"/></svg>')


def stack(segments: list[tuple[str, int]], whole: int) -> Markup:
    """Return one bar of coloured segments, class and documents each, on a scale of `whole` documents."""
    x, parts = 0.0, []
    for name, docs in segments:
        width = round(docs / (whole or 1) * 100, 3)
        if docs > 0:
            shown = max(width, HAIR)
            left = min(x, 100 - shown)
            parts.append(f'<rect class="{name}" x="{left:.3f}%" width="{shown:.3f}%" height="100%"/>')
        x += width
    return Markup(f'<svg class="stack" aria-hidden="true">{"".join(parts)}</svg>')


def whisker(interval: Interval | None) -> Markup:
    """Return a point with its interval on a scale of 0..1, nothing where nothing was measured."""
    if interval is None:
        return Markup("")
    low, point, high = (round(min(max(x, 0.0), 1.0) * 100, 2) for x in interval)
    return Markup(
        '<svg class="whisker" aria-hidden="true"><line class="axis" x2="100%" y1="50%" y2="50%"/>'
        f'<line class="span" x1="{low}%" x2="{high}%" y1="50%" y2="50%"/>'
        f'<circle cx="{point}%" cy="50%" r="3.5"/></svg>'
    )
