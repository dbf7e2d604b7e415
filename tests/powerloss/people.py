"""people - who book without pause, and remember every word that they were told.

What somebody was told is kept with its time, in this process, far from the machine whose power goes:
it is the measure of what must be there afterwards.
"""
import base64
import dataclasses
import hashlib
import http.client
import json
import os
import random
import threading
import time
import urllib.parse

import firstcome

# Asking again until there is an answer: a machine that boots in software emulation takes a while.
PATIENCE_SECONDS = 900
PAUSE_SECONDS = 0.2
TOKEN_SECONDS = 7 * 86400
CHANNEL_EMAIL = 1


def new_token():
    """What somebody shows who logged in yesterday (common/token.h)."""
    key_id, key = (firstcome.HOME / "keys" / "token.keys").read_text().split()[:2]
    expiry = int(time.time()) + TOKEN_SECONDS
    packed = bytes([int(key_id)]) + os.urandom(16) + expiry.to_bytes(5, "little")
    packed += bytes([CHANNEL_EMAIL]) + os.urandom(16)
    mac = hashlib.blake2b(packed, key=bytes.fromhex(key), digest_size=16, person=b"token").digest()
    return "fc1." + base64.urlsafe_b64encode(packed + mac).decode().rstrip("=")


@dataclasses.dataclass
class Wish:
    """One booking that somebody wants, and what came of it. The same key however often it is asked."""
    token: str
    wait: int  # seconds; 0 asks for a ticket
    key: str = dataclasses.field(default_factory=lambda: os.urandom(12).hex())
    booking: str = ""  # the booking ID
    place: int = 0  # in line
    ticket: str = ""
    told_at: float = 0.0

    def is_told(self):
        return bool(self.booking or self.ticket)


@dataclasses.dataclass
class Told:
    """Something that was acknowledged, by its name, and when."""
    name: str
    told_at: float = dataclasses.field(default_factory=time.time)


class Connection:
    """To any ingress; anew after whatever went wrong."""

    def __init__(self):
        self.parts = urllib.parse.urlsplit(firstcome.HTTP_URL)
        self.http = None

    def call(self, method, path, body, headers):
        """(status, JSON), or None if nobody answered."""
        try:
            if self.http is None:
                self.http = http.client.HTTPConnection(self.parts.hostname, self.parts.port, timeout=15)
            self.http.request(method, path, body=json.dumps(body), headers=headers)
            response = self.http.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return None

    def close(self):
        if self.http is not None:
            self.http.close()
        self.http = None


class Crowd:
    """Many who book one campaign, some who log in first, and an admin who publishes new campaigns."""

    def __init__(self, campaign, people):
        self.campaign = campaign
        self.people = people
        self.wishes = []
        self.logins = []      # Told, by contact
        self.published = []   # Told, by campaign
        self.strange = []     # answers that nobody should get
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.giving_up = threading.Event()
        self.threads = []

    def start(self):
        self.stopping.clear()
        work = [self.book_on] * self.people + [self.log_in_on, self.publish_on]
        self.threads = [threading.Thread(target=each, daemon=True) for each in work]
        for thread in self.threads:
            thread.start()

    def stop(self):
        """Nobody asks for anything new; returns when everybody has an answer."""
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def give_up(self):
        """Stops, though some may never get an answer."""
        self.giving_up.set()
        self.stop()

    def told(self, since=0.0, until=float("inf")):
        """All that was acknowledged, or what of it was between two moments, by kind."""
        with self.lock:
            wishes = [w for w in self.wishes if w.is_told() and since <= w.told_at < until]
        logins, published = ([t for t in list(each) if since <= t.told_at < until]
                             for each in (self.logins, self.published))
        return {"bookings": [w for w in wishes if w.booking],
                "tickets": [w for w in wishes if not w.booking],
                "log-ins": logins, "campaigns": published}

    def ask(self, wish, connection):
        """Asks once, and notes the answer. True if it was one that ends the matter."""
        answer = connection.call("POST", "/v1/bookings", {"campaign_id": self.campaign, "count": 1}, {
            "Authorization": f"Bearer {wish.token}", "Content-Type": "application/json",
            "Idempotency-Key": wish.key, "Prefer": f"wait={wish.wait}"})
        if answer is None:
            return False
        status, body = answer
        if status == 201 and body["status"] == "booked":
            self.note_booking(wish, body)
        elif status == 202:
            self.note_ticket(wish, body)
        elif status not in (429, 503):
            with self.lock:
                self.strange.append(f"{status} {json.dumps(body)}")
            return True
        return wish.is_told()

    def note_booking(self, wish, body):
        with self.lock:
            if wish.booking not in ("", body["booking_id"]):
                self.strange.append(f"two bookings for one wish: {wish.booking}, {body['booking_id']}")
            wish.booking, wish.place = body["booking_id"], body["place"]
            wish.told_at = wish.told_at or time.time()

    def note_ticket(self, wish, body):
        with self.lock:
            wish.ticket = body["ticket"]
            wish.told_at = wish.told_at or time.time()

    def book_on(self):
        connection = Connection()
        chance = random.Random()
        while not self.stopping.is_set():
            wish = Wish(new_token(), wait=chance.choice((0, 5, 5, 5)))
            with self.lock:
                self.wishes.append(wish)
            end = time.monotonic() + PATIENCE_SECONDS
            while (not self.ask(wish, connection) and time.monotonic() < end
                   and not self.giving_up.is_set()):
                time.sleep(PAUSE_SECONDS)
        connection.close()

    def log_in_on(self):
        """A code, a log-in, a booking: the long way, with a confirmation by mail at its end."""
        while not self.stopping.is_set():
            try:
                person = firstcome.Person()
                self.logins.append(Told(person.contact))
                person.book(self.campaign, key=person.account)
            except (AssertionError, OSError, http.client.HTTPException, ValueError):
                pass  # the machine is away: somebody else tries next
            time.sleep(PAUSE_SECONDS)

    def publish_on(self):
        while not self.stopping.wait(1.0):
            campaign = firstcome.new_campaign_id("new")
            done = firstcome.publish(firstcome.define(campaign), check=False)
            if done.get("ok"):
                self.published.append(Told(campaign))
