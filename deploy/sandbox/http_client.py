"""http_client - posts to one server over a few connections that stay, with one answer each in time.

Of an answer only the status is told. A connection is used again if its answer ended where its
Content-Length said, else it is closed.
"""

import asyncio
import os
import re
import time

ANSWER_BYTES_MAX = 64 << 10
SWEEP_SECONDS = 0.25
STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2}) ")
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n")
CLOSING = re.compile(rb"\r\nconnection:[ \t]*close")


class HttpClient:
    """As many connections as there are posts at a time; the caller bounds these."""

    def __init__(self, host, port, seconds_max):
        self._host = host
        self._port = port
        self._seconds_max = seconds_max
        self._idle = []
        self._busy = set()
        self._connecting = set()
        self._sweeper = None

    def post(self, request, done):
        """request: the bytes of it all. Calls done(status, reason) later: a status of 0 is no
        answer, and the reason says why."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.transport.is_closing():
                self._start(connection, request, done)
                return
        task = asyncio.ensure_future(self._connect(request, done))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def close(self):
        for task in self._connecting:
            task.cancel()
        for connection in [*self._idle, *self._busy]:
            connection.exchange = None
            connection.transport.abort()
        if self._sweeper:
            self._sweeper.cancel()

    async def _connect(self, request, done):
        loop = asyncio.get_running_loop()
        try:
            _, connection = await asyncio.wait_for(
                loop.create_connection(lambda: _Connection(self), self._host, self._port),
                self._seconds_max)
        except OSError as error:  # a time-out is one too
            done(0, os.strerror(error.errno) if error.errno else "no connection in time")
            return
        self._start(connection, request, done)

    def _start(self, connection, request, done):
        self._busy.add(connection)
        connection.exchange = (done, time.monotonic() + self._seconds_max)
        connection.transport.write(request)
        if self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def ended(self, connection, status, reason, is_kept):
        """A connection tells that its exchange is over."""
        done, _ = connection.exchange
        connection.exchange = None
        self._busy.discard(connection)
        if is_kept:
            self._idle.append(connection)
        else:
            connection.transport.abort()
        done(status, reason)

    def _sweep(self):
        """Ends what takes too long; one timer for all is cheaper than one each."""
        self._sweeper = None
        now = time.monotonic()
        for connection in [each for each in self._busy if each.exchange[1] <= now]:
            self.ended(connection, 0, f"no answer within {self._seconds_max} s", False)
        if self._busy and self._sweeper is None:
            self._sweeper = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)


class _Connection(asyncio.Protocol):
    def __init__(self, client):
        self.transport = None
        self.exchange = None  # (done, deadline) while an answer is awaited
        self._client = client
        self._buffer = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        if self.exchange is None:
            self.transport.abort()
            return
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > ANSWER_BYTES_MAX:
                self._client.ended(self, 0, "the answer is no HTTP", False)
            return
        status = STATUS_LINE.match(self._buffer)
        if not status:
            self._client.ended(self, 0, "the answer is no HTTP", False)
            return
        head = self._buffer[:end + 2].lower()
        length = LENGTH.search(head)
        if status[1] == b"0" or not length or CLOSING.search(head):
            self._client.ended(self, int(status[2]), "", False)
            return
        missing = end + 4 + int(length[1]) - len(self._buffer)
        if missing <= 0 or missing > ANSWER_BYTES_MAX:
            self._buffer = b""
            self._client.ended(self, int(status[2]), "", missing == 0)

    def connection_lost(self, error):
        if self.exchange:
            self._client.ended(self, 0, "the connection broke", False)
