"""crowd - people who book without a pause, and a record of every answer that they got.

Somebody who got no answer asks again with the same key, as the page does, until there is one.
"""
import concurrent.futures
import dataclasses
import http.client
import json
import threading
import time
import urllib.parse
import uuid

import firstcome

EACH_MAX = 100  # what a definition allows a person at most
THREADS = 12
ANSWER_SECONDS = 10.0


@dataclasses.dataclass
class Wish:
    """One booking, from the first try to the answer."""
    token: str
    campaign: str
    asked_at: float
    key: str
    tries: int = 0
    answered_at: float = 0.0
    booking_id: str = ""


class Door:
    """A connection to the API that is made again when it breaks."""

    def __init__(self):
        self.parts = urllib.parse.urlsplit(firstcome.HTTP_URL)
        self.connection = None

    def book(self, wish):
        """True if it was answered for good."""
        headers = {"Authorization": f"Bearer {wish.token}", "Idempotency-Key": wish.key,
                   "Content-Type": "application/json", "Prefer": "wait=2"}
        wish.tries += 1
        try:
            if self.connection is None:
                self.connection = http.client.HTTPConnection(
                    self.parts.hostname, self.parts.port, timeout=ANSWER_SECONDS)
            body = json.dumps({"campaign_id": wish.campaign, "count": 1})
            self.connection.request("POST", "/v1/bookings", body=body, headers=headers)
            response = self.connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException):
            self.close()
            return False
        if response.status in (202, 429, 503):
            return False
        assert response.status == 201, (response.status, answer)
        wish.answered_at = time.monotonic()
        wish.booking_id = json.loads(answer)["booking_id"]
        return True

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Crowd:
    """All of them in one campaign; from create to finish they book, rate times a second."""

    def __init__(self, people, rate):
        self.people = people
        self.campaign = firstcome.new_campaign(
            "cluster", units=len(people) * EACH_MAX, units_per_person=EACH_MAX)
        self.wishes = []
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._pause = THREADS / rate
        self._pool = concurrent.futures.ThreadPoolExecutor(THREADS)
        self._working = [self._pool.submit(self._work, people[i::THREADS]) for i in range(THREADS)]

    def _work(self, people):
        door = Door()
        for person in (person for _ in range(EACH_MAX) for person in people):
            if self._ending.is_set():
                break
            wish = Wish(person.token, self.campaign, time.monotonic(), uuid.uuid4().hex)
            with self._lock:
                self.wishes.append(wish)
            while not door.book(wish):
                time.sleep(0.1)
            time.sleep(max(0.0, wish.asked_at + self._pause - time.monotonic()))
        door.close()

    def answered(self, since, until):
        """The wishes that were answered then, in the order of their answers."""
        with self._lock:
            found = [w for w in self.wishes if since <= w.answered_at <= until]
        return sorted(found, key=lambda wish: wish.answered_at)

    def is_booking(self):
        """False once they have all that they may have."""
        return not all(work.done() for work in self._working)

    def finish(self):
        """Nobody asks for more; all who asked get their answer."""
        self._ending.set()
        for work in self._working:
            work.result(timeout=120)
        self._pool.shutdown()


def gather(count):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        return list(pool.map(lambda _: firstcome.Person(), range(count)))


class Newcomer:
    """Somebody new logs in, again and again: codes must arrive, whoever leads their streams."""

    def __init__(self):
        self.logins = []  # when they were done
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        while not self._ending.is_set():
            try:
                firstcome.Person()
                self.logins.append(time.monotonic())
            except (AssertionError, OSError, http.client.HTTPException):
                pass  # asks for another code, as somebody new
            time.sleep(0.5)

    def await_login(self, seconds=60.0):
        now = time.monotonic()
        firstcome.await_true("somebody new has logged in",
                             lambda: self.logins and self.logins[-1] > now, seconds)

    def finish(self):
        self._ending.set()
        self._thread.join(60)
