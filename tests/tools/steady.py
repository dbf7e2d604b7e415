"""People who book at a steady rate, over sockets of their own making: every answer is kept, and every lack of one.

Half of them keep their connection, half make a new one for each request. Each asks REPEATS times with one key, so
that who got no answer, or a ticket, asks again as a person would, and who got one must get the same.
"""
import asyncio
import collections
import json
import re
import threading
import time
import urllib.parse

import firstcome

REPEATS = 10
WAIT_SECONDS = 5
# Longer than any answer may take: then nobody will come any more.
ANSWER_SECONDS = 20 * firstcome.PATIENCE

Answer = collections.namedtuple("Answer", "sent_at seconds status")


class Connection:
    """One that a person keeps, or uses once."""

    def __init__(self):
        self.reader = self.writer = None

    def close(self):
        if self.writer is not None:
            self.writer.transport.abort() if self.reader.exception() else self.writer.close()
        self.reader = self.writer = None

    async def ask(self, request):
        """(status, headers, JSON). Raises ConnectionError or TimeoutError, in words, where there was no answer."""
        if self.reader is not None and self.reader.at_eof():
            self.close()  # it was idle: nobody is harmed
        doing = "connecting"
        try:
            if self.reader is None:
                address = urllib.parse.urlsplit(firstcome.HTTP_URL)
                opening = asyncio.open_connection(address.hostname, address.port)
                self.reader, self.writer = await asyncio.wait_for(opening, ANSWER_SECONDS)
            doing = "waiting for the answer"
            self.writer.write(request)
            return await asyncio.wait_for(self.read_answer(), ANSWER_SECONDS)
        except (OSError, EOFError, asyncio.TimeoutError) as error:
            self.close()
            raise ConnectionError(f"{type(error).__name__} while {doing}: {error}") from error

    async def read_answer(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return int(head[0].split()[1]), headers, json.loads(body)


class Steady:
    """A context: they book while it lasts. tokens: one for each person."""

    def __init__(self, campaign, tokens, rate):
        self.campaign = campaign
        self.tokens = tokens
        self.interval = len(tokens) / rate
        self.answers = []
        self.bookings = {}    # by (token, key): what was acknowledged
        self.tickets = {}
        self.unanswered = []  # in words
        self.wrong = []       # answers that nobody should get, in words
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self.book_all()), daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join(2 * ANSWER_SECONDS)
        assert not self.thread.is_alive(), "somebody still waits for an answer"

    async def book_all(self):
        await asyncio.gather(*(self.book_on(number) for number in range(len(self.tokens))))

    async def book_on(self, number):
        connection = Connection()
        keeps = number % 2 == 0
        due = time.monotonic() + self.interval * number / len(self.tokens)
        asked = 0
        while not self.stopping.is_set():
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due = max(due + self.interval, time.monotonic())
            await self.book(connection, self.tokens[number], f"wish-{asked // REPEATS}", keeps)
            asked += 1
            if not keeps:
                connection.close()
        connection.close()

    async def book(self, connection, token, key, keeps):
        body = json.dumps({"campaign_id": self.campaign, "count": 1})
        lines = ["POST /v1/bookings HTTP/1.1", "Host: test", f"Authorization: Bearer {token}",
                 "Content-Type: application/json", f"Idempotency-Key: {key}", f"Prefer: wait={WAIT_SECONDS}",
                 f"Content-Length: {len(body)}", "", body]
        sent_at, began = time.time(), time.monotonic()
        try:
            status, headers, answer = await connection.ask("\r\n".join(lines).encode())
        except ConnectionError as error:
            self.unanswered.append(f"{sent_at:.3f} {'kept' if keeps else 'new'} connection: {error}")
            return
        self.answers.append(Answer(sent_at, time.monotonic() - began, status))
        self.note((token, key), status, headers, answer)

    def note(self, wish, status, headers, answer):
        if status == 201:
            if self.bookings.setdefault(wish, answer["booking_id"]) != answer["booking_id"]:
                self.wrong.append(f"two bookings for one wish: {self.bookings[wish]} and {answer}")
        elif status == 202:
            self.tickets[wish] = answer["ticket"]
        elif status not in (429, 503) or "retry-after" not in headers:
            self.wrong.append(f"{status} {answer}")

    def statuses(self):
        return dict(collections.Counter(answer.status for answer in self.answers))

    def lost(self):
        """What somebody was told and is not so, once the ledger has caught up."""
        exported = str(firstcome.tool("export", self.campaign))
        rows = set(re.findall(r"booking_id\W+([0-9A-Z-]+)", exported))
        lost = [booking for booking in self.bookings.values() if booking not in rows]
        for wish, ticket in self.tickets.items():
            answer = firstcome.api("GET", f"/v1/requests/{ticket}")
            if answer.status != 200 or answer.json["status"] == "queued":
                lost.append(f"ticket {ticket}: {answer}")
            elif answer.json["booking"]["booking_id"] != self.bookings.setdefault(
                    wish, answer.json["booking"]["booking_id"]):
                lost.append(f"ticket {ticket} is of another booking than {self.bookings[wish]}")
        return lost
