"""flat_load - the same load all the time: all that people do, at rates that one machine hardly notices.

    polls       state and counts of a campaign, over connections that stay
    visits      the same, each over a connection of its own
    refused     bookings of new people on a campaign that is sold out
    bookings    bookings of new people on one that is not; every second one is told again with its key, and
                half of them are cancelled
    logins      a new contact asks for a code, reads it in the sandbox, logs in, books, and looks at it
    nonsense    requests that are refused: no token, no JSON, no such path, half a request

Each kind is a thread with a pace of its own. What it was told is counted; where much is unexpected the check
fails, because a load that fails is not constant.
"""
import http.client
import json
import socket
import threading
import time
import urllib.parse
import uuid

import firstcome

ADDRESS = urllib.parse.urlsplit(firstcome.HTTP_URL)
# A second, for each kind.
RATES = {"polls": 60, "visits": 10, "refused": 20, "bookings": 20, "logins": 0.5, "nonsense": 10}


# What an ingress keeps of decisions (ingress/decisions.h), and the largest that there is.
RING_BYTES = 16 << 20
DEFINITION_BYTES = 16384


def fill_rings():
    """Fills the ring of decisions, which would else grow for hours, with definitions of one campaign."""
    campaign, count = firstcome.new_campaign_id("flat-ring"), RING_BYTES // DEFINITION_BYTES + 50
    definitions = (json.dumps(firstcome.define(campaign, title=f"Ring {number}")) for number in range(count))
    firstcome.publish(json.loads(next(definitions)))
    for definition in definitions:
        request = {"definition": definition.ljust(DEFINITION_BYTES)}
        firstcome.nats_publish("control.campaign.publish", json.dumps(request).encode())
        time.sleep(0.03)  # the desk makes a few changes at once, and refuses more

    def is_decided():
        decided = firstcome.tool("campaign", "get", campaign)["campaign"]["as_of"]
        return decided >= RING_BYTES / DEFINITION_BYTES

    firstcome.await_true("the ring is filled", is_decided, 60, pause=1)


# Pages of the table by which an ingress counts who asks how often (ingress/admission.h): new people touch one
# at random each. So many for each page leave less than one page in a thousand untouched.
ADMISSION_PAGES = (4 << 20) // 4096
TOUCHES_A_PAGE = 7
CALLS_A_CONNECTION = 64


def fill_doors():
    """Touches every page of both tables: a connection belongs to one of the two ingresses, by chance."""
    for _ in range(2 * ADMISSION_PAGES * TOUCHES_A_PAGE // CALLS_A_CONNECTION):
        client = Client()
        for _ in range(CALLS_A_CONNECTION):
            # Counted, and then refused: this is no wish. A busy ingress turns some away before it counts.
            while client.call("POST", "/v1/bookings", {}, firstcome.new_token())[0] in (0, 503):
                time.sleep(0.1)
        client.connection.close()


class Client:
    """A connection that stays, made again when the server ends it."""

    def __init__(self):
        self.connection = http.client.HTTPConnection(ADDRESS.hostname, ADDRESS.port, timeout=30)

    def call(self, method, path, body=None, token=None, key=None):
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        try:
            self.connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = self.connection.getresponse()
            return response.status, response.read()
        except (http.client.HTTPException, OSError):
            self.connection.close()
            return 0, b""


class Load:
    def __init__(self, minutes):
        # The sequencer reserves its tables for all units, and a page of them is private memory once it was
        # touched: so there are not many more than will be booked.
        units = int(minutes * 60 * (RATES["bookings"] + RATES["logins"])) + 100
        self.sold_out = firstcome.new_campaign("flat-gone", units=1)
        self.open = firstcome.new_campaign("flat-open", units=units, cancellable=True)
        self.counts = {kind: 0 for kind in RATES}
        self.failures = {}
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(kind,), daemon=True) for kind in RATES]
        wish = {"campaign_id": self.sold_out, "count": 1}
        expect(Client().call("POST", "/v1/bookings", wish, firstcome.new_token()), 201)

    def decisions(self):
        """So many were made of the campaign that is not sold out."""
        body = expect(Client().call("GET", f"/v1/campaigns/{self.open}/availability"), 200)
        return json.loads(body)["as_of"]

    def is_constant(self):
        """One call in a hundred may meet a machine that is busy with something else."""
        return sum(self.failures.values()) * 100 <= sum(self.counts.values())

    def start(self):
        for thread in self.threads:
            thread.start()

    def end(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(60)

    def run(self, kind):
        step, client, due = getattr(self, kind), Client(), time.monotonic()
        while not self.ending.is_set():
            try:
                step(client)
                self.counts[kind] += 1
            except AssertionError as error:
                self.failures.setdefault(f"{kind}: {error}", 0)
                self.failures[f"{kind}: {error}"] += 1
            due = max(due + 1 / RATES[kind], time.monotonic() - 1)
            self.ending.wait(max(due - time.monotonic(), 0))

    def polls(self, client):
        path = f"/v1/campaigns/{self.open}" + ("/availability" if self.counts["polls"] % 2 else "")
        expect(client.call("GET", path), 200)

    def visits(self, _client):
        client = Client()
        expect(client.call("GET", "/"), 200)
        client.connection.close()

    def refused(self, client):
        token = firstcome.new_token()
        expect(client.call("POST", "/v1/bookings", {"campaign_id": self.sold_out, "count": 1}, token), 410)

    def bookings(self, client):
        token, key, number = firstcome.new_token(), uuid.uuid4().hex, self.counts["bookings"]
        wish = {"campaign_id": self.open, "count": 1}
        body = expect(client.call("POST", "/v1/bookings", wish, token, key), 201)
        if number % 2 == 0:
            expect(client.call("POST", "/v1/bookings", wish, token, key), 201)
        if number % 4 < 2:
            path = f"/v1/bookings/{json.loads(body)['booking_id']}"
            expect(client.call("DELETE", path, token=token), 200)

    def logins(self, _client):
        contact = firstcome.new_phone() if self.counts["logins"] % 2 else firstcome.new_email()
        person = firstcome.Person(contact)
        answer = person.book(self.open)
        assert answer.status == 201, answer.status
        person.bookings()

    def nonsense(self, client):
        wish = {"campaign_id": self.open, "count": 1}
        expect(client.call("POST", "/v1/bookings", wish, "fc1.nobody"), 401)
        expect(client.call("POST", "/v1/login", {"email": 5}), 400)
        expect(client.call("GET", "/v1/nothing"), 404)
        with socket.create_connection((ADDRESS.hostname, ADDRESS.port), timeout=30) as half:
            half.sendall(b"POST /v1/bookings HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n{")


def expect(answer, status):
    assert answer[0] == status, f"{answer[0]} and not {status}"
    return answer[1]
