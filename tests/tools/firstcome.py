"""A running copy of Firstcome, as the tests see it: its HTTP API, its sandbox, its tool, its programs.

The copy is the one in FIRSTCOME_HOME (tests/run starts it); nothing in here is faked.
"""
import base64
import dataclasses
import datetime
import hashlib
import http.client
import itertools
import json
import os
import pathlib
import re
import socket
import subprocess
import time
import urllib.parse
import uuid

import psycopg2

# Programs under a tool that slows them down get so many times the time. Their own deadlines pass then: what
# they say 503 to is asked again for so long, as a client does it.
PATIENCE = float(os.environ.get("FIRSTCOME_TEST_PATIENCE", "1"))
SLOW_SECONDS = 60
ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HOME = pathlib.Path(os.environ["FIRSTCOME_HOME"]).resolve()


def read_settings():
    lines = (HOME / "run.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


SETTINGS = read_settings()
HTTP_URL = SETTINGS["HTTP_URL"]
SANDBOX_URL = SETTINGS["SANDBOX_URL"]


def await_true(what, condition, seconds=20.0, pause=0.05):
    """Returns the first true value of condition(); fails with a sentence when time is up."""
    end = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds * PATIENCE} s in vain: {what}")
        time.sleep(pause)


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The stable code of a problem."""
        return self.json.get("code")


def http_call(method, url, body=None, headers=None, timeout=15.0):
    """One request on a connection of its own. body: None, bytes, or something to send as JSON."""
    parts = urllib.parse.urlsplit(url)
    headers = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault("Content-Type", "application/json")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout * PATIENCE)
    try:
        path = parts.path + ("?" + parts.query if parts.query else "")
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
    finally:
        connection.close()


def api(method, path, body=None, token=None, headers=None, timeout=15.0):
    headers = dict(headers or {})
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    answer = http_call(method, HTTP_URL + path, body, headers, timeout)
    end = time.monotonic() + SLOW_SECONDS
    while PATIENCE > 1 and answer.status == 503 and time.monotonic() < end:
        time.sleep(int(answer.headers.get("retry-after", 1)))
        answer = http_call(method, HTTP_URL + path, body, headers, timeout)
    return answer


# ---- the sandbox --------------------------------------------------------------------------------------


def messages(contact):
    query = urllib.parse.urlencode({"to": contact})
    return http_call("GET", f"{SANDBOX_URL}/messages?{query}").json


def await_message(contact, template, seconds=20.0):
    def newest():
        found = [m for m in messages(contact) if m["template"].startswith(template)]
        return found[0] if found else None

    return await_true(f"a message '{template}' to {contact}", newest, seconds)


def set_switches(**channels):
    answer = http_call("PUT", f"{SANDBOX_URL}/switches", channels)
    assert answer.status in (200, 204), answer


# ---- people -------------------------------------------------------------------------------------------

_numbers = itertools.count(int(time.time()) % 1_000_000 * 100)


def new_email():
    return f"person{uuid.uuid4().hex[:16]}@example.org"


def new_phone():
    return f"+9199{next(_numbers) % 100_000_000:08d}"


def contact_field(contact):
    return {"phone": contact} if contact.startswith("+") else {"email": contact}


def code_for(contact):
    """Asks for a code and reads it where a person would."""
    answer = api("POST", "/v1/register", contact_field(contact))
    assert answer.status == 202, answer
    text = await_message(contact, "code")["text"]
    return re.search(r"\b(\d{6})\b", text).group(1)


def login(contact, code, token=None):
    return api("POST", "/v1/login", {**contact_field(contact), "code": code}, token=token)


class Person:
    """Somebody who proved a contact."""

    def __init__(self, contact=None):
        self.contact = contact or new_email()
        answer = login(self.contact, code_for(self.contact))
        assert answer.status == 200, answer
        self.token = answer.json["token"]
        self.account = answer.json["account_id"]

    def link(self, contact):
        """Proves a second contact while logged in."""
        answer = api("POST", "/v1/register", contact_field(contact), token=self.token)
        assert answer.status == 202, answer
        code = re.search(r"\b(\d{6})\b", await_message(contact, "code")["text"]).group(1)
        answer = login(contact, code, token=self.token)
        assert answer.status == 200, answer
        self.token = answer.json["token"]

    def book(self, campaign, count=1, key=None, wait=5):
        headers = {"Prefer": f"wait={wait}"}
        if key is None and PATIENCE > 1:
            key = uuid.uuid4().hex  # asked again, it is the same wish
        if key is not None:
            headers["Idempotency-Key"] = key
        return api("POST", "/v1/bookings", {"campaign_id": campaign, "count": count}, self.token, headers)

    def cancel(self, booking_id):
        return api("DELETE", f"/v1/bookings/{booking_id}", token=self.token)

    def bookings(self):
        """What the ledger says; it may be a moment behind, or busy, and then says so."""
        def listed():
            answer = api("GET", "/v1/bookings", token=self.token)
            assert answer.status in (200, 503), answer
            return answer if answer.status == 200 else None

        return await_true("the ledger lists my bookings", listed).json["bookings"]


def new_token():
    """What somebody shows who logged in before (common/token.h): made with the keys of the copy, for crowds."""
    key_id, key = (HOME / "keys" / "token.keys").read_text().split()[:2]
    expiry, channel_email = int(time.time()) + 86400, 1
    packed = bytes([int(key_id)]) + os.urandom(16) + expiry.to_bytes(5, "little")
    packed += bytes([channel_email]) + os.urandom(16)
    mac = hashlib.blake2b(packed, key=bytes.fromhex(key), digest_size=16, person=b"token").digest()
    return "fc1." + base64.urlsafe_b64encode(packed + mac).decode().rstrip("=")


# ---- the tool, the programs, the ledger -----------------------------------------------------------------


def tool(*arguments, check=True, stdin=None):
    """Runs deploy/firstcome; returns what it printed, as JSON where it is."""
    done = subprocess.run(
        [str(ROOT / "deploy" / "firstcome"), *arguments, "-o", "json"],
        capture_output=True, text=True, input=stdin, timeout=120 * PATIENCE)
    if check and done.returncode != 0:
        raise AssertionError(f"firstcome {' '.join(arguments)}: {done.stdout}{done.stderr}")
    try:
        return json.loads(done.stdout)
    except ValueError:
        return {"status": done.returncode, "stdout": done.stdout, "stderr": done.stderr}


def define(campaign, **fields):
    """A definition with sensible fields; None takes one out."""
    definition = {"id": campaign, "title": f"Test {campaign}", "units": 10, "units_per_person": 1,
                  "time_zone": "Asia/Kolkata", "rules": 1, **fields}
    return {k: v for k, v in definition.items() if v is not None}


def new_campaign_id(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


def publish(definition, check=True):
    return tool("campaign", "publish", "-", stdin=json.dumps(definition), check=check)


def new_campaign(name, **fields):
    """Publishes a campaign and opens it; returns its id once the page knows that it is open."""
    campaign = new_campaign_id(name)
    publish(define(campaign, **fields))
    if "opens_at" not in fields:
        tool("campaign", "start", campaign)
        await_state(campaign, "open")
    return campaign


def await_state(campaign, state):
    def is_so():
        # Two ingresses share the port: ask until several answers in a row agree.
        answers = [api("GET", f"/v1/campaigns/{campaign}") for _ in range(6)]
        return all(a.status == 200 and a.json["state"] == state for a in answers)

    await_true(f"{campaign} is {state}", is_so)


def audit(campaign):
    report = tool("audit", campaign, "--wait", "30", check=False)
    return report


def query(sql, *values):
    with psycopg2.connect(SETTINGS["DATABASE_URL"]) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def deploy(command):
    """Runs functions of deploy/lib on this copy, e.g. deploy('process_signal KILL sequencer-1')."""
    script = f"source {ROOT}/deploy/lib/load.sh; settings_load; settings_use_running_build; {command}"
    return subprocess.run(["bash", "-euo", "pipefail", "-c", script], check=True, capture_output=True,
                          text=True, timeout=120).stdout


def nats_hello(stream, parts, headers=False):
    """Logs in to the broker by its plain text protocol."""
    stream.readline()  # INFO
    options = {"verbose": False, "pedantic": False, "headers": headers, "user": parts.username, "pass": parts.password}
    stream.write(b"CONNECT " + json.dumps(options).encode() + b"\r\n")


def nats_ping(stream):
    """Returns once the broker has taken everything that was sent."""
    stream.write(b"PING\r\n")
    stream.flush()
    while (line := stream.readline().strip()) != b"PONG":
        assert not line.startswith(b"-ERR") and line, line


def nats_publish(subject, payload):
    """Publishes as the admin."""
    parts = urllib.parse.urlsplit(SETTINGS["NATS_URL"])
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        stream = connection.makefile("rwb")
        nats_hello(stream, parts)
        stream.write(f"PUB {subject} {len(payload)}\r\n".encode() + payload + b"\r\n")
        nats_ping(stream)


def log_time(line):
    """The time at the beginning of a log line, in seconds."""
    moment = datetime.datetime.fromisoformat(line.split(" ", 1)[0].replace("Z", "+00:00"))
    return moment.timestamp()
