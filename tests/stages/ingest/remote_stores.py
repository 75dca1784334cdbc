"""Remote stores on the loopback: a web server, an S3 server (moto's own process thread) and a Hugging Face endpoint."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit


class Shelf(BaseHTTPRequestHandler):
    """Serves the server's `files` with an ETag; counts what was asked; knows the hub's paths for a data set."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_) -> None:
        """Stay silent."""

    def do_HEAD(self) -> None:
        """Answer with the head alone."""
        self._answer(b"")

    def do_GET(self) -> None:
        """Answer a file or the hub's question."""
        self._answer(None)

    def do_POST(self) -> None:
        """Answer the hub's question about single paths."""
        asked = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        wanted = [unquote(x.partition("=")[2]) for x in asked.split("&") if x.startswith("paths=")]
        if asked[:1] == "{":
            wanted = json.loads(asked)["paths"]
        self._send(
            json.dumps([row for row in self._rows() if row["path"] in wanted]).encode(), "application/json"
        )

    def _answer(self, body: bytes | None) -> None:
        path = unquote(urlsplit(self.path).path)
        self.server.asked.append((self.command, path))
        hub = "/api/datasets/house/set"
        if path.startswith(f"{hub}/tree/"):
            below = path.removeprefix(f"{hub}/tree/main").strip("/")
            rows = [
                r
                for r in self._rows()
                if r["path"].rpartition("/")[0] == below or "recursive=True" in self.path
            ]
            return self._send(json.dumps(rows).encode(), "application/json")
        if path.startswith(hub):
            return self._send(
                json.dumps({"id": "house/set", "sha": "0" * 40, "siblings": []}).encode(), "application/json"
            )
        name = path.removeprefix("/datasets/house/set/resolve/main").strip("/")
        if name not in self.server.files:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return None
        return self._send(self.server.files[name], "application/octet-stream", head=body is not None)

    def _send(self, data: bytes, kind: str, head: bool = False) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        if self.server.marked:
            self.send_header("ETag", f'"{sha1(data).hexdigest()}"')
            self.send_header("X-Repo-Commit", "0" * 40)
        self.end_headers()
        if not head and self.command != "HEAD":
            self.wfile.write(data)

    def _rows(self) -> list[dict]:
        rows = [
            {"type": "file", "oid": sha1(data).hexdigest(), "size": len(data), "path": name}
            for name, data in self.server.files.items()
        ]
        folders = {name.rpartition("/")[0] for name in self.server.files} - {""}
        return rows + [{"type": "directory", "oid": "0" * 40, "size": 0, "path": f} for f in sorted(folders)]


@contextmanager
def web_server(files: dict[str, bytes], *, marked: bool = True) -> Iterator[ThreadingHTTPServer]:
    """Serve `files` on the loopback; the server has `.url`, `.files` and `.asked`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shelf)
    server.files, server.asked, server.marked = files, [], marked
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
