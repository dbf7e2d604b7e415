"""http_server - HTTP/1.1 on the loop, for a few thousand connections and requests a second.

Strict about what it takes: bodies with a Content-Length only, and bounded in every way. A request
is answered at once where the handler can, so that no task is made for it; else requests on the same
connection wait for it.
"""

import asyncio
import collections
import http
import logging
import re
import time

HEAD_BYTES_MAX = 16 << 10
BODY_BYTES_MAX = 64 << 10
CONNECTIONS_MAX = 4096
IDLE_SECONDS_MAX = 60
SWEEP_SECONDS = 10
REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.([01])")
HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00-\x08\x0a-\x1f\x7f]*?)[ \t]*")
REASONS = {status.value: status.phrase for status in http.HTTPStatus}


class Request(collections.namedtuple("Request", "method path query headers body")):
    """path and query as they were sent; headers with names in lower case."""


class Answer:
    __slots__ = ("status", "content_type", "content", "headers")

    def __init__(self, status, content_type, content, headers=()):
        self.status = status
        self.content_type = content_type
        self.content = content
        self.headers = headers

    def encode(self, is_kept):
        """is_kept: whether the connection stays for another request."""
        head = [
            f"HTTP/1.1 {self.status} {REASONS.get(self.status, '')}",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.content)}",
            "Cache-Control: no-store",
            "X-Content-Type-Options: nosniff",
        ]
        head.extend(f"{name}: {value}" for name, value in self.headers)
        head.append("Connection: keep-alive\r\n\r\n" if is_kept else "Connection: close\r\n\r\n")
        return "\r\n".join(head).encode("latin-1") + self.content


# Instead of an Answer: the connection breaks.
BROKEN = Answer(0, "", b"")


class BadRequest(Exception):
    """A request that HTTP has no place for; what follows on the connection is not read."""

    def __init__(self, status, text):
        super().__init__(text)
        self.answer = Answer(status, "text/plain; charset=utf-8", f"{text}\n".encode())


class HttpServer:
    """handle(request) returns an Answer, or a coroutine that will."""

    def __init__(self, handle):
        self.handle = handle
        self.connections = set()
        self._server = None
        self._sweeper = None

    async def start(self, host, port):
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), host=host, port=port, backlog=512)
        self._sweeper = loop.call_later(SWEEP_SECONDS, self._sweep)

    def close(self):
        self._sweeper.cancel()
        self._server.close()
        for connection in list(self.connections):
            connection.transport.abort()

    def _sweep(self):
        """Nobody holds a connection by saying nothing."""
        before = time.monotonic() - IDLE_SECONDS_MAX
        for connection in list(self.connections):
            if connection.is_idle_since(before):
                connection.transport.abort()
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(SWEEP_SECONDS, self._sweep)


class _Connection(asyncio.Protocol):
    def __init__(self, server):
        self.transport = None
        self._server = server
        self._buffer = b""
        self._head = None  # of the request whose body is not complete
        self._task = None  # that answers a request; others wait
        self._is_full = False  # answers wait because the peer does not read them
        self._is_last = False
        self._heard_at = time.monotonic()

    def connection_made(self, transport):
        self.transport = transport
        self._server.connections.add(self)
        if len(self._server.connections) > CONNECTIONS_MAX:
            transport.abort()

    def connection_lost(self, error):
        self._server.connections.discard(self)
        self._buffer = b""

    def is_idle_since(self, moment):
        return self._task is None and self._heard_at < moment

    def data_received(self, data):
        self._heard_at = time.monotonic()
        self._buffer += data
        self._work()

    def pause_writing(self):
        self._is_full = True

    def resume_writing(self):
        self._is_full = False
        self._work()

    def _work(self):
        """Answers what is complete, one request after the other."""
        while not (self._task or self._is_full or self._is_last or self.transport.is_closing()):
            try:
                request = self._next_request()
            except BadRequest as bad:
                self._is_last = True
                self._send(bad.answer)
                return
            if request is None:
                break
            self._answer(request)
        # A peer that sends on and on while its requests wait is not read.
        if len(self._buffer) > HEAD_BYTES_MAX + BODY_BYTES_MAX:
            self.transport.pause_reading()
        else:
            self.transport.resume_reading()

    def _next_request(self):
        if self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0 and len(self._buffer) <= HEAD_BYTES_MAX:
                return None
            if not 0 <= end <= HEAD_BYTES_MAX:
                raise BadRequest(431, f"A head has at most {HEAD_BYTES_MAX} bytes")
            self._head = _parse_head(self._buffer[:end])
            self._buffer = self._buffer[end + 4:]
        length = self._head[-1]
        if len(self._buffer) < length:
            return None
        method, target, is_kept, headers, _ = self._head
        body, self._buffer, self._head = self._buffer[:length], self._buffer[length:], None
        self._is_last = not is_kept
        path, _, query = target.partition("?")
        return Request(method, path, query, headers, body)

    def _answer(self, request):
        answer = self._server.handle(request)
        if isinstance(answer, Answer):
            self._send(answer)
        else:
            self._task = asyncio.ensure_future(answer)
            self._task.add_done_callback(self._answered)

    def _answered(self, task):
        self._task = None
        self._heard_at = time.monotonic()
        if task.cancelled() or task.exception():
            logging.error("http: a request failed", exc_info=task.exception())
            self.transport.abort()
        else:
            self._send(task.result())
            self._work()

    def _send(self, answer):
        if answer is BROKEN:
            self.transport.abort()
        elif not self.transport.is_closing():
            self.transport.write(answer.encode(not self._is_last))
            if self._is_last:
                self.transport.close()


def _parse_head(head):
    """Returns method, target, whether the connection stays, headers, and the body's length."""
    first, *lines = head.split(b"\r\n")
    line = REQUEST_LINE.fullmatch(first)
    if not line:
        raise BadRequest(400, "The request line is not one of HTTP/1.1")
    headers = {}
    for text in lines:
        header = HEADER.fullmatch(text)
        if not header:
            raise BadRequest(400, "A header line is not one")
        name = header[1].decode("ascii").lower()
        if name == "content-length" and name in headers:
            raise BadRequest(400, "There are two lengths")
        headers[name] = header[2].decode("latin-1")
    if "transfer-encoding" in headers:
        raise BadRequest(411, "Send a Content-Length, not a Transfer-Encoding")
    length = headers.get("content-length", "0")
    if not re.fullmatch("[0-9]{1,9}", length) or int(length) > BODY_BYTES_MAX:
        raise BadRequest(413, f"A body has at most {BODY_BYTES_MAX} bytes")
    wish = headers.get("connection", "").lower()
    is_kept = wish != "close" if line[3] == b"1" else wish == "keep-alive"
    return line[1].decode("ascii"), line[2].decode("ascii"), is_kept, headers, int(length)
