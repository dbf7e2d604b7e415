"""Bad input: everybody gets a clear answer, and nothing is harmed."""
import socket
import unittest
import urllib.parse

import firstcome
from firstcome import Person, api, await_true


def raw(request, seconds=5.0):
    """Sends bytes as they are; returns what came back until the connection was closed or silent."""
    parts = urllib.parse.urlsplit(firstcome.HTTP_URL)
    with socket.create_connection((parts.hostname, parts.port), timeout=seconds) as connection:
        connection.sendall(request)
        answer = b""
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except TimeoutError:
            pass
        return answer


class HttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.campaign = firstcome.new_campaign("bad", units=5)
        cls.person = Person()

    def test_bodies_that_are_not_what_they_should_be(self):
        path = "/v1/bookings"
        good = b'{"campaign_id":"%s","count":1}' % self.campaign.encode()
        for body, status in [
            (b"", 400), (b"nonsense", 400), (b"[]", 400), (b"null", 400), (good + b"x", 400),
            (b'{"campaign_id":"x","campaign_id":"y","count":1}', 400), (b'{"count":1}', 400),
            (b'{"campaign_id":5,"count":1}', 400), (good[:-1] + b',"more":1}', 400),
            (b'{"campaign_id":"%s","count":1e99}' % self.campaign.encode(), 400),
            (b'{"campaign_id":"%s","count":1.5}' % self.campaign.encode(), 400),
            (b'{"campaign_id":"\xff\xfe","count":1}', 400), (b"[" * 3000, 400),
            (b'{"campaign_id":"%s","count":0}' % self.campaign.encode(), 422),
            (b'{"campaign_id":"no-such-campaign","count":1}', 404),
            (b" " * 5000, 413),
        ]:
            with self.subTest(body=body[:60]):
                answer = api("POST", path, body, self.person.token, {"Content-Type": "application/json"})
                self.assertEqual(answer.status, status, answer)
                self.assertEqual(answer.headers["content-type"], "application/problem+json")
                self.assertTrue(answer.json["detail"])

    def test_paths_and_methods(self):
        for method, path, status in [
            ("GET", "/v1/nothing", 404), ("PUT", "/v1/bookings", 405), ("GET", "/v1/campaigns/NO", 404),
            ("GET", "/v1/campaigns/no-such", 404), ("GET", "/v1/requests/nonsense", 404),
            ("GET", "/../etc/passwd", 404), ("GET", "/%2e%2e/etc/passwd", 404), ("DELETE", "/", 405),
        ]:
            with self.subTest(path=path, method=method):
                self.assertEqual(api(method, path).status, status)

    def test_booking_ids_with_typing_errors(self):
        booking_id = self.person.book(self.campaign).json["booking_id"]
        await_true("the booking is there", lambda: self.person.bookings())
        easy = booking_id.replace("-", "").lower()
        self.assertEqual(api("GET", f"/v1/bookings/{easy}", token=self.person.token).status, 200)
        other = ("0" if booking_id[0] != "0" else "1") + booking_id[1:]
        for wrong in (other, booking_id[:-1], booking_id + "0", "----", "%00", "x" * 500):
            with self.subTest(wrong=wrong[:30]):
                answer = api("GET", f"/v1/bookings/{wrong}", token=self.person.token)
                self.assertEqual(answer.status, 404, answer)

    def test_requests_that_make_servers_disagree(self):
        for request in [
            b"GET / HTTP/1.1\nHost: x\n\n", b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
            b"GET / HTTP/1.1\r\n\r\n", b"POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
            b"Content-Length: 4\r\n\r\nabcd",
            b"POST /v1/login HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"GET " + b"/" * 9000 + b" HTTP/1.1\r\n\r\n",
        ]:
            with self.subTest(request=request[:40]):
                answer = raw(request)
                self.assertRegex(answer[:12], rb"^HTTP/1.1 [45]\d\d")
        self.assertEqual(api("GET", "/").status, 200)


class StreamTest(unittest.TestCase):
    def test_garbage_in_a_line_is_decided_as_unreadable_and_buried(self):
        campaign = firstcome.new_campaign("garbage", units=5)
        before = Person().book(campaign)
        for garbage in (b"", b"\x01\x02garbage", b"\x01", b"\x01\x06trailing"):
            firstcome.nats_publish(f"req.{campaign}.book", garbage)
        firstcome.nats_publish(f"decided.{campaign}", b"not a decision")
        after = Person().book(campaign)
        self.assertEqual((before.status, after.status), (201, 201))
        report = firstcome.audit(campaign)
        self.assertTrue(report["clean"], report)
        self.assertEqual(report["booked"], 2)

    def test_a_decision_that_nobody_computed_stops_only_its_campaign(self):
        campaign = firstcome.new_campaign("forged", units=5)
        other = firstcome.new_campaign("unharmed", units=5)
        firstcome.nats_publish(f"dec.{campaign}", b"forged")
        # It stands where the answer to the next request should: that person gets no false answer.
        self.assertIn(Person().book(campaign, wait=1).status, (202, 503))
        shown = await_true("the campaign has stopped", lambda: tool_stopped(campaign))
        self.assertIn("stopped", shown)
        self.assertEqual(Person().book(other).status, 201)


def tool_stopped(campaign):
    shown = firstcome.tool("campaign", "get", campaign, check=False).get("campaign", {})
    return shown if "stopped" in shown else None
