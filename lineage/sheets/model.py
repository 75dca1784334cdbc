"""What a sheet consists of, before it becomes HTML or Markdown: values, tables, sections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Value(NamedTuple):
    """One printed thing; `field` is the formula of the manifest fields behind it, empty for fixed words."""

    text: str
    field: str = ""
    kind: str = "label"  # label | int | share | number | bytes | interval | text | list | digest | code | ...
    raw: str = ""  # the exact value behind a rounded or translated text
    of: str = ""  # the denominator of a share, as a formula
    href: str = ""  # another sheet of the same release


class Column(NamedTuple):
    """The head of a table's column; figures are set to the right."""

    head: str
    numeric: bool = False


class Interval(NamedTuple):
    """A measured share with its interval, each 0..1, to be drawn in a row."""

    low: float
    point: float
    high: float


class Table(NamedTuple):
    """Rows of values; `bars` holds one length 0..1 per row, `rest` says what the cap left out."""

    title: str
    field: str
    columns: tuple[Column, ...]
    rows: Sequence[tuple[Value, ...]]
    bars: list[float] | None = None
    after: list[float] | None = None  # a second bar per row, on the scale of the first: what is left
    intervals: list[Interval | None] | None = None
    rest: tuple[Value, ...] = ()
    note: str = ""
    empty: str = ""


class Facts(NamedTuple):
    """Pairs of a label and one or more values."""

    title: str
    rows: list[tuple[str, list[Value]]]
    note: str = ""
    folded: bool = False  # shown on demand, and in print


class Notes(NamedTuple):
    """A list of sentences, each with its own pointer or fixed words."""

    title: str
    items: list[list[Value]]
    empty: str = ""
    total: Value | None = None


class Answer(NamedTuple):
    """A question for a person, with the answer and who gave it when; no text means unanswered."""

    id: str
    question: str
    text: str
    by: str
    remark: str


class Answers(NamedTuple):
    """The person-written part of a section."""

    items: list[Answer]


class Step(NamedTuple):
    """One stage of the funnel: documents that go on, and those that leave here by disposition."""

    name: str
    stays: Value
    leaves: list[tuple[str, str, Value]]  # disposition, its name, documents


class Funnel(NamedTuple):
    """The way of the documents through the stages, and whether the books close."""

    title: str
    enter: Value
    steps: list[Step]
    ends: list[tuple[str, str, Value]]
    closes: bool
    verdict: str


Block = Table | Facts | Notes | Answers | Funnel


class Section(NamedTuple):
    """A numbered chapter of the sheet."""

    id: str
    title: str
    blocks: list[Block]


class Glance(NamedTuple):
    """The first screen."""

    grade: Value
    why: str
    figures: list[tuple[str, Value]]
    gates: Table
    digests: Facts
    verify: str
    unchecked: Notes


class Sheet(NamedTuple):
    """A whole sheet in one language."""

    lang: str
    kind: str  # shard | release
    title: Value
    subtitle: list[Value]
    manifest_path: str
    manifest_sha256: str
    other_lang: str
    other_href: str
    up_href: str
    glance: Glance
    sections: list[Section]
