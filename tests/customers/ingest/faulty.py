"""A receiver that stands between a client library and the server and misbehaves on purpose."""

import http.client
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ERROR_500 = "error_500"
DROP_BEFORE = "drop_before"
DROP_AFTER = "drop_after"


@contextmanager
def faulty(upstream: str, faults: Sequence[str]) -> Iterator[str]:
    """Forward POSTs to `upstream`, the first ones with these faults: answer 500, or drop the connection before or after storing."""
    left = list(faults)
    lock = threading.Lock()
    target = urlsplit(upstream)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with lock:
                fault = left.pop(0) if left else ""
            if fault == ERROR_500:
                self.answer(500, b"<h1>boom</h1>")
            elif fault == DROP_BEFORE:
                self.close_connection = True
            else:
                status, content = self.forward(body)
                if fault == DROP_AFTER:
                    self.close_connection = True
                else:
                    self.answer(status, content)

        def forward(self, body: bytes) -> tuple[int, bytes]:
            connection = http.client.HTTPConnection(target.hostname or "", target.port or 80)
            connection.request("POST", self.path, body, {k: v for k, v in self.headers.items() if k.lower() != "host"})
            response = connection.getresponse()
            content = response.read()
            connection.close()
            return response.status, content

        def answer(self, status: int, content: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
