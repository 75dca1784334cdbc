"""What a desk reads from: a project's draws. `outside.ReleaseShelf` is the other kind, a release alone."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from pipelines.project import Project
from pipelines.review_desk.draws import load_items, sample_id
from pipelines.review_desk.marks import Finding, Mark, find_marks
from pipelines.review_desk.rulebook import rulebook
from pipelines.review_desk.texts import Reading, Texts
from pipelines.review_desk.view import view


class ProjectShelf:
    """One draw of a project: its items and texts, the rule book, and where decisions go."""

    signs = ""  # what `review sign` and `review status` need to find the decisions: nothing in a project

    def __init__(self, project: Project, draw: str, source: str | None = None) -> None:
        self.project = project
        self.reviews, self.presence = project.root / "reviews", project.data / "review"
        self.rulebook = rulebook(project)
        self.items = load_items(project, draw, source)
        self.sample = sample_id(project, draw)
        self.texts = Texts(project, draw)

    @cached_property
    def title(self) -> dict[str, str]:
        return self.project.params.release.title.model_dump()

    def marks(self, reading: Reading) -> tuple[list[Finding], list[Mark]]:
        """Return the findings on an item and their places in the shown text."""
        return find_marks(reading, self.project.params.screen)

    def view(self, reading: Reading, findings: list[Finding], number: int) -> dict[str, Any]:
        """Return what stands beside the text."""
        return view(self.project.sources, reading, findings, number)
