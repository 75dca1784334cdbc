"""The desk's web server: loopback only, a one-time link, then a cookie; a strict CSP and no store on every answer."""

from __future__ import annotations

import json
import secrets
import threading
from functools import cached_property
from hmac import compare_digest
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from lineage.errors import HallmarkError
from pipelines.review_desk.desk import Desk, StaleError
from pipelines.review_desk.page import asset, page

BODY_LIMIT = 4096
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


class DeskServer(ThreadingHTTPServer):
    """Serves one desk to the one browser that opened the link."""

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, desk: Desk, port: int = 0) -> None:
        self.desk = desk
        super().__init__(("127.0.0.1", port), Handler)
        self.session, self.csrf = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._tickets: set[str] = set()
        self._guard = threading.Lock()

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(f"http://{host}" for host in self.hosts)

    @cached_property
    def hosts(self) -> tuple[str, ...]:
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    @property
    def cookie(self) -> str:
        return f"hallmark-{self.port}"

    def new_link(self) -> str:
        """Return a link that opens the desk once."""
        ticket = secrets.token_urlsafe(32)
        with self._guard:
            self._tickets = {ticket}
        return f"http://127.0.0.1:{self.port}/?token={ticket}"

    def admit(self, ticket: str) -> bool:
        """Use up a link's token; False if it is unknown or was used."""
        with self._guard:
            if not any(compare_digest(t, ticket) for t in self._tickets):
                return False
            self._tickets = set()
            return True


class Handler(BaseHTTPRequestHandler):
    """Answers one request; refuses whatever is not the desk's own page."""

    server: DeskServer
    server_version, sys_version, protocol_version = "hallmark", "", "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Serve the page, its two files, and what the page asks for."""
        url = urlsplit(self.path)
        if not self._is_ours():
            return
        if url.path == "/" and "token" in (query := parse_qs(url.query)):
            self._enter(query["token"][0])
        elif not self._is_known():
            self._refuse(
                HTTPStatus.FORBIDDEN, "this desk is open in another browser, or the link was used already"
            )
        elif url.path == "/":
            self._send(page(self.server.csrf), "text/html; charset=utf-8")
        elif (found := asset(url.path)) is not None:
            self._send(*found)
        else:
            self._answer(url.path, {k: v[0] for k, v in parse_qs(url.query).items()})

    def do_POST(self) -> None:
        """Take a verdict or take one back."""
        if not self._is_ours():
            return
        body = self._body()
        if body is None:
            return
        if not self._is_known() or not self._is_same_site():
            self._refuse(HTTPStatus.FORBIDDEN, "not from this desk's page")
            return
        self._answer(self.path, body)

    def _answer(self, path: str, given: dict[str, Any]) -> None:
        desk = self.server.desk
        calls = {
            ("GET", "/api/state"): lambda: desk.state(),
            ("GET", "/api/item"): lambda: desk.item(_text(given, "id")),
            ("GET", "/api/window"): lambda: desk.window(_text(given, "id"), _whole(given, "from")),
            ("GET", "/api/rulebook"): lambda: {"label": desk.rulebook.label, "text": desk.rulebook.text},
            ("POST", "/api/verdict"): lambda: desk.judge(
                _text(given, "id"),
                _text(given, "verdict"),
                given.get("code") or None,
                _number(given, "seconds"),
            ),
            ("POST", "/api/undo"): lambda: desk.undo(),
        }
        call = calls.get((self.command, path))
        if call is None:
            self._refuse(HTTPStatus.NOT_FOUND, "no such page")
            return
        try:
            self._json(call())
        except StaleError as e:
            self._json({"error": e.what, "cure": e.cure}, HTTPStatus.CONFLICT)
        except HallmarkError as e:
            self._json({"error": e.what, "where": e.where, "cure": e.cure}, HTTPStatus.BAD_REQUEST)

    def _enter(self, ticket: str) -> None:
        if not self.server.admit(ticket):
            self._refuse(
                HTTPStatus.FORBIDDEN, "this link was used already: press Enter in the terminal for a new one"
            )
            return
        value = f"{self.server.cookie}={self.server.session}; Path=/; HttpOnly; SameSite=Strict"
        self._send(b"", "text/plain", HTTPStatus.SEE_OTHER, {"Location": "/", "Set-Cookie": value})

    def _is_ours(self) -> bool:
        """Refuse a Host that is not ours: a foreign name that resolves to this machine."""
        if self.headers.get("Host") in self.server.hosts:
            return True
        self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "not this desk's address")
        return False

    def _is_known(self) -> bool:
        try:
            found = SimpleCookie(self.headers.get("Cookie", "")).get(self.server.cookie)
        except CookieError:
            return False
        return found is not None and compare_digest(found.value.encode(), self.server.session.encode())

    def _is_same_site(self) -> bool:
        token = self.headers.get("X-Hallmark-Desk", "")
        origin = self.headers.get("Origin")
        site = self.headers.get("Sec-Fetch-Site", "same-origin")
        known = compare_digest(token.encode("utf-8", "replace"), self.server.csrf.encode())
        return known and (origin is None or origin in self.server.origins) and site == "same-origin"

    def _body(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "")
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip()
        if not length.isdigit() or int(length) > BODY_LIMIT or kind != "application/json":
            self.close_connection = True
            self._refuse(HTTPStatus.BAD_REQUEST, "a short JSON body is needed")
            return None
        try:
            body = json.loads(self.rfile.read(int(length)))
        except ValueError:
            body = None
        if not isinstance(body, dict):
            self._refuse(HTTPStatus.BAD_REQUEST, "a JSON object is needed")
            return None
        return body

    def _json(self, value: Any, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._send(
            json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass"), "application/json", status
        )

    def _refuse(self, status: HTTPStatus, words: str) -> None:
        self._send(f"{words}\n".encode(), "text/plain; charset=utf-8", status)

    def _send(
        self, body: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, more: dict | None = None
    ) -> None:
        self.send_response(status)
        for name, value in {
            **HEADERS,
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            **(more or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: addresses hold the token, and a log is no place for document ids."""


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str):
        raise HallmarkError(f"{name} is missing")
    return value


def _whole(given: dict[str, Any], name: str) -> int:
    value = _text(given, name)
    if not value.isdigit() or len(value) > 12:
        raise HallmarkError(f"{name} is no whole number")
    return int(value)


def _number(given: dict[str, Any], name: str) -> float:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e7:
        raise HallmarkError(f"{name} is no number of seconds")
    return float(value)
