#!/usr/bin/python3
"""gateway_test - the payment gateway of the sandbox: Razorpay's contract, and how it misbehaves.

Starts deploy/sandbox on free ports of its own; needs nothing else running. The tests of the contract
run against the real gateway instead if RAZORPAY_TEST_KEY_ID and RAZORPAY_TEST_KEY_SECRET are set: as
far as nobody has to pay for them.
"""

import base64
import contextlib
import hmac
import html
import http.client
import http.server
import importlib.util
import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import uuid
from datetime import datetime, timedelta, timezone
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "sandbox"
SPEC = importlib.util.spec_from_file_location("gateway", FOLDER / "gateway.py")
gateway = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(gateway)
KEY_ID, KEY_SECRET = "rzp_test_sandbox", "sandbox"
WEBHOOK_SECRET, WEBHOOK_SECRET_OLD = b"sandbox-webhook", b"sandbox-webhook-old"
REAL_KEY = (os.environ.get("RAZORPAY_TEST_KEY_ID"), os.environ.get("RAZORPAY_TEST_KEY_SECRET"))
REAL_URL = "https://api.razorpay.com"
START_SECONDS_MAX = 30
AT_START = {
    "gateway": {"mode": "ok", "percent": 100, "delay_ms": 2000, "payments": "at_once",
                "late_ms": 5000, "refunds": "processed", "refund_ms": 0},
    "webhooks": {"duplicates": 0, "delay_ms": 0, "reorder_ms": 0, "lost_percent": 0,
                 "wrongly_signed_percent": 0, "stale_percent": 0},
}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_true(what, condition, seconds=20):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s in vain: {what}")
        time.sleep(0.02)


def ask(url, method, path, body=None, headers=None, timeout=20):
    """Returns status, headers and content; JSON is decoded."""
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=timeout)
    headers = dict(headers or {})
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        headers.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        content = response.read()
        if response.headers.get_content_type() == "application/json":
            content = json.loads(content)
        return response.status, response.headers, content
    finally:
        connection.close()


def signature(secret, text):
    return hmac.digest(secret, text, "sha256").hex()


def new_receipt():
    return uuid.uuid4().hex


def new_order(**changes):
    order = {"amount": 100, "currency": "INR", "receipt": new_receipt(), **changes}
    return {name: value for name, value in order.items() if value is not None}


class Merchant:
    """Who uses the API."""

    def __init__(self, url, key_id, key_secret):
        self.url = url
        self.authorization = "Basic " + base64.b64encode(f"{key_id}:{key_secret}".encode()).decode()

    def call(self, method, path, body=None, timeout=20, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("Authorization", self.authorization)
        status, _, answer = ask(self.url, method, "/v1" + path, body, headers, timeout)
        return status, answer

    def must(self, method, path, body=None, **headers):
        status, answer = self.call(method, path, body, **headers)
        if status != 200:
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return answer

    def order(self, **changes):
        return self.must("POST", "/orders", new_order(**changes))


class Sandbox:
    """The real program, with a journal, and somebody who may hear its webhooks."""

    def __init__(self, webhook_port):
        self.folder = tempfile.TemporaryDirectory(prefix="firstcome-gateway-")
        self.journal = Path(self.folder.name) / "journal"
        self.port, self.page_port, self.smtp_port = free_port(), free_port(), free_port()
        self.webhook_port = webhook_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.page_url = f"http://127.0.0.1:{self.page_port}"
        self.merchant = Merchant(self.url, KEY_ID, KEY_SECRET)
        self.process = None

    def start(self, **how):
        self.launch(**how)
        await_true("the sandbox answers", self.answers, START_SECONDS_MAX)

    def launch(self, **how):
        self.process = subprocess.Popen([
            FOLDER / "sandbox.py", "--http-listen", f"127.0.0.1:{self.page_port}",
            "--smtp-listen", f"127.0.0.1:{self.smtp_port}",
            "--gateway-listen", f"127.0.0.1:{self.port}", "--gateway-journal", self.journal,
            "--webhook-url", f"http://127.0.0.1:{self.webhook_port}/hook",
        ], env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
            stderr=subprocess.PIPE, text=True, **how)
        # What it says is read, so that it never waits for a reader.
        self.said = []
        self.reader = threading.Thread(target=self.said.extend, args=(self.process.stderr,))
        self.reader.start()

    def answers(self):
        with contextlib.suppress(OSError):
            return ask(self.page_url, "GET", "/healthz")[0] == 200

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.ended()

    def ended(self):
        """Waits for its end; returns its exit status."""
        status = self.process.wait(START_SECONDS_MAX)
        self.reader.join()
        self.process.stderr.close()
        return status

    def switch(self, **channels):
        status, _, answer = ask(self.page_url, "PUT", "/switches", channels)
        assert status == 200, answer

    def overview(self):
        return ask(self.page_url, "GET", "/payments")[2]

    def checkout(self, order, how):
        return ask(self.url, "POST", f"/checkout/{order['id']}/{how}")[2]

    def pay(self, order):
        paid = self.checkout(order, "pay")
        assert paid.get("status") in ("captured", "authorized"), paid
        return paid["razorpay_payment_id"]

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Hearing:
    """One webhook that came."""

    def __init__(self, headers, body, status):
        self.at = time.monotonic()
        self.status = status
        self.event_id = headers["x-razorpay-event-id"]
        self.signature = headers["X-Razorpay-Signature"]
        self.body = body
        self.event = json.loads(body)
        self.name = self.event["event"]

    def is_signed(self, secret=WEBHOOK_SECRET):
        return hmac.compare_digest(self.signature, signature(secret, self.body))

    def entity(self, kind):
        return self.event["payload"][kind]["entity"]

    def is_about(self, thing_id):
        return any(thing_id in (each["entity"]["id"], each["entity"].get("order_id"),
                                each["entity"].get("payment_id"))
                   for each in self.event["payload"].values())


class Listener:
    """Hears webhooks, and answers them as judge(hearing) says: with a status."""

    def __init__(self):
        listener = self
        self.port = free_port()
        self.heard = []
        self.judge = lambda hearing: 200
        self.server = None

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hearing = Hearing(self.headers, body, 0)
                hearing.status = listener.judge(hearing)
                listener.heard.append(hearing)
                self.send_response(hearing.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.handler = Handler

    def start(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", self.port), self.handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def about(self, thing_id, status=200):
        return [each for each in list(self.heard)
                if each.is_about(thing_id) and each.status == status]

    def await_about(self, thing_id, *names, seconds=20):
        """Waits until all of these events came, and returns the first of each."""
        def found():
            heard = {}
            for each in self.about(thing_id):
                heard.setdefault(each.name, each)
            return heard if set(names) <= set(heard) else None
        heard = await_true(f"{names} about {thing_id}", found, seconds)
        return [heard[name] for name in names]


PAID = ("payment.authorized", "payment.captured", "order.paid")


class GatewayTest(unittest.TestCase):
    """One sandbox for all of a class; each test begins with all switches as at the start."""

    @classmethod
    def setUpClass(cls):
        cls.listener = Listener()
        cls.listener.start()
        cls.sandbox = Sandbox(cls.listener.port)
        cls.sandbox.start()
        cls.merchant = cls.sandbox.merchant

    @classmethod
    def tearDownClass(cls):
        status = cls.sandbox.stop()
        cls.listener.stop()
        cls.sandbox.folder.cleanup()
        if status != 0:
            raise AssertionError(f"the sandbox did not stop cleanly: {cls.sandbox.said[-20:]}")

    def setUp(self):
        self.listener.judge = lambda hearing: 200
        self.sandbox.switch(**AT_START)

    def refused(self, answer, status=400, says=None):
        got, body = answer
        self.assertEqual(got, status, body)
        error = body["error"]
        self.assertLessEqual({"code", "description", "source", "step", "reason", "metadata"}, set(error))
        self.assertEqual(error["code"], "BAD_REQUEST_ERROR" if status < 500 else "SERVER_ERROR")
        if says:
            self.assertIn(says, error["description"])
        return error

    def paid(self, **changes):
        order = self.merchant.order(**changes)
        return order, self.sandbox.pay(order)


class ContractTest(unittest.TestCase):
    """What the cashier relies on and for which nobody pays; also against the real gateway."""

    @classmethod
    def setUpClass(cls):
        cls.sandbox = None
        if all(REAL_KEY):
            cls.merchant = Merchant(REAL_URL, *REAL_KEY)
            return
        cls.sandbox = Sandbox(free_port())
        cls.sandbox.start()
        cls.merchant = cls.sandbox.merchant

    @classmethod
    def tearDownClass(cls):
        if cls.sandbox:
            cls.sandbox.stop()
            cls.sandbox.folder.cleanup()

    def refused(self, answer, status=400):
        got, body = answer
        self.assertEqual(got, status, body)
        self.assertEqual(body["error"]["code"], "BAD_REQUEST_ERROR")
        self.assertTrue(body["error"]["description"])

    def test_an_order_is_as_it_was_asked_for(self):
        asked = new_order(notes={"booking": "7K3M-9QXT", "title": "A burger"})
        began = int(time.time())
        order = self.merchant.must("POST", "/orders", asked)
        self.assertRegex(order["id"], r"^order_[0-9A-Za-z]{14}$")
        self.assertLess(abs(order["created_at"] - began), 60)
        wanted = {
            "entity": "order", "amount": 100, "amount_paid": 0, "amount_due": 100,
            "currency": "INR", "receipt": asked["receipt"], "status": "created", "attempts": 0,
            "notes": asked["notes"], "offer_id": None,
        }
        self.assertEqual({name: order[name] for name in wanted}, wanted)
        self.assertEqual(self.merchant.must("GET", f"/orders/{order['id']}"), order)

    def test_an_order_is_found_by_its_receipt(self):
        order = self.merchant.order()
        found = self.merchant.must("GET", f"/orders?receipt={order['receipt']}")
        self.assertEqual((found["entity"], found["count"]), ("collection", 1))
        self.assertEqual([each["id"] for each in found["items"]], [order["id"]])
        nothing = self.merchant.must("GET", f"/orders?receipt={new_receipt()}")
        self.assertEqual((nothing["count"], nothing["items"]), (0, []))

    def test_a_receipt_makes_one_order(self):
        asked = new_order()
        order = self.merchant.must("POST", "/orders", asked)
        status, answer = self.merchant.call("POST", "/orders", asked)
        self.refused((status, answer))
        self.assertIn("receipt should be unique", answer["error"]["description"])
        found = self.merchant.must("GET", f"/orders?receipt={asked['receipt']}")
        self.assertEqual([each["id"] for each in found["items"]], [order["id"]])

    def test_orders_that_are_refused(self):
        for changes in (
            {"amount": 99}, {"amount": 0}, {"amount": -100}, {"amount": 100.5}, {"amount": None},
            {"currency": "RUPEES"}, {"currency": None}, {"receipt": "r" * 41},
            {"notes": {f"n{i}": "x" for i in range(16)}},
            {"notes": {"long": "x" * 600}}, {"unheard_of": 1},
        ):
            with self.subTest(changes=str(changes)[:60]):
                self.refused(self.merchant.call("POST", "/orders", new_order(**changes)))

    def test_the_limits_themselves_are_taken(self):
        order = self.merchant.order(
            receipt=(new_receipt() * 2)[:40], notes={f"n{i}": "x" * 256 for i in range(15)})
        self.assertEqual(len(order["notes"]), 15)

    def test_an_unpaid_order_has_no_payments(self):
        order = self.merchant.order()
        payments = self.merchant.must("GET", f"/orders/{order['id']}/payments")
        self.assertEqual(payments, {"entity": "collection", "count": 0, "items": []})

    def test_lists_have_the_newest_first(self):
        first, second = self.merchant.order(), self.merchant.order()
        ids = [each["id"] for each in self.merchant.must("GET", "/orders?count=50")["items"]]
        if first["created_at"] != second["created_at"]:
            self.assertLess(ids.index(second["id"]), ids.index(first["id"]))
        self.assertLessEqual({first["id"], second["id"]}, set(ids))
        one = self.merchant.must("GET", "/orders?count=1&skip=1")
        self.assertEqual((one["count"], len(one["items"])), (1, 1))
        for path in ("/payments", "/refunds"):
            found = self.merchant.must("GET", f"{path}?count=1&from=1500000000&to={int(time.time())}")
            self.assertEqual(found["entity"], "collection")

    def test_what_does_not_exist(self):
        for method, path in (
            ("GET", "/orders/order_00000000000000"), ("GET", "/orders/order_1"),
            ("GET", "/payments/pay_00000000000000"), ("GET", "/refunds/rfnd_00000000000000"),
            ("POST", "/payments/pay_00000000000000/capture"),
            ("POST", "/payments/pay_00000000000000/refund"),
        ):
            with self.subTest(path=path):
                body = {"amount": 100, "currency": "INR"} if method == "POST" else None
                if path.endswith("refund"):
                    body = {"amount": 100}
                self.refused(self.merchant.call(method, path, body))

    def test_who_has_no_key(self):
        order = self.merchant.order()
        for authorization in ("", "Basic eDp5", "Bearer x", self.merchant.authorization[:-6] + "eDp5eg"):
            with self.subTest(authorization=authorization[:10]):
                self.refused(self.merchant.call(
                    "GET", f"/orders/{order['id']}", Authorization=authorization), 401)


class PaymentTest(GatewayTest):
    def test_a_payment_is_captured_by_itself(self):
        order = self.merchant.order()
        paid = self.sandbox.checkout(order, "pay")
        payment_id = paid["razorpay_payment_id"]
        self.assertRegex(payment_id, r"^pay_[0-9A-Za-z]{14}$")
        text = f"{order['id']}|{payment_id}".encode()
        self.assertEqual(paid["razorpay_signature"], signature(KEY_SECRET.encode(), text))
        payment = self.merchant.must("GET", f"/payments/{payment_id}")
        self.assertEqual(
            (payment["status"], payment["captured"], payment["amount"], payment["order_id"]),
            ("captured", True, 100, order["id"]))
        order = self.merchant.must("GET", f"/orders/{order['id']}")
        self.assertEqual((order["status"], order["amount_paid"], order["amount_due"],
                          order["attempts"]), ("paid", 100, 0, 1))
        found = self.merchant.must("GET", f"/orders/{order['id']}/payments")
        self.assertEqual(found["items"], [payment])
        newest = self.merchant.must("GET", f"/payments?from={payment['created_at']}&count=100")
        self.assertIn(payment, newest["items"])

    def test_the_merchant_hears_of_it(self):
        order, payment_id = self.paid(notes={"title": "A burger"})
        authorized, captured, paid = self.listener.await_about(payment_id, *PAID)
        for each in (authorized, captured, paid):
            self.assertTrue(each.is_signed())
            self.assertEqual(each.event["entity"], "event")
            self.assertRegex(each.event["account_id"], r"^acc_[0-9A-Za-z]{14}$")
            self.assertLess(abs(each.event["created_at"] - time.time()), 60)
            self.assertEqual(each.event["contains"], list(each.event["payload"]))
            self.assertEqual(each.entity("payment")["order_id"], order["id"])
        # Each is as things stood then, not as they are now.
        self.assertEqual(authorized.entity("payment")["status"], "authorized")
        self.assertEqual(captured.entity("payment")["status"], "captured")
        self.assertEqual(paid.entity("order")["status"], "paid")
        self.assertEqual(paid.entity("order")["receipt"], order["receipt"])
        self.assertEqual(len({authorized.event_id, captured.event_id, paid.event_id}), 3)

    def test_who_failed_may_try_again(self):
        order = self.merchant.order()
        failed = self.sandbox.checkout(order, "fail")
        self.assertEqual(failed["status"], "failed")
        self.assertNotIn("razorpay_signature", failed)
        payment = self.merchant.must("GET", f"/payments/{failed['razorpay_payment_id']}")
        self.assertEqual((payment["status"], payment["captured"], payment["error_reason"]),
                         ("failed", False, "payment_failed"))
        self.assertEqual(self.merchant.must("GET", f"/orders/{order['id']}")["status"], "attempted")
        [event] = self.listener.await_about(payment["id"], "payment.failed")
        self.assertEqual(event.entity("payment")["error_code"], "BAD_REQUEST_ERROR")
        self.sandbox.pay(order)
        order = self.merchant.must("GET", f"/orders/{order['id']}")
        self.assertEqual((order["status"], order["attempts"]), ("paid", 2))

    def test_an_order_is_paid_once(self):
        order, _ = self.paid()
        for how in ("pay", "fail", "late"):
            status, _, answer = ask(self.sandbox.url, "POST", f"/checkout/{order['id']}/{how}")
            self.refused((status, answer), says="already paid")
        self.assertEqual(self.merchant.must("GET", f"/orders/{order['id']}/payments")["count"], 1)

    def test_a_merchant_may_capture(self):
        for wish in ({"payment": {"capture": "manual"}}, {"payment_capture": False}):
            order, payment_id = self.paid(**wish)
            path = f"/payments/{payment_id}/capture"
            self.assertEqual(self.merchant.must("GET", f"/orders/{order['id']}")["status"], "attempted")
            self.refused(self.merchant.call("POST", f"/payments/{payment_id}/refund"), says="captured")
            self.refused(self.merchant.call("POST", path, {"amount": 200, "currency": "INR"}),
                         says="equal to the amount authorized")
            self.refused(self.merchant.call("POST", path, {"amount": 100, "currency": "USD"}))
            payment = self.merchant.must("POST", path, {"amount": 100, "currency": "INR"})
            self.assertEqual((payment["status"], payment["captured"]), ("captured", True))
            self.refused(self.merchant.call("POST", path, {"amount": 100, "currency": "INR"}),
                         says="already been captured")
            self.listener.await_about(payment_id, *PAID)

    def test_a_bank_that_is_late(self):
        self.sandbox.switch(gateway={"late_ms": 400})
        order = self.merchant.order()
        payment_id = self.sandbox.checkout(order, "late")["razorpay_payment_id"]
        payment = self.merchant.must("GET", f"/payments/{payment_id}")
        self.assertEqual((payment["status"], payment["error_reason"]), ("failed", "payment_timed_out"))
        failed, *_ = self.listener.await_about(payment_id, "payment.failed", *PAID)
        self.assertEqual(failed.entity("payment")["status"], "failed")
        payment = self.merchant.must("GET", f"/payments/{payment_id}")
        self.assertEqual((payment["status"], payment["error_code"]), ("captured", None))
        self.assertEqual(self.merchant.must("GET", f"/orders/{order['id']}")["attempts"], 1)

    def test_banks_are_late_by_a_switch(self):
        self.sandbox.switch(gateway={"payments": "late", "late_ms": 200})
        paid = self.sandbox.checkout(self.merchant.order(), "pay")
        self.assertEqual(paid["status"], "failed")
        self.listener.await_about(paid["razorpay_payment_id"], "payment.failed", *PAID)

    def test_late_money_for_a_paid_order_goes_back_by_itself(self):
        self.sandbox.switch(gateway={"late_ms": 500})
        order = self.merchant.order()
        late_id = self.sandbox.checkout(order, "late")["razorpay_payment_id"]
        self.sandbox.pay(order)
        events = self.listener.await_about(
            late_id, "payment.failed", "payment.authorized", "refund.created", "refund.processed")
        self.assertFalse(events[-1].entity("payment")["captured"])
        payment = self.merchant.must("GET", f"/payments/{late_id}")
        self.assertEqual((payment["status"], payment["captured"], payment["amount_refunded"]),
                         ("refunded", False, 100))
        self.assertEqual(self.merchant.must("GET", f"/orders/{order['id']}")["amount_paid"], 100)


class RefundTest(GatewayTest):
    def refund(self, payment_id, body=None, key=None, **more):
        headers = {"X_Refund_Idempotency": key} if key else {}
        return self.merchant.call("POST", f"/payments/{payment_id}/refund", body, **headers, **more)

    def test_all_of_it(self):
        order, payment_id = self.paid()
        status, refund = self.refund(payment_id, {"speed": "normal", "receipt": "r", "notes": {"a": "b"}})
        self.assertEqual(status, 200, refund)
        self.assertRegex(refund["id"], r"^rfnd_[0-9A-Za-z]{14}$")
        wanted = {
            "entity": "refund", "amount": 100, "currency": "INR", "payment_id": payment_id,
            "status": "processed", "speed_requested": "normal", "receipt": "r", "notes": {"a": "b"},
            "batch_id": None,
        }
        self.assertEqual({name: refund[name] for name in wanted}, wanted)
        payment = self.merchant.must("GET", f"/payments/{payment_id}")
        self.assertEqual((payment["status"], payment["refund_status"], payment["amount_refunded"]),
                         ("refunded", "full", 100))
        # An order stays paid.
        self.assertEqual(self.merchant.must("GET", f"/orders/{order['id']}")["status"], "paid")
        self.assertEqual(self.merchant.must("GET", f"/refunds/{refund['id']}"), refund)
        of_payment = self.merchant.must("GET", f"/payments/{payment_id}/refunds")
        self.assertEqual(of_payment["items"], [refund])
        self.assertIn(refund, self.merchant.must("GET", "/refunds?count=100")["items"])
        created, processed = self.listener.await_about(
            refund["id"], "refund.created", "refund.processed")
        self.assertEqual(created.event["contains"], ["refund", "payment"])
        self.assertEqual(processed.entity("refund")["status"], "processed")
        self.refused(self.refund(payment_id), says="fully refunded already")

    def test_parts_of_it(self):
        _, payment_id = self.paid(amount=1000)
        self.assertEqual(self.refund(payment_id, {"amount": 400})[0], 200)
        payment = self.merchant.must("GET", f"/payments/{payment_id}")
        self.assertEqual((payment["status"], payment["refund_status"], payment["amount_refunded"]),
                         ("captured", "partial", 400))
        self.refused(self.refund(payment_id, {"amount": 601}), says="greater than amount captured")
        self.refused(self.refund(payment_id, {"amount": 99}), says="at least INR 1.00")
        self.assertEqual(self.refund(payment_id)[1]["amount"], 600)
        payment = self.merchant.must("GET", f"/payments/{payment_id}")
        self.assertEqual((payment["status"], payment["amount_refunded"]), ("refunded", 1000))

    def test_a_receipt_makes_one_refund_of_a_payment(self):
        _, payment_id = self.paid(amount=1000)
        body = {"amount": 300, "receipt": new_receipt()}
        self.assertEqual(self.refund(payment_id, body)[0], 200)
        self.refused(self.refund(payment_id, body), says="Duplicate receipt")
        self.assertEqual(self.refund(self.paid(amount=1000)[1], body)[0], 200)
        found = self.merchant.must("GET", f"/payments/{payment_id}/refunds?count=1")
        self.assertEqual(found["count"], 1)

    def test_the_same_key_is_the_same_refund(self):
        _, payment_id = self.paid(amount=1000)
        body, key = {"amount": 300, "notes": {"why": "sold out"}}, f"refund-{uuid.uuid4()}"
        first, again = self.refund(payment_id, body, key), self.refund(payment_id, body, key)
        self.assertEqual(first[0], 200)
        self.assertEqual(first, again)
        self.refused(self.refund(payment_id, {"amount": 400}, key), says="same idempotency key")
        _, other_id = self.paid(amount=1000)
        self.refused(self.refund(other_id, body, key), says="same idempotency key")
        self.assertEqual(self.merchant.must("GET", f"/payments/{payment_id}/refunds")["count"], 1)
        self.assertEqual(self.refund(payment_id, body)[0], 200)
        self.assertEqual(self.merchant.must("GET", f"/payments/{payment_id}/refunds")["count"], 2)

    def test_keys_that_are_none(self):
        _, payment_id = self.paid()
        for key in ("short-key", "k" * 256, "with blanks in it", "with.a.dot.in.it"):
            with self.subTest(key=key[:20]):
                self.refused(self.refund(payment_id, {}, key), says="idempotency key")
        # A refusal is not remembered: the key may be used for what is right.
        key = f"refund-{uuid.uuid4()}"
        self.refused(self.refund(payment_id, {"amount": 101}, key))
        self.assertEqual(self.refund(payment_id, {"amount": 100}, key)[0], 200)

    def test_a_key_in_flight(self):
        _, payment_id = self.paid()
        key = f"refund-{uuid.uuid4()}"
        self.sandbox.switch(gateway={"mode": "slow", "delay_ms": 1000})
        answers = []
        first = threading.Thread(target=lambda: answers.append(self.refund(payment_id, {}, key)))
        first.start()
        time.sleep(0.3)
        self.refused(self.refund(payment_id, {}, key), 409, "in progress")
        first.join()
        self.assertEqual(answers[0][0], 200)
        self.sandbox.switch(gateway={"mode": "ok"})
        self.assertEqual(self.refund(payment_id, {}, key), answers[0])

    def test_refunds_that_wait_and_fail(self):
        _, payment_id = self.paid()
        self.sandbox.switch(gateway={"refunds": "pending"})
        status, refund = self.refund(payment_id)
        self.assertEqual((status, refund["status"]), (200, "pending"))
        self.sandbox.switch(gateway={"refunds": "failed"})
        [event] = self.listener.await_about(refund["id"], "refund.failed")
        self.assertEqual(event.entity("refund")["status"], "failed")
        payment = self.merchant.must("GET", f"/payments/{payment_id}")
        self.assertEqual((payment["status"], payment["amount_refunded"], payment["refund_status"]),
                         ("captured", 0, None))
        self.sandbox.switch(gateway={"refunds": "processed", "refund_ms": 300})
        status, refund = self.refund(payment_id)
        self.assertEqual((status, refund["status"]), (200, "pending"))
        self.listener.await_about(refund["id"], "refund.processed")


class WebhookTest(GatewayTest):
    def test_duplicates_are_the_same_event(self):
        self.sandbox.switch(webhooks={"duplicates": 4})
        _, payment_id = self.paid()
        await_true("5 of each", lambda: len(self.listener.about(payment_id)) == 15)
        time.sleep(0.3)
        heard = self.listener.about(payment_id)
        self.assertEqual(len(heard), 15)
        self.assertEqual(len({each.event_id for each in heard}), 3)
        self.assertEqual(len({each.body for each in heard}), 3)

    def test_late_ones(self):
        self.sandbox.switch(webhooks={"delay_ms": 700})
        began = time.monotonic()
        _, payment_id = self.paid()
        self.listener.await_about(payment_id, *PAID)
        self.assertGreaterEqual(min(each.at for each in self.listener.about(payment_id)) - began, 0.7)

    def test_they_overtake_each_other(self):
        self.sandbox.switch(webhooks={"reorder_ms": 600})
        payments = [self.paid()[1] for _ in range(20)]
        orders = []
        for payment_id in payments:
            heard = self.listener.await_about(payment_id, *PAID)
            orders.append([each.name for each in sorted(heard, key=lambda each: each.at)])
        self.assertTrue(any(names != list(PAID) for names in orders))

    def test_lost_ones(self):
        self.sandbox.switch(webhooks={"lost_percent": 100})
        _, lost_id = self.paid()
        self.sandbox.switch(webhooks={"lost_percent": 0})
        _, payment_id = self.paid()
        self.listener.await_about(payment_id, *PAID)
        self.assertEqual(self.listener.about(lost_id), [])
        # The money is there all the same, for who asks.
        self.assertEqual(self.merchant.must("GET", f"/payments/{lost_id}")["status"], "captured")
        states = [each["state"] for each in self.sandbox.overview()["webhooks"]
                  if each["about"] == lost_id]
        self.assertEqual(states, ["lost"] * 3)

    def test_wrongly_signed_ones(self):
        self.listener.judge = lambda each: 200 if each.is_signed() else 401
        self.sandbox.switch(webhooks={"wrongly_signed_percent": 100})
        _, payment_id = self.paid()
        await_true("three that are refused", lambda: len(self.listener.about(payment_id, 401)) >= 3)
        self.assertEqual(self.listener.about(payment_id), [])
        self.assertFalse(any(each.is_signed(WEBHOOK_SECRET_OLD)
                             for each in self.listener.about(payment_id, 401)))
        self.sandbox.switch(webhooks={"wrongly_signed_percent": 0})
        self.listener.await_about(payment_id, *PAID)

    def test_stale_ones(self):
        self.sandbox.switch(webhooks={"stale_percent": 100})
        _, payment_id = self.paid()
        for each in self.listener.await_about(payment_id, *PAID):
            self.assertFalse(each.is_signed())
            self.assertTrue(each.is_signed(WEBHOOK_SECRET_OLD))
            self.assertGreater(time.time() - each.event["created_at"], 3500)

    def test_they_are_told_until_somebody_listens(self):
        tries = []

        def judge(hearing):
            if hearing.name != "order.paid" or not hearing.is_about(payment_id):
                return 200
            tries.append(hearing.at)
            return 200 if len(tries) > 2 else (500, 404)[len(tries) - 1]

        payment_id = ""
        self.listener.judge = judge
        order = self.merchant.order(payment={"capture": "manual"})
        payment_id = self.sandbox.pay(order)
        self.merchant.must("POST", f"/payments/{payment_id}/capture", {"amount": 100})
        self.listener.await_about(payment_id, *PAID)
        pauses = [after - before for before, after in zip(tries, tries[1:])]
        self.assertEqual(len(pauses), 2)
        self.assertTrue(0.9 < pauses[0] < 1.9 < pauses[1] < 3.9, pauses)

    def test_an_answer_that_takes_too_long_is_none(self):
        def judge(hearing):
            if hearing.name == "payment.failed" and hearing.is_about(order["id"]):
                first.append(hearing)
                if len(first) == 1:
                    time.sleep(6)
            return 200

        first, order = [], self.merchant.order()
        self.listener.judge = judge
        self.sandbox.checkout(order, "fail")
        await_true("it is told again", lambda: len(first) == 2)
        self.assertGreater(first[1].at - first[0].at, 5.5)
        self.assertEqual(first[0].event_id, first[1].event_id)


class GatewaySwitchTest(GatewayTest):
    def test_slow(self):
        self.sandbox.switch(gateway={"mode": "slow", "delay_ms": 500})
        began = time.monotonic()
        order = self.merchant.order()
        self.assertGreaterEqual(time.monotonic() - began, 0.5)
        # People who pay are not slowed down.
        began = time.monotonic()
        self.sandbox.pay(order)
        self.assertLess(time.monotonic() - began, 0.5)

    def test_some_calls_are_refused_for_now(self):
        self.sandbox.switch(gateway={"mode": "refuse_temporarily", "percent": 50})
        answers = [self.merchant.call("GET", "/orders") for _ in range(60)]
        refused = [answer for answer in answers if answer[0] != 200]
        self.assertTrue(10 < len(refused) < 50, len(refused))
        for answer in refused:
            self.refused(answer, 503)

    def test_a_time_out_after_the_order_was_made(self):
        asked = new_order()
        self.sandbox.switch(gateway={"mode": "take_then_hang"})
        with self.assertRaises(TimeoutError):
            self.merchant.call("POST", "/orders", asked, timeout=0.5)
        # What only asks is answered, so that the merchant can find what was made.
        found = self.merchant.must("GET", f"/orders?receipt={asked['receipt']}")
        self.assertEqual(found["count"], 1)
        self.sandbox.switch(gateway={"mode": "ok"})
        self.refused(self.merchant.call("POST", "/orders", asked), says="unique")

    def test_a_connection_that_breaks_after_the_refund_was_made(self):
        _, payment_id = self.paid()
        key, path = f"refund-{uuid.uuid4()}", f"/payments/{payment_id}/refund"
        self.sandbox.switch(gateway={"mode": "take_then_break"})
        with self.assertRaises((http.client.RemoteDisconnected, ConnectionResetError)):
            self.merchant.call("POST", path, {}, X_Refund_Idempotency=key)
        self.sandbox.switch(gateway={"mode": "ok"})
        refund = self.merchant.must("POST", path, {}, X_Refund_Idempotency=key)
        found = self.merchant.must("GET", f"/payments/{payment_id}/refunds")
        self.assertEqual(found["items"], [refund])

    def test_it_hangs_until_the_switch_is_back(self):
        self.sandbox.switch(gateway={"mode": "hang"})
        answers = []
        asking = threading.Thread(target=lambda: answers.append(self.merchant.call("GET", "/orders")))
        asking.start()
        time.sleep(0.4)
        self.assertEqual(answers, [])
        self.sandbox.switch(gateway={"mode": "ok"})
        asking.join(5)
        self.assertEqual(answers[0][0], 200)

    def test_a_switch_for_some_time(self):
        self.sandbox.switch(gateway={"mode": "refuse_temporarily", "for_seconds": 1})
        self.assertEqual(self.merchant.call("GET", "/orders")[0], 503)
        switches = ask(self.sandbox.page_url, "GET", "/switches")[2]
        self.assertEqual(switches["gateway"]["for_seconds"], 1)
        await_true("it is over", lambda: self.merchant.call("GET", "/orders")[0] == 200, 5)
        switches = ask(self.sandbox.page_url, "GET", "/switches")[2]
        self.assertEqual(switches["gateway"], {**AT_START["gateway"], "for_seconds": None})

    def test_bad_switches_change_nothing(self):
        before = ask(self.sandbox.page_url, "GET", "/switches")[2]
        for channels in (
            {"gateway": {"mode": "accept_then_drop"}}, {"gateway": {"percent": 101}},
            {"gateway": {"payments": "never"}}, {"webhooks": {"mode": "ok"}},
            {"webhooks": {"duplicates": -1}}, {"webhooks": {"lost_percent": 0.5}},
            {"webhooks": {"for_seconds": 0}}, {"gateway": {"mode": "ok"}, "webhooks": 1},
        ):
            with self.subTest(channels=channels):
                self.assertEqual(ask(self.sandbox.page_url, "PUT", "/switches", channels)[0], 400)
        self.assertEqual(ask(self.sandbox.page_url, "GET", "/switches")[2], before)


class PageTest(GatewayTest):
    def get(self, order, query="", method="GET", how=""):
        return ask(self.sandbox.url, method, f"/checkout/{order['id']}{how}{query}",
                   headers={"Accept": "text/html,*/*;q=0.8"})

    def test_the_page_to_pay_on(self):
        deadline = datetime.now(timezone(timedelta(hours=5, minutes=30))) + timedelta(minutes=5)
        order = self.merchant.order(amount=12345650, notes={
            "title": "<b>Burgers</b> & \"more\"", "pay_by": deadline.isoformat()})
        status, headers, content = self.get(order)
        text = content.decode()
        self.assertEqual(status, 200)
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertIn("₹1,23,456.50", text)
        self.assertIn(html.escape("<b>Burgers</b> & \"more\""), text)
        self.assertNotIn("<b>Burgers", text)
        self.assertIn(html.escape(deadline.isoformat()), text)
        self.assertEqual(re.findall(r'formaction="/checkout/[^/]*/(\w+)"', text), ["pay", "fail", "late"])
        for path in re.findall(r'(?:href|src)="(/[^"]*)"', text):
            self.assertEqual(ask(self.sandbox.url, "GET", path)[0], 200, path)
        self.sandbox.pay(order)
        text = self.get(order)[2].decode()
        self.assertIn("Paid", text)
        self.assertNotIn("formaction", text)

    def test_a_deadline_that_is_none(self):
        for pay_by in ("soon", "2026-11-22T10:00:00", 5, ""):
            order = self.merchant.order(notes={"pay_by": pay_by})
            status, _, content = self.get(order)
            self.assertEqual(status, 200)
            self.assertNotIn(b"Pay by", content)

    def test_who_paid_returns_to_where_they_came_from(self):
        order = self.merchant.order()
        query = "?" + urllib.parse.urlencode({"callback_url": "http://127.0.0.1:8080/?c=burger"})
        self.assertIn(b"http://127.0.0.1:8080/?c=burger", self.get(order, query)[2])
        # Who failed stays, and finds the way back there too.
        status, headers, _ = self.get(order, query, "POST", "/fail")
        self.assertEqual((status, headers["Location"]), (303, f"/checkout/{order['id']}{query}"))
        self.assertIn(b"The payment failed", self.get(order, query)[2])
        status, headers, _ = self.get(order, query, "POST", "/pay")
        self.assertEqual(status, 303)
        place = urllib.parse.urlsplit(headers["Location"])
        self.assertEqual((place.netloc, place.path), ("127.0.0.1:8080", "/"))
        told = dict(urllib.parse.parse_qsl(place.query))
        self.assertEqual(told["c"], "burger")
        text = f"{order['id']}|{told['razorpay_payment_id']}".encode()
        self.assertEqual(told["razorpay_order_id"], order["id"])
        self.assertEqual(told["razorpay_signature"], signature(KEY_SECRET.encode(), text))

    def test_nobody_is_sent_elsewhere(self):
        order = self.merchant.order()
        for place in (
            "https://example.org/", "//example.org/", "/\\example.org", "javascript:alert(1)",
            "http://127.0.0.1.example.org/", "http://127.0.0.1@example.org/",
            "http://127.0.0.1\\@example.org/", "http://localhost:80@example.org/",
            "http://example.org/#http://127.0.0.1/", "http://127.0.0.1/\r\nX: y",
            "http://127.0.0.1:8080/#x", "http://10.0.0.1/", "ftp://127.0.0.1/", "",
            "http://127.0.0.1/" + "x" * 3000,
        ):
            with self.subTest(place=place[:40]):
                query = "?" + urllib.parse.urlencode({"callback_url": place})
                for method, how in (("GET", ""), ("POST", "/fail")):
                    status, headers, _ = self.get(order, query, method, how)
                    if place:
                        self.assertEqual(status, 400)
                    self.assertNotIn("example", headers.get("Location", ""))
        # Only what had no address at all was an attempt to pay.
        payments = self.merchant.must("GET", f"/orders/{order['id']}/payments")
        self.assertEqual(payments["count"], 1)

    def test_what_cannot_be_paid(self):
        for path, status in (("/checkout/order_00000000000000", 400), ("/checkout/x", 404),
                             ("/checkout/../gateway.py", 404), ("/", 404)):
            with self.subTest(path=path):
                got, _, content = ask(self.sandbox.url, "GET", path, headers={"Accept": "text/html"})
                self.assertEqual(got, status)
                self.assertIn(b"This cannot be paid", content)

    def test_the_sandboxs_page_has_it_all(self):
        order, payment_id = self.paid()
        self.merchant.must("POST", f"/payments/{payment_id}/refund")
        self.listener.await_about(payment_id, *PAID, "refund.processed")
        def is_told():
            overview = self.sandbox.overview()
            about = [each for each in overview["webhooks"] if each["state"] == "told"
                     and each["event"] in PAID and each["about"] == payment_id]
            return overview if len(about) == 3 else None
        overview = await_true("the webhooks are told", is_told)
        self.assertEqual(overview["gateway_url"], self.sandbox.url)
        self.assertEqual(overview["orders"][0]["id"], order["id"])
        self.assertEqual(overview["payments"][0]["id"], payment_id)
        self.assertEqual(overview["refunds"][0]["payment_id"], payment_id)
        text = ask(self.sandbox.page_url, "GET", "/")[2].decode()
        for channel, settings in AT_START.items():
            part = text.partition(f'data-channel="{channel}"')[2].partition("</fieldset>")[0]
            self.assertEqual(set(re.findall(r'name="(\w+)"', part)), set(settings))
        for path in ("/payments.js", "/switches.js", "/ask.js"):
            self.assertEqual(ask(self.sandbox.page_url, "GET", path)[0], 200)


class BadRequestTest(GatewayTest):
    def test_bad_requests(self):
        order = self.merchant.order()
        key = {"Authorization": self.merchant.authorization}
        for method, path, body, headers, status in (
            ("POST", "/v1/orders", b"", key, 400), ("POST", "/v1/orders", b"[]", key, 400),
            ("POST", "/v1/orders", b"{", key, 400), ("POST", "/v1/orders", b"[" * 9000, key, 400),
            ("POST", "/v1/orders", b'{"amount": NaN, "currency": "INR"}', key, 400),
            ("POST", "/v1/orders", b'{"amount": 1' + b"0" * 5000 + b'}', key, 400),
            ("POST", "/v1/orders", b'{"amount": 100, "currency": "INR", "receipt": 5}', key, 400),
            ("POST", "/v1/orders", b'{"amount": 100, "currency": "INR", "payment": 5}', key, 400),
            ("POST", "/v1/orders", b'{"amount": 100, "currency": "INR", "notes": "x"}', key, 400),
            ("POST", "/v1/orders", b'{"amount": 100, "currency": "INR", "notes": {"a": []}}', key, 400),
            ("POST", "/v1/orders", b"\xff\xfe", key, 400),
            ("POST", "/v1/orders", b"{}" + b" " * 70000, key, 413),
            ("POST", "/v1/orders", b"{}", {}, 401),
            ("POST", "/v1/orders", b"{}", {**key, "Transfer-Encoding": "chunked"}, 411),
            ("GET", "/v1/orders?count=0", None, key, 400),
            ("GET", "/v1/orders?count=101", None, key, 400),
            ("GET", "/v1/orders?skip=x", None, key, 400),
            ("GET", "/v1/orders?" + "a=b&" * 50, None, key, 400),
            ("GET", "/v1/nothing", None, key, 400), ("GET", "/v1/payments/x%00", None, key, 400),
            ("DELETE", f"/v1/orders/{order['id']}", None, key, 400),
            ("GET", f"/checkout/{order['id']}/pay", None, {}, 404),
            ("POST", f"/checkout/{order['id']}", b"", {}, 404),
            ("PATCH", "/", None, {}, 404),
        ):
            with self.subTest(method=method, path=path[:40], body=(body or b"")[:40]):
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    got = ask(self.sandbox.url, method, path, body, headers)
                    self.assertEqual(got[0], status, got[2])
        odd = self.merchant.order(receipt="\ud800 ₹", notes={"title": "\ud800<"})
        self.assertEqual(self.merchant.must("GET", f"/orders/{odd['id']}"), odd)
        self.assertEqual(ask(self.sandbox.url, "GET", f"/checkout/{odd['id']}")[0], 200)

    def test_requests_in_one_piece_and_in_many(self):
        request = (f"GET /v1/orders?count=1 HTTP/1.1\r\nHost: a\r\n"
                   f"Authorization: {self.merchant.authorization}\r\n\r\n").encode()
        self.sandbox.switch(gateway={"mode": "slow", "delay_ms": 50})
        with socket.create_connection(("127.0.0.1", self.sandbox.port), timeout=10) as connection:
            connection.sendall(request * 5)
            for byte in request[:-1]:
                connection.sendall(bytes([byte]))
            connection.sendall(b"\n" + request.replace(b"Host", b"Connection: close\r\nHost"))
            answers = b"".join(iter(lambda: connection.recv(65536), b""))
        self.assertEqual(answers.count(b"HTTP/1.1 200 OK"), 7)

    def test_garbage_does_not_stop_it(self):
        noise = random.Random(1)
        for _ in range(200):
            with socket.create_connection(("127.0.0.1", self.sandbox.port), timeout=5) as connection:
                with contextlib.suppress(OSError):
                    start = noise.choice([b"", b"GET ", b"POST /v1/orders HTTP/1.1\r\n", b"\r\n\r\n"])
                    connection.sendall(start + noise.randbytes(noise.randrange(1, 40000)))
        self.assertEqual(ask(self.sandbox.url, "GET", "/healthz")[::2], (200, b"ok\n"))


class RestartTest(unittest.TestCase):
    """Each has a sandbox of its own, which dies."""

    def setUp(self):
        self.listener = Listener()
        self.sandbox = Sandbox(self.listener.port)
        self.merchant = self.sandbox.merchant
        self.sandbox.start()
        self.addCleanup(self.sandbox.folder.cleanup)
        self.addCleanup(lambda: self.sandbox.process.poll() is not None or self.sandbox.stop())

    def everything(self):
        return [self.merchant.must("GET", f"/{kind}?count=100")
                for kind in ("orders", "payments", "refunds")]

    def test_money_is_there_after_a_crash(self):
        paid = self.merchant.order(amount=500, notes={"title": "ä"})
        payment_id = self.sandbox.pay(paid)
        self.sandbox.checkout(self.merchant.order(), "fail")
        key = {"X_Refund_Idempotency": f"refund-{uuid.uuid4()}"}
        refund = self.merchant.must("POST", f"/payments/{payment_id}/refund", {"amount": 200}, **key)
        before = self.everything()
        self.sandbox.stop(signal.SIGKILL)
        self.sandbox.start()
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.merchant.call("POST", "/orders", new_order(receipt=paid["receipt"]))[0], 400)
        again = self.merchant.must("POST", f"/payments/{payment_id}/refund", {"amount": 200}, **key)
        self.assertEqual(again, refund)
        # And what nobody heard before is told now.
        self.listener.start()
        self.addCleanup(self.listener.stop)
        self.listener.await_about(payment_id, *PAID, "refund.created", "refund.processed", seconds=30)
        heard = len(self.listener.heard)
        await_true("the last is written down", lambda: self.told() == heard)
        self.sandbox.stop(signal.SIGKILL)
        self.sandbox.start()
        self.listener.await_about(self.sandbox.pay(self.merchant.order()), *PAID)
        self.assertEqual(len(self.listener.heard), heard + 3)

    def told(self):
        return self.sandbox.journal.read_text().count('["told",')

    def test_what_was_to_happen_happens_after_a_restart(self):
        self.sandbox.switch(gateway={"late_ms": 600_000, "refunds": "pending"})
        late_id = self.sandbox.checkout(self.merchant.order(), "late")["razorpay_payment_id"]
        refund = self.merchant.must(
            "POST", f"/payments/{self.sandbox.pay(self.merchant.order())}/refund")
        self.assertEqual(refund["status"], "pending")
        self.sandbox.stop()
        # Ten minutes pass.
        text = self.sandbox.journal.read_text()
        pattern = r'(\["pay_late",\d+,"\w+","\w+"),[\d.]+\]'
        self.sandbox.journal.write_text(re.sub(pattern, r"\1,1]", text))
        self.sandbox.start()
        await_true("the bank says yes", lambda: self.merchant.must(
            "GET", f"/payments/{late_id}")["status"] == "captured")
        await_true("the refund is done", lambda: self.merchant.must(
            "GET", f"/refunds/{refund['id']}")["status"] == "processed")

    def test_half_a_line_is_forgotten_and_a_wrong_one_is_not(self):
        order = self.merchant.order()
        self.sandbox.stop(signal.SIGKILL)
        with open(self.sandbox.journal, "a") as file:
            file.write('["pay",1795388281,"pay_5FOWSWVa')
        self.sandbox.start()
        self.sandbox.pay(order)
        self.sandbox.stop()
        self.sandbox.start()
        self.assertEqual(self.merchant.must("GET", f"/orders/{order['id']}")["status"], "paid")
        self.sandbox.stop()
        good = self.sandbox.journal.read_text()
        for line in ("nonsense", '["pay",1,"pay_x","order_nobody"]', '["pay"]', "[]", "{}", "5"):
            with self.subTest(line=line):
                self.sandbox.journal.write_text(f"{good}{line}\n")
                self.sandbox.launch()
                self.assertNotEqual(self.sandbox.ended(), 0)
                self.assertIn("journal", "".join(self.sandbox.said))
                self.assertNotIn("Traceback", "".join(self.sandbox.said))

    def test_a_full_disk_forgets_nothing_that_was_answered(self):
        self.sandbox.stop()
        self.sandbox.start(
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)))
        made, status = [], 200
        while status == 200:
            receipt = new_receipt()
            status, answer = self.merchant.call("POST", "/orders", new_order(receipt=receipt))
            if status == 200:
                made.append(answer)
        self.assertEqual((status, answer["error"]["code"]), (500, "SERVER_ERROR"))
        self.assertNotEqual(self.sandbox.ended(), 0)
        self.assertIn("cannot be written", "".join(self.sandbox.said))
        self.sandbox.start()
        self.assertEqual(self.merchant.must("GET", "/orders?count=100")["items"], made[::-1])
        # Nobody was told of that one, and it is not there.
        self.assertEqual(self.merchant.must("GET", f"/orders?receipt={receipt}")["count"], 0)

    def test_two_do_not_share_a_journal(self):
        other = Sandbox(self.listener.port)
        self.addCleanup(other.folder.cleanup)
        other.journal = self.sandbox.journal
        other.launch()
        self.assertNotEqual(other.ended(), 0)
        self.assertIn("in use", "".join(other.said))

    def test_a_merchant_who_is_away_costs_little(self):
        for _ in range(40):
            self.sandbox.pay(self.merchant.order())
        time.sleep(1)
        before, said, seconds = self.sandbox.cpu_seconds(), len(self.sandbox.said), 5
        time.sleep(seconds)
        self.assertLess((self.sandbox.cpu_seconds() - before) / seconds, 0.05)
        self.assertLessEqual(len(self.sandbox.said) - said, 1, self.sandbox.said)
        self.assertEqual(self.sandbox.overview()["counts"]["webhooks"]["waiting"], 120)
        self.listener.start()
        self.addCleanup(self.listener.stop)
        await_true("all are told", lambda: len(self.listener.heard) == 120, 10)


class StateMachineTest(unittest.TestCase):
    """gateway.py alone, with random commands."""

    def setUp(self):
        self.random = random.Random(20261122)

    def command(self, machine, number):
        def some(shelf):
            things = list(shelf)
            return self.random.choice(things).entity["id"] if things else "nobody"

        asked = {"amount": self.random.choice([99, 100, 100, 250]), "currency": "INR",
                 "receipt": f"r{self.random.randrange(600)}",
                 "payment_capture": self.random.random() < 0.7}
        order, payment, refund = (some(machine.orders), some(machine.payments), some(machine.refunds))
        new = f"{number:014}"
        return [str, *self.random.choice([
            ["create_order", f"order_{new}", asked],
            ["pay", f"pay_{new}", order],
            ["fail", f"pay_{new}", order],
            ["pay_late", f"pay_{new}", order, number + 10.5],
            ["authorize_late", payment, f"rfnd_{new}"],
            ["capture", payment, self.random.choice([100, 250])],
            ["refund", f"rfnd_{new}", payment, {"amount": self.random.choice([100, 150])}, None],
            ["refund", f"rfnd_{new}", payment, {}, f"key-{number}"],
            ["settle", refund, self.random.choice(["processed", "failed"])],
        ])][1:]

    def picture(self, machine):
        return json.dumps([[thing.entity for thing in shelf]
                           for shelf in (machine.orders, machine.payments, machine.refunds)])

    def check(self, machine):
        for order in machine.orders:
            captured = [payment for payment in order.payments if payment.entity["captured"]]
            self.assertLessEqual(len(captured), 1)
            self.assertEqual(order.entity["status"] == "paid", len(captured) == 1)
            self.assertEqual(order.entity["amount_paid"] + order.entity["amount_due"],
                             order.entity["amount"])
            self.assertEqual(order.entity["attempts"], len(order.payments))
        for payment in machine.payments:
            entity = payment.entity
            kept = sum(refund.entity["amount"] for refund in payment.refunds
                       if refund.entity["status"] != "failed")
            self.assertEqual(entity["amount_refunded"], kept)
            self.assertLessEqual(kept, entity["amount"])
            self.assertEqual(entity["status"] == "refunded", kept == entity["amount"])

    def test_random_commands(self):
        machine, done, told = gateway.Gateway("acc_test"), [], []
        for number in range(2000):
            name, *arguments = self.command(machine, number)
            command = json.loads(json.dumps([name, number, *arguments]))
            before = self.picture(machine) if number % 40 == 0 else None
            try:
                _, events = machine.apply(command)
            except gateway.Refused:
                if before:
                    self.assertEqual(self.picture(machine), before)
                continue
            done.append(json.loads(json.dumps(command)))
            told.extend((event.id, event.name, json.dumps(event.payload)) for event in events)
            if number % 100 == 0:
                self.check(machine)
        self.check(machine)
        self.assertGreater(len(done), 300)
        self.assertEqual({name for name, *_ in done}, set(gateway.COMMANDS))
        self.assertEqual(len({event_id for event_id, *_ in told}), len(told))
        again, told_again = gateway.Gateway("acc_test"), []
        for command in done:
            _, events = again.apply(command)
            told_again.extend((event.id, event.name, json.dumps(event.payload)) for event in events)
        self.assertEqual(self.picture(again), self.picture(machine))
        self.assertEqual(told_again, told)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    # A failed subTest is named apart; its test counts once.
    bad = result.failures + result.errors
    failed = len({getattr(test, "test_case", test).id() for test, _ in bad})
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(failed != 0)
