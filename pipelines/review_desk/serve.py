"""Open a desk, print its link, and stay until Ctrl-C."""

from __future__ import annotations

import sys
import threading
import webbrowser
from collections.abc import Callable

from lineage.errors import HallmarkError
from pipelines.project import Project
from pipelines.review_desk.desk import Desk
from pipelines.review_desk.outside import ReleaseShelf
from pipelines.review_desk.server import DeskServer
from stages.decide.reviews import ROLES


def serve_desk(
    place: Project | ReleaseShelf,
    draw: str,
    person: str,
    role: str,
    *,
    source: str | None,
    port: int,
    browser: bool,
    tell: Callable[[str], None],
) -> None:
    """Serve one reader until interrupted; Enter prints a new link, for a browser that was closed."""
    if role not in ROLES:
        raise HallmarkError(
            f"no role is called {role!r}", where="--role", cure=f"use one of {', '.join(ROLES)}"
        )
    desk = Desk(place, draw, person, role, source)
    try:
        server = DeskServer(desk, port)
    except OSError as error:
        desk.close()
        cure = "take another --port, or 0"
        raise HallmarkError(
            f"port {port} cannot be used: {error.strerror}", where="--port", cure=cure
        ) from None
    _greet(desk, server, tell)
    link = server.new_link()
    tell(f"open once in a browser: {link}\nEnter prints a new link, Ctrl-C leaves; every verdict is kept")
    if browser:
        webbrowser.open(link)
    if sys.stdin is not None and sys.stdin.isatty():
        threading.Thread(target=_links, args=(server, tell), daemon=True).start()
    try:
        server.serve_forever(poll_interval=0.2)
    finally:
        server.server_close()
        tell(next_step(desk))
        desk.close()


def _greet(desk: Desk, server: DeskServer, tell: Callable[[str], None]) -> None:
    if desk.mended:
        tell(
            f"took out an unfinished last line ({desk.mended} bytes) of {desk.journal.path.name}: "
            "an interrupted write that was never confirmed"
        )
    counts = desk.state()["counts"]
    tell(
        f"{desk.person} as {desk.role}, draw {desk.draw}: {counts['done']} of {counts['items']} items read; "
        f"decisions go to {desk.journal.path.parent.name}/{desk.journal.path.name}"
    )
    if desk.qualified == "not-qualified":
        tell(f"note: {desk.person} is not qualified today by reviews/people.yaml; each decision says so")


def next_step(desk: Desk) -> str:
    """Return what a reader is told on leaving: where the verdicts are, and the command that signs them."""
    if not desk.state()["undo"]:
        return "left; nothing was decided"
    path, signs = desk.journal.path, f"`hallmark review sign --as {desk.person}{desk.shelf.signs}` signs them"
    return f"left; every verdict is in {path.parent.name}/{path.name}: {signs}"


def _links(server: DeskServer, tell: Callable[[str], None]) -> None:
    for _ in sys.stdin:
        tell(f"open once in a browser: {server.new_link()}")
