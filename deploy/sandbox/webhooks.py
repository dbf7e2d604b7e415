"""webhooks - tells the merchant what happened, as Razorpay does: at least once, in no sure order.

    POST {url}   {"entity": "event", "account_id", "event", "contains", "payload", "created_at"}
        X-Razorpay-Signature   HMAC-SHA256 of these very bytes with the webhook secret, in hex
        x-razorpay-event-id    the same whenever the same event is told

An event is told until a 2xx comes within 5 s: again after 1 s, 2 s, 4 s, and so on to a minute, for
as long as the sandbox lives; what is open when it stops is told after its next start. Where nothing
at all succeeds, one event is tried every 2 s, so that a merchant who is away costs nothing; the
first success sends all that waits. The switches (switches.py) make it worse than that.
"""

import asyncio
import collections
import heapq
import hmac
import itertools
import json
import logging
import random
import time

from http_client import HttpClient

ANSWER_SECONDS_MAX = 5
CONCURRENCY_MAX = 32
WAITING_MAX = 100_000
RETRY_SECONDS_FIRST = 1
RETRY_SECONDS_MAX = 60
AWAY_AFTER_FAILURES = 20
AWAY_PAUSE_SECONDS = 2
STALE_SECONDS = 3600
# A timer may ring a little early.
TIMER_SECONDS = 0.001
SHOWN_MAX = 50
ENCODE = json.JSONEncoder(separators=(",", ":")).encode


class Delivery:
    """One event on its way; a duplicate is another one with the same event."""

    __slots__ = ("event", "due", "attempts", "state", "result")

    def __init__(self, event, due):
        self.event = event
        self.due = due
        self.attempts = 0
        self.state = "waiting"
        self.result = ""

    def as_json(self):
        return {
            "event_id": self.event.id,
            "event": self.event.name,
            "about": next(iter(self.event.payload.values()))["entity"]["id"],
            "created_at": self.event.created_at,
            "state": self.state,
            "attempts": self.attempts,
            "result": self.result,
        }


class Webhooks:
    """url: where to tell it, as urllib.parse.urlsplit has it. secrets: the current one, and the one
    before. settled(event_id) is called once for each event that need not be told any more."""

    def __init__(self, account_id, url, secrets, switches, settled):
        self._account_id = account_id
        self._target = url
        self._secret, self._secret_old = secrets
        self._switches = switches
        self._settled = settled
        self._client = HttpClient(url.hostname, url.port or 80, ANSWER_SECONDS_MAX)
        self._heap = []  # (due, number, delivery)
        self._numbers = itertools.count()
        self._open = {}  # event id -> how many of its deliveries are on their way
        self._active = 0
        self._failures = 0  # in a row
        self._away_until = 0.0
        self._timer = None
        self._is_closed = False
        self._shown = collections.deque(maxlen=SHOWN_MAX)
        self._counts = {"told": 0, "failed": 0, "lost": 0}

    def send(self, event):
        switch = self._switches.of("webhooks")
        if is_hit(switch["lost_percent"]):
            self._lose(event, "the sandbox's switch")
            return
        if len(self._heap) >= WAITING_MAX:
            self._lose(event, f"{WAITING_MAX} wait already")
            return
        self._open[event.id] = 1 + switch["duplicates"]
        for _ in range(1 + switch["duplicates"]):
            seconds = switch["delay_ms"] + random.random() * switch["reorder_ms"]
            delivery = Delivery(event, time.monotonic() + seconds / 1000)
            self._shown.appendleft(delivery)
            self._push(delivery)
        self._pump()

    def newest(self):
        return [delivery.as_json() for delivery in self._shown]

    def counts(self):
        return {**self._counts, "waiting": len(self._heap) + self._active}

    def close(self):
        self._is_closed = True
        self._client.close()
        if self._timer:
            self._timer.cancel()

    def _lose(self, event, why):
        delivery = Delivery(event, 0)
        delivery.state = "lost"
        delivery.result = why
        self._shown.appendleft(delivery)
        self._counts["lost"] += 1
        self._settled(event.id)

    def _push(self, delivery):
        heapq.heappush(self._heap, (delivery.due, next(self._numbers), delivery))

    def _pump(self):
        """Starts what is due, and sets the timer for what will be."""
        now = time.monotonic()
        is_away = self._failures >= AWAY_AFTER_FAILURES
        while self._heap and self._active < (1 if is_away else CONCURRENCY_MAX):
            due = max(self._heap[0][0], self._away_until if is_away else 0)
            if due > now:
                self._wake_at(due)
                return
            self._start(heapq.heappop(self._heap)[2])

    def _wake_at(self, due):
        loop = asyncio.get_running_loop()
        at = loop.time() + due - time.monotonic()
        if self._timer and loop.time() < self._timer.when() <= at + TIMER_SECONDS:
            return
        if self._timer:
            self._timer.cancel()
        self._timer = loop.call_at(at + TIMER_SECONDS, self._pump)

    def _start(self, delivery):
        self._active += 1
        delivery.attempts += 1
        self._client.post(
            self._request(delivery.event),
            lambda status, reason: self._ended(delivery, status, reason))

    def _request(self, event):
        switch = self._switches.of("webhooks")
        secret, created_at = self._secret, event.created_at
        if is_hit(switch["stale_percent"]):
            secret, created_at = self._secret_old, created_at - STALE_SECONDS
        if is_hit(switch["wrongly_signed_percent"]):
            secret = b"wrong" + secret
        body = ENCODE({
            "entity": "event",
            "account_id": self._account_id,
            "event": event.name,
            "contains": list(event.payload),
            "payload": event.payload,
            "created_at": created_at,
        }).encode()
        head = (
            f"POST {self._target.path or '/'} HTTP/1.1\r\n"
            f"Host: {self._target.netloc}\r\n"
            "User-Agent: Firstcome-sandbox\r\n"
            "Content-Type: application/json\r\n"
            f"X-Razorpay-Signature: {hmac.digest(secret, body, 'sha256').hex()}\r\n"
            f"x-razorpay-event-id: {event.id}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n")
        return head.encode() + body

    def _ended(self, delivery, status, reason):
        if self._is_closed:
            return
        self._active -= 1
        delivery.result = str(status or reason)
        if 200 <= status <= 299:
            self._succeeded(delivery)
        else:
            self._failed(delivery)
        self._pump()

    def _succeeded(self, delivery):
        event_id = delivery.event.id
        delivery.state = "told"
        self._counts["told"] += 1
        self._open[event_id] -= 1
        if self._open[event_id] == 0:
            del self._open[event_id]
            self._settled(event_id)
        if self._failures >= AWAY_AFTER_FAILURES:
            logging.info("webhooks: %s answers again; %d wait", self._target.geturl(),
                         len(self._heap))
            # Sorted by when they would have been due, which is as good an order as any.
            self._heap = [(0, number, each) for number, (_, _, each) in
                          zip(self._numbers, sorted(self._heap))]
        self._failures = 0

    def _failed(self, delivery):
        self._counts["failed"] += 1
        self._failures += 1
        now = time.monotonic()
        if self._failures == AWAY_AFTER_FAILURES:
            logging.warning(
                "webhooks: %s does not take them (%s); one is tried every %d s from now on",
                self._target.geturl(), delivery.result, AWAY_PAUSE_SECONDS)
        self._away_until = now + AWAY_PAUSE_SECONDS
        pause = min(RETRY_SECONDS_FIRST * 2 ** min(delivery.attempts - 1, 16), RETRY_SECONDS_MAX)
        delivery.due = now + pause
        self._push(delivery)


def is_hit(percent):
    return percent > 0 and random.random() * 100 < percent
