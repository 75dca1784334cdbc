"""The desk answers its own page and nobody else."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import desk_project as made
import pytest

from pipelines.review_desk.desk import Desk
from pipelines.review_desk.server import DeskServer


@pytest.fixture
def server(
    tmp_path: Path, tmp_path_factory, keys_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[DeskServer]:
    monkeypatch.setenv("HALLMARK_KEYS", str(keys_folder))
    desk = Desk(made.copied(tmp_path_factory.getbasetemp(), tmp_path / "project"), "audit", "r1", "annotator")
    found = DeskServer(desk)
    threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True).start()
    yield found
    found.shutdown()
    found.server_close()
    desk.close()


def ask(server: DeskServer, path: str, *, method: str = "GET", body: object = None, **headers: str):
    """Send one request as the page would (or not), and return status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    given = {"Host": f"127.0.0.1:{server.port}"} | {k.replace("_", "-"): v for k, v in headers.items()}
    content = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
    connection.request(method, path, body=content, headers={k: v for k, v in given.items() if v})
    answer = connection.getresponse()
    result = answer.status, dict(answer.getheaders()), answer.read()
    connection.close()
    return result


def entered(server: DeskServer) -> str:
    link = urlsplit(server.new_link())
    status, headers, _ = ask(server, f"/?{link.query}")
    assert status == 303
    return headers["Set-Cookie"].partition(";")[0]


def proper(server: DeskServer, cookie: str) -> dict[str, str]:
    return {
        "Cookie": cookie,
        "Content_Type": "application/json",
        "X_Hallmark_Desk": server.csrf,
        "Origin": f"http://127.0.0.1:{server.port}",
        "Sec_Fetch_Site": "same-origin",
    }


def verdict(server: DeskServer) -> dict:
    return {"id": server.desk.state()["item"], "verdict": "pass", "code": None, "seconds": 1.5}


def test_a_link_opens_once(server: DeskServer) -> None:
    link = urlsplit(server.new_link())
    assert ask(server, f"/?{link.query}")[0] == 303
    assert ask(server, f"/?{link.query}")[0] == 403
    assert ask(server, "/?token=guess")[0] == 403


def test_a_new_link_ends_the_old_one(server: DeskServer) -> None:
    old = urlsplit(server.new_link())
    new = urlsplit(server.new_link())
    assert ask(server, f"/?{old.query}")[0] == 403
    assert ask(server, f"/?{new.query}")[0] == 303


@pytest.mark.parametrize("path", ["/", "/desk.js", "/api/state", "/api/item?id=00", "/api/rulebook"])
def test_nothing_is_answered_without_the_cookie(server: DeskServer, path: str) -> None:
    assert ask(server, path)[0] == 403
    assert ask(server, path, Cookie=f"{server.cookie}=wrong")[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example:80"])
def test_another_host_name_is_refused_even_with_the_cookie(server: DeskServer, host: str) -> None:
    cookie = entered(server)
    assert ask(server, "/api/state", Host=host, Cookie=cookie)[0] == 421
    status, _, _ = ask(
        server, "/api/verdict", method="POST", body=verdict(server), **proper(server, cookie) | {"Host": host}
    )
    assert status == 421


def test_the_cookie_stays_out_of_scripts_and_other_sites(server: DeskServer) -> None:
    link = urlsplit(server.new_link())
    _, headers, _ = ask(server, f"/?{link.query}")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {p.strip() for p in headers["Set-Cookie"].split(";")}


@pytest.mark.parametrize("path", ["/", "/desk.js", "/desk.css", "/api/state", "/nothing"])
def test_every_answer_forbids_inline_code_storing_and_framing(server: DeskServer, path: str) -> None:
    _, headers, _ = ask(server, path, Cookie=entered(server))
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "change",
    [
        {"X_Hallmark_Desk": ""},
        {"X_Hallmark_Desk": "guess"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Cookie": ""},
    ],
)
def test_a_verdict_from_another_page_is_refused_and_not_written(
    server: DeskServer, change: dict[str, str]
) -> None:
    headers = proper(server, entered(server)) | change
    assert ask(server, "/api/verdict", method="POST", body=verdict(server), **headers)[0] == 403
    assert not server.desk.journal.path.exists()


@pytest.mark.parametrize(
    ("body", "change"),
    [
        (b"{", {}),
        (b"[1]", {}),
        (b"x" * 5000, {}),
        ({"id": "00"}, {}),
        ({"verdict": "pass", "seconds": 1}, {}),
        ({"seconds": "1"}, {}),
        ({"seconds": -1}, {}),
        ({}, {"Content_Type": "text/plain"}),
    ],
)
def test_a_request_that_is_not_sound_is_refused_and_not_written(server: DeskServer, body, change) -> None:
    given = (
        (verdict(server) | body)
        if isinstance(body, dict) and "seconds" in body and "verdict" not in body
        else body
    )
    status, _, _ = ask(
        server, "/api/verdict", method="POST", body=given, **proper(server, entered(server)) | change
    )
    assert status == 400
    assert not server.desk.journal.path.exists()


def test_a_sound_verdict_is_on_disk_when_the_answer_comes(server: DeskServer) -> None:
    given = verdict(server)
    status, _, body = ask(
        server, "/api/verdict", method="POST", body=given, **proper(server, entered(server))
    )
    assert status == 200
    assert json.loads(server.desk.journal.path.read_text())["doc_id"] == given["id"]
    assert json.loads(body)["item"] != given["id"]


def test_the_same_verdict_again_is_told_that_it_is_late(server: DeskServer) -> None:
    given, cookie = verdict(server), entered(server)
    ask(server, "/api/verdict", method="POST", body=given, **proper(server, cookie))
    status, _, body = ask(server, "/api/verdict", method="POST", body=given, **proper(server, cookie))
    assert status == 409
    assert "another window" in json.loads(body)["error"]
    assert len(server.desk.journal.path.read_text().splitlines()) == 1


def test_it_listens_on_this_machine_alone(server: DeskServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
