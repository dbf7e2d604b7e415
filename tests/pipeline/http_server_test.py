#!/usr/bin/python3
"""http_server_test - the HTTP server of the ingress against clients as the internet has them.

Starts http_probe (the real server with a handler that answers anything) on a free port; needs
nothing else running.
"""

import json
import random
import resource
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest

import built

START_SECONDS_MAX = 15
HOST = "127.0.0.1"


PROBE = built.find_program("tests/pipeline/http_probe")


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def get(target, *lines, method="GET"):
    return "\r\n".join([f"{method} {target} HTTP/1.1", "Host: a", *lines, "", ""]).encode()


def post(target, body, *lines):
    return get(target, f"Content-Length: {len(body)}", *lines, method="POST") + body


class Client:
    """One connection, and the answers on it."""

    def __init__(self, port, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20)
        self.socket.connect((HOST, port))
        self.bytes = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def more(self):
        got = self.socket.recv(65536)
        self.bytes += got
        return len(got) > 0

    def answer(self, with_body=True):
        """Reads one answer: status, headers, body. None if the connection was closed instead."""
        while b"\r\n\r\n" not in self.bytes:
            if not self.more():
                return None
        head, self.bytes = self.bytes.split(b"\r\n\r\n", 1)
        status_line, *lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        size = int(headers.get("content-length", "0")) if with_body else 0
        while len(self.bytes) < size:
            if not self.more():
                return None
        body, self.bytes = self.bytes[:size], self.bytes[size:]
        return int(status_line.split(" ")[1]), headers, body

    def body(self):
        answer = self.answer()
        return None if answer is None else answer[2].decode()

    def is_closed(self):
        """Waits for the end of the connection; anything that comes instead is an error."""
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True

    def reset(self):
        """Goes away without a word, as a phone in a tunnel does when it is back."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Probe:
    """A running http_probe."""

    def __init__(self, *arguments, files_max=None, port=None):
        self.port = port or free_port()
        limit = None
        if files_max is not None:
            limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (files_max, files_max))
        self.process = subprocess.Popen([PROBE, f"{HOST}:{self.port}", *map(str, arguments)],
            preexec_fn=limit, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                socket.create_connection((HOST, self.port)).close()
                return
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.02)

    def client(self, **options):
        return Client(self.port, **options)

    def counts(self):
        with self.client() as client:
            client.send(get("/counts"))
            return json.loads(client.body())

    def resident_bytes(self):
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(20)
        if status != 0:
            raise AssertionError(f"the probe ended with {status}")


class ServerTest(unittest.TestCase):
    arguments = ()

    @classmethod
    def setUpClass(cls):
        if not PROBE:
            raise AssertionError("no http_probe: build first, or name it in HTTP_PROBE")
        cls.probe = Probe(*cls.arguments)

    @classmethod
    def tearDownClass(cls):
        cls.probe.stop()

    def eventually(self, condition, seconds=5):
        deadline = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), deadline, "it did not happen in time")
            time.sleep(0.02)


class RequestsTest(ServerTest):
    """Patient: nothing times out here."""

    def test_many_requests_on_one_connection(self):
        with self.probe.client() as client:
            for number in range(50):
                client.send(get(f"/echo/{number}?a=b"))
                self.assertEqual(client.body(), f"GET /echo/{number}|a=b||")

    def test_bytes_one_at_a_time(self):
        with self.probe.client() as client:
            for byte in post("/slow", b"a body", "Authorization: Bearer x"):
                client.send(bytes([byte]))
                time.sleep(0.001)
            self.assertEqual(client.body(), "POST /slow||a body|Bearer x")

    def test_a_body_that_comes_later(self):
        with self.probe.client() as client:
            request = post("/x", b"b" * 4096)
            for cut in (1, 30, len(request) - 4096, len(request) - 1):
                client.send(request[:cut])
                time.sleep(0.01)
                client.send(request[cut:])
                self.assertEqual(client.body(), "POST /x||" + "b" * 4096 + "|")

    def test_head(self):
        with self.probe.client() as client:
            client.send(get("/constant", method="HEAD") + get("/next"))
            status, headers, _ = client.answer(with_body=False)
            self.assertEqual((status, headers["content-length"]), (200, "37"))
            self.assertEqual(client.body(), "GET /next|||")

    def test_pipelined_in_one_packet(self):
        with self.probe.client() as client:
            client.send(b"".join(post(f"/{number}", b"x" * (number % 7)) for number in range(200)))
            for number in range(200):
                self.assertEqual(client.body(), f"POST /{number}||{'x' * (number % 7)}|")

    def test_pipelined_behind_one_that_waits(self):
        with self.probe.client() as client:
            client.send(get("/later?ms=100") + get("/a") + get("/later?ms=50&keep=1") + get("/b"))
            bodies = [client.body() for _ in range(4)]
            self.assertEqual(bodies, ["late", "GET /a|||", "GET /later|ms=50&keep=1||", "GET /b|||"])

    def test_more_sent_ahead_than_the_server_keeps(self):
        count = 20000
        with self.probe.client() as client:
            requests = get("/later?ms=200") + b"".join(get(f"/{number}") for number in range(count))
            sender = threading.Thread(target=client.send, args=(requests,))
            sender.start()
            self.assertEqual(client.body(), "late")
            for number in range(count):
                self.assertEqual(client.body(), f"GET /{number}|||")
            sender.join()

    def test_one_who_sends_ahead_does_not_stop_the_others(self):
        with self.probe.client() as greedy, self.probe.client() as modest:
            stop = threading.Event()

            def flood():
                requests = get("/constant") * 500
                while not stop.is_set():
                    greedy.send(requests)

            def drink():
                while not stop.is_set():
                    greedy.socket.recv(1 << 20)

            threads = [threading.Thread(target=work) for work in (flood, drink)]
            for thread in threads:
                thread.start()
            slowest = 0
            for _ in range(50):
                began = time.monotonic()
                modest.send(get("/x"))
                self.assertEqual(modest.body(), "GET /x|||")
                slowest = max(slowest, time.monotonic() - began)
            stop.set()
            for thread in threads:
                thread.join(20)
            self.assertLess(slowest, 0.5)

    def test_kept_requests_survive_the_buffer_they_were_read_into(self):
        clients = [self.probe.client() for _ in range(50)]
        for number, client in enumerate(clients):
            client.send(post(f"/later/?ms={50 + number}&keep=1", b"x", "Authorization: none")[:-1] + b"y")
        for number, client in enumerate(clients):
            client.send(post(f"/later?ms={50 + number}&keep=1", f"body {number}".encode(), "Authorization: me"))
        with self.probe.client() as other:
            other.send(b"".join(post("/other", b"z" * 4000) for _ in range(20)))
            for _ in range(20):
                self.assertEqual(other.body(), "POST /other||" + "z" * 4000 + "|")
        for number, client in enumerate(clients):
            self.assertEqual(client.body(), f"POST /later/|ms={50 + number}&keep=1|y|none")
            self.assertEqual(client.body(), f"POST /later|ms={50 + number}&keep=1|body {number}|me")
            client.socket.close()

    def test_half_closed_clients_get_their_answers(self):
        with self.probe.client() as client:
            client.send(get("/later?ms=100") + get("/second") + get("/later?ms=50"))
            client.socket.shutdown(socket.SHUT_WR)
            self.assertEqual([client.body() for _ in range(3)], ["late", "GET /second|||", "late"])
            self.assertTrue(client.is_closed())

    def test_half_a_request_and_no_more(self):
        for part in (b"GET / HTTP/1.1\r\nHo", post("/x", b"12345")[:-1]):
            with self.probe.client() as client:
                client.send(part)
                client.socket.shutdown(socket.SHUT_WR)
                self.assertTrue(client.is_closed())
            with self.probe.client() as client:
                client.send(get("/later?ms=50") + part)
                client.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(client.body(), "late")
                self.assertTrue(client.is_closed())

    def test_connection_close(self):
        with self.probe.client() as client:
            client.send(get("/x", "Connection: close") + get("/not-answered"))
            _, headers, body = client.answer()
            self.assertEqual((headers["connection"], body), ("close", b"GET /x|||"))
            self.assertTrue(client.is_closed())

    def test_refusals_close_and_say_why(self):
        rows = [
            (b"\x16\x03\x01\x02\x00\x01\x00", 400, "malformed_request"),
            (b"GET / HTTP/1.1\nHost: a\n\n", 400, "malformed_request"),
            (b"GET /" + b"x" * 9000, 414, "target_too_long"),
            (get("/", "X: " + "y" * 9000), 431, "headers_too_large"),
            (get("/", *["X: y"] * 70), 431, "headers_too_large"),
            (get("/", "Expect: 100-continue"), 417, "expectation_failed"),
            (get("/", "Transfer-Encoding: chunked", method="POST"), 501, "not_implemented"),
            (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, "version_not_supported"),
        ]
        for request, expected, code in rows:
            with self.subTest(code=code), self.probe.client() as client:
                client.send(get("/before") + request)
                self.assertEqual(client.body(), "GET /before|||")
                status, headers, body = client.answer()
                self.assertEqual((status, headers["connection"]), (expected, "close"))
                self.assertEqual(headers["content-type"], "application/problem+json")
                self.assertIn(f'"code":"{code}"', body.decode())
                client.socket.shutdown(socket.SHUT_WR)
                self.assertTrue(client.is_closed())

    def test_a_refusal_reaches_a_client_that_is_still_sending(self):
        for _ in range(20):
            with self.probe.client() as client:
                client.send(get("/", "Content-Length: 1000000", method="POST"))
                for _ in range(20):
                    client.send(b"x" * 50000)
                self.assertEqual(client.answer()[0], 413)

    def test_an_answer_that_cannot_be_built(self):
        with self.probe.client() as client:
            client.send(get("/bad-header"))
            status, headers, body = client.answer()
            self.assertEqual(status, 500)
            self.assertNotIn("x", headers)
            self.assertIn(b'"code":"internal_error"', body)
            client.send(get("/after"))
            self.assertEqual(client.body(), "GET /after|||")

    def test_clients_that_go_away_while_they_wait(self):
        before = self.probe.counts()["closed"]
        clients = [self.probe.client() for _ in range(20)]
        for client in clients:
            client.send(get("/never"))
        self.eventually(lambda: self.probe.counts()["connections"] >= 21)
        for client in clients:
            client.reset()
        self.eventually(lambda: self.probe.counts()["closed"] == before + 20)
        with self.probe.client() as client:
            client.send(get("/later?ms=200&keep=1"))
            time.sleep(0.05)
            client.reset()
        self.eventually(lambda: self.probe.counts()["closed"] == before + 21)

    def test_large_answers(self):
        letters = bytes(ord("a") + number % 26 for number in range(26)) * 200000
        with self.probe.client(receive_buffer=4096) as client:
            for size in (0, 1, 60000, 61440, 61441, 65536, 5000000):
                client.send(get(f"/large?bytes={size}") + get("/next"))
                self.assertEqual(client.answer()[2], letters[:size])
                self.assertEqual(client.body(), "GET /next|||")

    def test_the_clients_address(self):
        rows = [
            ((), "::ffff:127.0.0.1"),
            (("X-Forwarded-For: 1.2.3.4",), "::ffff:1.2.3.4"),
            (("X-Forwarded-For: 6.6.6.6, 2001:db8::1",), "2001:db8::1"),
            (("X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 1.2.3.4"), "::ffff:1.2.3.4"),
            (("X-Forwarded-For: nobody",), "::ffff:127.0.0.1"),
        ]
        with self.probe.client() as client:
            for lines, expected in rows:
                client.send(get("/client", *lines))
                self.assertEqual(client.body(), expected)

    def test_many_connections(self):
        count = 4000
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        before = self.probe.resident_bytes()
        clients = []
        for _ in range(count):
            clients.append(self.probe.client())
        self.eventually(lambda: self.probe.counts()["connections"] >= count)
        for client in clients:
            client.send(get("/constant"))
        for client in clients:
            self.assertEqual(client.answer()[0], 200)
        each = (self.probe.resident_bytes() - before) / count
        print(f"an idle connection costs {each:.0f} bytes of memory", file=sys.stderr)
        for client in clients:
            client.socket.close()
        self.eventually(lambda: self.probe.counts()["connections"] < 10)

    def test_garbage(self):
        chance = random.Random(7)
        parts = [get("/a"), post("/b", b"body"), get("/later?ms=5"), b"\r\n", b"\r", b"\n", b" ", b"\0", b":",
            b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"GET / HTTP/1.1\r\n", b"Host: a\r\n"]
        for _ in range(300):
            with self.probe.client() as client:
                data = bytearray(b"".join(chance.choice(parts) for _ in range(chance.randrange(1, 12))))
                for _ in range(chance.randrange(3)):
                    data[chance.randrange(len(data))] = chance.randrange(256)
                try:
                    for start in range(0, len(data), 50):
                        client.send(data[start:start + 50])
                    if chance.random() < 0.5:
                        client.reset()
                    else:
                        client.socket.shutdown(socket.SHUT_WR)
                        while client.more():
                            pass
                except OSError:
                    pass
        self.eventually(lambda: self.probe.counts()["connections"] < 10)


class TimeoutsTest(ServerTest):
    """Impatient: a request has 0.6 s, an idle connection 1.2 s, an answer 1.2 s."""

    arguments = (1000, 600, 1200, 1200)

    def test_requests_that_never_end(self):
        before = self.probe.counts()["timeouts"]
        for part in (b"G", b"GET / HTTP/1.1\r\nHost: a\r\n", post("/x", b"12345")[:-1]):
            with self.probe.client() as client:
                client.send(part)
                began = time.monotonic()
                status, headers, body = client.answer()
                self.assertEqual((status, headers["connection"]), (408, "close"))
                self.assertIn(b'"code":"request_timeout"', body)
                self.assertTrue(0.5 < time.monotonic() - began < 3)
        self.assertEqual(self.probe.counts()["timeouts"], before + 3)

    def test_a_byte_now_and_then_does_not_help(self):
        slow = [self.probe.client() for _ in range(200)]
        began = time.monotonic()
        open_ones = set(slow)
        while open_ones and time.monotonic() - began < 10:
            for client in list(open_ones):
                try:
                    client.send(b"G" if time.monotonic() - began < 0.1 else b"E")
                    client.socket.settimeout(0.0001)
                    if client.socket.recv(1000) == b"":
                        open_ones.discard(client)
                except (TimeoutError, BlockingIOError):
                    pass
                except OSError:
                    open_ones.discard(client)
            with self.probe.client() as client:
                client.send(get("/constant"))
                self.assertEqual(client.answer()[0], 200)
        self.assertFalse(open_ones)
        self.assertLess(time.monotonic() - began, 6)
        for client in slow:
            client.socket.close()

    def test_idle_connections_end_without_a_word(self):
        with self.probe.client() as fresh, self.probe.client() as used:
            used.send(get("/x"))
            self.assertEqual(used.body(), "GET /x|||")
            began = time.monotonic()
            self.assertTrue(fresh.is_closed())
            self.assertTrue(used.is_closed())
            self.assertTrue(1 < time.monotonic() - began < 4)

    def test_who_waits_for_an_answer_is_not_idle(self):
        with self.probe.client() as client:
            client.send(get("/later?ms=2500"))
            self.assertEqual(client.body(), "late")

    def test_readers_that_never_read(self):
        before = self.probe.counts()
        with self.probe.client(receive_buffer=4096) as client:
            client.send(get("/large?bytes=30000000"))
            self.eventually(lambda: self.probe.counts()["timeouts"] == before["timeouts"] + 1)
            self.assertIsNone(self.rest(client))

    def rest(self, client):
        try:
            return client.answer()
        except ConnectionResetError:
            return None


class OwnProbeTest(unittest.TestCase):
    """A probe for each test, gone at its end however that comes."""

    def probe(self, *arguments, **options):
        probe = Probe(*arguments, **options)
        self.addCleanup(probe.process.kill)
        return probe


class LimitsTest(OwnProbeTest):
    def test_the_longest_idle_one_makes_room(self):
        probe = self.probe(10)
        clients = [probe.client() for _ in range(10)]
        for client in clients:
            client.send(get("/x"))
            self.assertEqual(client.body(), "GET /x|||")
        time.sleep(0.6)
        with probe.client() as new:
            new.send(get("/counts"))
            counts = json.loads(new.body())
        self.assertEqual((counts["connections"], counts["evicted"]), (10, 1))
        self.assertTrue(clients[0].is_closed())
        clients[1].send(get("/y"))
        self.assertEqual(clients[1].body(), "GET /y|||")
        for client in clients:
            client.socket.close()
        probe.stop()

    def test_slow_ones_make_room_too(self):
        probe = self.probe(10)
        slow = [probe.client() for _ in range(10)]
        for client in slow:
            client.send(b"GET /x HTTP/1.1\r\nX-Slow: ")
        began = time.monotonic()
        with probe.client() as new:
            new.send(get("/y"))
            self.assertEqual(new.body(), "GET /y|||")
        # Long before the time for a head is over.
        self.assertTrue(1 < time.monotonic() - began < 6)
        self.assertTrue(slow[0].is_closed())
        for client in slow:
            client.socket.close()
        probe.stop()

    def test_new_ones_wait_where_all_are_busy(self):
        probe = self.probe(10)
        busy = [probe.client() for _ in range(10)]
        for client in busy:
            client.send(get("/later?ms=400", "Connection: close"))
        began = time.monotonic()
        late = [probe.client() for _ in range(50)]
        for client in late:
            client.send(get("/x"))
        for client in busy:
            self.assertEqual(client.body(), "late")
            client.socket.close()
        for client in late:
            self.assertEqual(client.body(), "GET /x|||")
            client.socket.close()
        self.assertGreater(time.monotonic() - began, 0.3)
        probe.stop()

    def test_a_process_that_may_open_few_files(self):
        probe = self.probe(100000, files_max=150)
        clients = [probe.client() for _ in range(140)]
        with probe.client() as client:
            client.send(get("/counts"))
            counts = json.loads(client.body())
        self.assertLessEqual(counts["connections"], 150 - 64)
        self.assertGreater(counts["evicted"], 0)
        for client in clients:
            client.socket.close()
        probe.stop()


class DrainTest(OwnProbeTest):
    def test_what_is_under_way_is_answered(self):
        probe = self.probe()
        with probe.client() as waiting, probe.client() as used, probe.client() as fresh, probe.client() as half, \
                probe.client() as silent:
            waiting.send(get("/later?ms=700"))
            used.send(get("/x"))
            self.assertEqual(used.body(), "GET /x|||")
            half.send(get("/half")[:20])
            time.sleep(0.1)
            probe.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            with self.assertRaises(OSError):
                probe.client()
            half.send(get("/half")[20:])
            used.send(get("/y"))
            fresh.send(get("/z"))
            for client, expected in ((half, "GET /half|||"), (used, "GET /y|||"), (fresh, "GET /z|||"),
                    (waiting, "late")):
                _, headers, body = client.answer()
                self.assertEqual((body.decode(), headers["connection"]), (expected, "close"))
                self.assertTrue(client.is_closed())
            self.assertTrue(silent.is_closed())
        self.assertEqual(probe.process.wait(5), 0)

    def test_connections_that_the_kernel_has_accepted(self):
        probe = self.probe()
        probe.process.send_signal(signal.SIGSTOP)
        clients = [probe.client() for _ in range(100)]
        for number, client in enumerate(clients):
            client.send(get(f"/{number}"))
        probe.process.send_signal(signal.SIGTERM)
        probe.process.send_signal(signal.SIGCONT)
        for number, client in enumerate(clients):
            self.assertEqual(client.body(), f"GET /{number}|||")
            client.socket.close()
        self.assertEqual(probe.process.wait(5), 0)

    def test_a_connection_that_was_idle_may_still_be_used(self):
        probe = self.probe()
        with probe.client() as client:
            client.send(get("/x"))
            self.assertEqual(client.body(), "GET /x|||")
            time.sleep(1.5)
            probe.process.send_signal(signal.SIGTERM)
            time.sleep(1.5)
            client.send(get("/y"))
            _, headers, body = client.answer()
            self.assertEqual((body, headers["connection"]), (b"GET /y|||", "close"))
        self.assertEqual(probe.process.wait(5), 0)

    def test_new_connections_go_to_another_process(self):
        """Whoever listens on the same port; none is refused or reset."""
        probe = self.probe()
        lost = []
        over = threading.Event()

        def work():
            while not over.is_set():
                try:
                    with probe.client() as client:
                        client.send(get("/constant", "Connection: close"))
                        if client.answer() is None:
                            lost.append("closed without an answer")
                except OSError as error:
                    lost.append(error)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for _ in range(5):
            other = self.probe(port=probe.port)
            while self.listeners(probe.port) < 2:
                time.sleep(0.01)
            probe.stop()
            probe = other
        over.set()
        for thread in threads:
            thread.join()
        self.assertEqual(lost, [])
        probe.stop()

    def listeners(self, port):
        with open("/proc/net/tcp", encoding="ascii") as table:
            rows = [line.split() for line in table]
        return sum(row[1].endswith(f":{port:04X}") and row[3] == "0A" for row in rows)

    def test_with_nothing_to_do(self):
        probe = self.probe()
        began = time.monotonic()
        probe.stop()
        self.assertLess(time.monotonic() - began, 2)

    def test_busy_clients_lose_nothing(self):
        probe = self.probe()
        lost = []

        def work():
            with probe.client() as client:
                for _ in range(100000):
                    try:
                        client.send(get("/constant"))
                        answer = client.answer()
                    except OSError as error:
                        lost.append(error)
                        return
                    if answer is None:
                        lost.append("closed without an answer")
                        return
                    if answer[1].get("connection") == "close":
                        return

        threads = [threading.Thread(target=work) for _ in range(20)]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        probe.stop()
        for thread in threads:
            thread.join(20)
        self.assertEqual(lost, [])


if __name__ == "__main__":
    unittest.main()
