"""The cashier alone: every rupee has a booking or goes back, whatever the gateway, its webhooks or the cashier do.

People hold by the copy's ingress, and pay at a gateway of the test's own (deploy/sandbox), which tells the test;
the test verifies nothing and appends what it hears to PAYMENTS, as the ingress does once it has verified it.
The copy's own cashier rests meanwhile.
"""
import base64
import collections
import concurrent.futures
import contextlib
import http.server
import json
import os
import pathlib
import random
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.parse
import uuid

import firstcome
from firstcome import HOME, ROOT, SETTINGS, api, await_true, deploy, http_call, query

PRICE = 100
PEOPLE = 200
HOLD_SECONDS = 25
RECONCILE_SECONDS = 2
PAID, REFUND_DUE = 40, 41
KINDS = {"payment.failed": 2, "payment.authorized": 3, "payment.captured": 4, "order.paid": 4,
         "refund.created": 5, "refund.processed": 6, "refund.failed": 7}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def id_field(text):
    return bytes([len(text)]) + text.encode()


def encode_event(event_id, event):
    """As common/pure/messages_payment.c; None for an event of no concern."""
    kind = KINDS.get(event["event"])
    payment = event["payload"]["payment"]["entity"]
    about = event["payload"].get("refund", {}).get("entity", payment)
    if kind is None or (kind < 5 and payment["status"] not in ("failed", "authorized", "captured")):
        return None
    if kind < 5:
        kind = {"failed": 2, "authorized": 3, "captured": 4}[payment["status"]]
    refund_id = about["id"] if kind >= 5 else ""
    return (bytes([1, 48, kind]) + about["currency"].encode()
            + struct.pack("<QQ", about["amount"], event["created_at"] * 1000)
            + id_field(event_id) + id_field(payment["id"]) + id_field(payment.get("order_id") or "")
            + id_field(refund_id))


class Broker:
    """A connection as the admin, for what the ingress says and hears."""

    def __init__(self):
        parts = urllib.parse.urlsplit(SETTINGS["NATS_URL"])
        self.socket = socket.create_connection((parts.hostname, parts.port), timeout=30)
        self.stream = self.socket.makefile("rwb")
        self.lock = threading.Lock()
        firstcome.nats_hello(self.stream, parts)
        firstcome.nats_ping(self.stream)

    def publish(self, subject, payload):
        with self.lock, contextlib.suppress(OSError):
            self.stream.write(f"PUB {subject} {len(payload)}\r\n".encode() + payload + b"\r\n")
            self.stream.flush()

    def hear(self, subject, handler):
        """Until it is closed: handler(subject, payload) on a thread."""
        self.stream.write(f"SUB {subject} 1\r\n".encode())
        firstcome.nats_ping(self.stream)
        self.socket.settimeout(None)
        threading.Thread(target=self._read, args=(handler,), daemon=True).start()

    def _read(self, handler):
        while line := self.stream.readline():
            if line.startswith(b"MSG "):
                _, heard_on, _, size = line.split()
                payload = self.stream.read(int(size) + 2)[:-2]
                handler(heard_on.decode(), payload)
            elif line.startswith(b"PING"):
                self.publish_pong()

    def publish_pong(self):
        with self.lock:
            self.stream.write(b"PONG\r\n")
            self.stream.flush()

    def close(self):
        self.socket.close()


class Hook(http.server.ThreadingHTTPServer):
    """Where the gateway tells; appends to PAYMENTS."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        self.broker = Broker()
        self.told = collections.Counter()
        super().__init__(("127.0.0.1", 0), HookHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/hook"

    def stop(self):
        self.shutdown()
        self.server_close()
        self.broker.close()


class HookHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        event = json.loads(body)
        message = encode_event(self.headers["x-razorpay-event-id"], event)
        if message is not None:
            self.server.told[event["event"]] += 1
            self.server.broker.publish("payments.razorpay", message)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Gateway:
    """deploy/sandbox on ports of its own, with the copy's keys."""

    def __init__(self, hook):
        self.folder = tempfile.TemporaryDirectory(prefix="firstcome-cashier-")
        self.port, self.page_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1",
                       "FIRSTCOME_GATEWAY_LISTEN": f"127.0.0.1:{self.port}",
                       "FIRSTCOME_GATEWAY_WEBHOOK_URL": hook.url,
                       "FIRSTCOME_GATEWAY_JOURNAL": str(pathlib.Path(self.folder.name) / "journal"),
                       "FIRSTCOME_SANDBOX_HTTP_LISTEN": f"127.0.0.1:{self.page_port}",
                       "FIRSTCOME_SANDBOX_SMTP_LISTEN": f"127.0.0.1:{free_port()}"}
        for name in ("key-id", "key-secret", "webhook-secret", "webhook-secret-old"):
            variable = f"FIRSTCOME_RAZORPAY_{name.upper().replace('-', '_')}_FILE"
            environment[variable] = str(HOME / "secrets" / f"razorpay-{name}")
        self.log = open(HOME / "log" / "cashier-gateway.log", "ab")
        self.process = subprocess.Popen([ROOT / "deploy" / "sandbox" / "sandbox.py"], env=environment, stderr=self.log)
        secrets = [(HOME / "secrets" / f"razorpay-{name}").read_text().strip() for name in ("key-id", "key-secret")]
        self.authorization = "Basic " + base64.b64encode(":".join(secrets).encode()).decode()
        await_true("the gateway answers", self._answers, seconds=30)

    def _answers(self):
        try:
            return http_call("GET", f"{self.url}/healthz").status == 200
        except OSError:
            return False

    def switch(self, **channels):
        answer = http_call("PUT", f"http://127.0.0.1:{self.page_port}/switches", channels)
        assert answer.status in (200, 204), answer

    def calm(self):
        self.switch(gateway={"mode": "ok", "percent": 100, "payments": "at_once", "refunds": "processed",
                             "refund_ms": 0},
                    webhooks={"duplicates": 0, "delay_ms": 0, "reorder_ms": 0, "lost_percent": 0})

    def call(self, method, path, body=None):
        answer = http_call(method, self.url + "/v1" + path, body, {"Authorization": self.authorization})
        assert answer.status == 200, answer
        return answer.json

    def all(self, what):
        """Everything that the gateway has of a kind."""
        found = []
        while True:
            page = self.call("GET", f"/{what}?count=100&skip={len(found)}")["items"]
            found += page
            if len(page) < 100:
                return found

    def pay(self, order_id, how="pay"):
        return http_call("POST", f"{self.url}/checkout/{order_id}/{how}").json

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        self.folder.cleanup()


class Cashier:
    """One of our own, with quick reconciliation."""

    binary = None

    def __init__(self, gateway, **settings):
        if Cashier.binary is None:
            Cashier.binary = deploy("build_program cashier").strip()
        lines = (HOME / "env" / "cashier-1.env").read_text().splitlines()
        environment = dict(line.split("=", 1) for line in lines)
        environment.update(
            FIRSTCOME_INSTANCE=f"cashier-test-{uuid.uuid4().hex[:6]}", FIRSTCOME_PAYMENT_URL=gateway.url,
            FIRSTCOME_CHECKOUT_URL=gateway.url + "/checkout/{order_id}", FIRSTCOME_PAYMENT_RETRY_MS="100",
            FIRSTCOME_POLL_MS="50", FIRSTCOME_RECONCILE_SECONDS=str(RECONCILE_SECONDS),
            FIRSTCOME_RECONCILE_PER_SECOND="200", FIRSTCOME_CAPTURE_AFTER_MS="500")
        environment.update({f"FIRSTCOME_{key}": str(value) for key, value in settings.items()})
        for kept in ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"):
            if kept in os.environ:
                environment[kept] = os.environ[kept]
        self.log = open(HOME / "log" / "cashier-test.log", "ab")
        self.process = subprocess.Popen([Cashier.binary], env=environment, stderr=self.log)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.log.close()
        assert status == 0, f"the cashier ended with {status}; see log/cashier-test.log"


class Dying:
    """A cashier that is killed and started anew, every now and then; in the end one lives."""

    def __init__(self, test):
        self.test = test
        self.deaths = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._kill)

    def __enter__(self):
        self.test.start_cashier()
        self.thread.start()

    def _kill(self):
        while not self.ended.wait(random.uniform(0.1, 2.0)):
            self.test.kill_cashier()
            self.test.start_cashier()
            self.deaths += 1

    def __exit__(self, *how):
        self.ended.set()
        self.thread.join()
        print(f"    the cashier died {self.deaths} times")


def hold(campaign, count=PEOPLE, tokens=None):
    """So many people hold one each, at once. Returns booking IDs."""
    tokens = tokens or [firstcome.new_token() for _ in range(count)]

    def one(token):
        return api("POST", "/v1/bookings", {"campaign_id": campaign, "count": 1}, token, {"Prefer": "wait=10"})

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(one, tokens))
    assert all(answer.status == 201 for answer in answers), collections.Counter(a.status for a in answers)
    return [answer.json["booking_id"] for answer in answers]


def orders(campaign):
    """receipt -> (state, order_id, checkout), as the buyers' page finds them."""
    rows = query("select o.receipt, o.state, o.order_id, o.checkout from payment_orders o join campaigns c on"
                 " c.ordinal = o.campaign where c.id = %s", campaign)
    return {row[0]: row[1:] for row in rows}


def money(campaign):
    names = ("captured", "booked", "refunded", "refund_due", "undecided", "difference")
    rows = query(f"select {', '.join(names)} from money where campaign = %s", campaign)
    return dict(zip(names, rows[0])) if rows else None


class CashierTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        deploy("process_stop cashier-1")
        cls.hook = Hook()
        cls.gateway = Gateway(cls.hook)

    @classmethod
    def tearDownClass(cls):
        cls.gateway.stop()
        cls.hook.stop()
        deploy("program_ensure cashier-1")

    def setUp(self):
        self.gateway.calm()
        self.cashiers = []

    def tearDown(self):
        for cashier in self.cashiers:
            cashier.stop()

    def start_cashier(self, **settings):
        self.cashiers.append(Cashier(self.gateway, **settings))
        return self.cashiers[-1]

    def kill_cashier(self):
        self.cashiers.pop().kill()

    def new_campaign(self, **fields):
        settings = {"units": PEOPLE, "price_paise": PRICE, "hold_seconds": HOLD_SECONDS, "currency": "INR", **fields}
        return firstcome.new_campaign("paid", **settings)

    def await_orders(self, campaign, receipts, seconds=60):
        """All can be paid. Returns their orders at the gateway."""
        def all_open():
            found = orders(campaign)
            return found if all(found.get(r, (0,))[0] >= 3 for r in receipts) else None

        found = await_true("every hold has an order", all_open, seconds)
        return {receipt: found[receipt][1] for receipt in receipts}

    def pay_all(self, order_ids, how="pay"):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            return list(pool.map(lambda order_id: self.gateway.pay(order_id, how), order_ids))

    def await_rest(self, campaign, booked, seconds=60):
        """Everything decided, nothing due, and it balances."""
        def rests():
            now = money(campaign)
            return now if (now and now["undecided"] == 0 and now["refund_due"] == 0 and now["difference"] == 0
                           and now["booked"] == booked * PRICE) else None

        try:
            return await_true("the money is at rest", rests, seconds)
        except AssertionError:
            raise AssertionError(f"not at rest: {money(campaign)}, expected {booked} booked") from None

    def check_gateway(self, campaign):
        """By the gateway's own list: one order a receipt, one refund a payment, and the books say the same."""
        self.gateway.calm()
        receipts = set(orders(campaign))
        made = [order for order in self.gateway.all("orders") if order["receipt"] in receipts]
        self.assertEqual(len(made), len({order["receipt"] for order in made}), "two orders with one receipt")
        ids = {order["id"] for order in made}
        payments = {p["id"]: p for p in self.gateway.all("payments") if p["order_id"] in ids}
        captured = sum(p["amount"] for p in payments.values() if p["captured"])
        refunds = [r for r in self.gateway.all("refunds") if r["payment_id"] in payments]
        counts = collections.Counter(r["payment_id"] for r in refunds)
        self.assertEqual([p for p, count in counts.items() if count > 1], [], "refunded twice")
        refunded = sum(r["amount"] for r in refunds if r["status"] == "processed"
                       and payments[r["payment_id"]]["captured"])
        now = money(campaign)
        self.assertEqual((now["captured"], now["refunded"]), (captured, refunded))

    # ---- the tests ------------------------------------------------------------------------------------------

    def test_a_hold_is_payable_and_a_payment_books(self):
        payables, heard_at = {}, {}

        def on_payable(subject, payload):
            number, size = struct.unpack_from("<IH", payload, 2)
            payables[number] = json.loads(payload[8:8 + size])
            heard_at[number] = time.monotonic()

        self.start_cashier()
        campaign = self.new_campaign()
        broker = Broker()
        broker.hear("payable.*", on_payable)
        begun = time.monotonic()
        receipts = hold(campaign)
        held = time.monotonic() - begun
        order_ids = self.await_orders(campaign, receipts)
        payable = max(heard_at.values()) - begun if heard_at else None
        await_true("every buyer heard how to pay", lambda: len(payables) == PEOPLE)
        print(f"    {PEOPLE} held in {held:.1f} s, the last one payable after {payable:.1f} s")
        how = next(iter(payables.values()))
        self.assertEqual((how["provider"], how["amount_paise"], how["currency"]), ("razorpay", PRICE, "INR"))
        self.assertEqual({p["order_id"] for p in payables.values()}, set(order_ids.values()))
        self.pay_all(order_ids.values())
        self.await_rest(campaign, PEOPLE, 30)
        self.assertEqual({state for state, _, _ in orders(campaign).values()}, {4})
        self.check_gateway(campaign)
        broker.close()

    def test_the_gateway_fails_and_the_cashier_dies(self):
        """Orders that were made though nobody heard so; webhooks late, twice, in any order, or never; and a cashier
        that is killed again and again."""
        self.gateway.switch(
            gateway={"mode": "take_then_break", "percent": 30},
            webhooks={"duplicates": 2, "delay_ms": 300, "reorder_ms": 1500, "lost_percent": 60})
        campaign = self.new_campaign(hold_seconds=60)
        with Dying(self):
            receipts = hold(campaign)
            order_ids = self.await_orders(campaign, receipts)
            self.gateway.switch(gateway={"mode": "refuse_temporarily", "percent": 40})
            self.pay_all(order_ids.values())
            time.sleep(2)
            self.gateway.switch(gateway={"mode": "take_then_break", "percent": 30})
            time.sleep(2)
        # The lost ones are found by asking, after their holds are over: nobody waits, so they book after all.
        self.await_rest(campaign, PEOPLE, 120)
        self.check_gateway(campaign)

    def test_late_payments_go_back_once(self):
        """The bank says yes after the hold, and others have the units by then."""
        self.start_cashier()
        campaign = self.new_campaign(units=20, hold_seconds=5, waiting_list=20)
        first = hold(campaign, 20)
        first_orders = self.await_orders(campaign, first)
        waiting = [firstcome.new_token() for _ in range(20)]
        second = hold(campaign, 20, waiting)
        self.gateway.switch(gateway={"payments": "late", "late_ms": 9000, "mode": "take_then_hang", "percent": 20})
        self.pay_all(first_orders.values())
        self.gateway.switch(gateway={"payments": "at_once"})
        second_orders = self.await_orders(campaign, second)
        self.kill_cashier()
        self.start_cashier()
        self.pay_all(second_orders.values())
        self.gateway.switch(gateway={"mode": "ok"})
        await_true("the late ones are told", lambda: (money(campaign) or {}).get("captured") == 40 * PRICE, 60)
        rest = self.await_rest(campaign, 20)
        self.assertEqual(rest["refunded"], 20 * PRICE)
        self.check_gateway(campaign)

    def test_a_cancelled_booking_is_paid_back(self):
        self.start_cashier()
        campaign = self.new_campaign(units=10, cancellable=True)
        tokens = [firstcome.new_token() for _ in range(10)]
        receipts = hold(campaign, tokens=tokens)
        order_ids = self.await_orders(campaign, receipts)
        self.pay_all(order_ids.values())
        self.await_rest(campaign, 10)
        for token, receipt in list(zip(tokens, receipts))[:4]:
            answer = api("DELETE", f"/v1/bookings/{receipt}", token=token)
            self.assertEqual(answer.status, 200, answer)
        rest = self.await_rest(campaign, 6)
        self.assertEqual(rest["refunded"], 4 * PRICE)
        self.check_gateway(campaign)

    def test_a_payment_that_does_not_match(self):
        """Of another amount, or by an order that nobody knows: never booked, and back if it is ours."""
        self.start_cashier()
        campaign = self.new_campaign(units=3)
        receipts = hold(campaign, 3)
        order_ids = self.await_orders(campaign, receipts)
        event = {"event": "payment.captured", "created_at": int(time.time()), "payload": {"payment": {"entity": {
            "id": "pay_" + uuid.uuid4().hex[:14], "status": "captured", "amount": PRICE + 1, "currency": "INR",
            "order_id": order_ids[receipts[0]]}}}}
        self.hook.broker.publish("payments.razorpay", encode_event("evt_1", event))
        stranger = self.gateway.call("POST", "/orders", {"amount": PRICE, "currency": "INR", "receipt": uuid.uuid4().hex})
        self.gateway.pay(stranger["id"])
        self.pay_all([order_ids[receipts[1]]])

        def problems():
            rows = query("select payment_id, problem, told from payments where payment_id = %s or order_id = %s",
                         event["payload"]["payment"]["entity"]["id"], stranger["id"])
            return rows if len(rows) == 2 and all(row[1] for row in rows) else None

        rows = await_true("both are found out", problems)
        self.assertEqual({row[1:] for row in rows}, {("amount", 0), ("foreign", 0)})
        # The gateway does not know the payment that the test made up, so its refund fails, for a person.
        failed = await_true("the refund of what is ours fails", lambda: query(
            "select reason from refunds where state = 5 and payment_id = %s",
            event["payload"]["payment"]["entity"]["id"]))
        self.assertEqual(failed, [("amount",)])
        await_true("the good one is booked", lambda: money(campaign)["booked"] == PRICE)
        self.assertEqual(money(campaign)["difference"], 0)

    def test_orders_that_somebody_made_and_nobody_knew(self):
        """A cashier died between order and books: the next one finds the orders, and their payments. Those of which
        nobody captures payments by itself are captured."""
        campaign = self.new_campaign(units=10)
        receipts = hold(campaign, 10)
        made = [self.gateway.call("POST", "/orders", {
            "amount": PRICE, "currency": "INR", "receipt": receipt, "payment_capture": number >= 5})
            for number, receipt in enumerate(receipts)]
        self.pay_all([order["id"] for order in made[2:8]])
        self.start_cashier()
        order_ids = self.await_orders(campaign, receipts)
        self.assertEqual(order_ids, {order["receipt"]: order["id"] for order in made})
        self.pay_all([order["id"] for order in made[:2] + made[8:]])
        self.await_rest(campaign, 10)
        self.check_gateway(campaign)

    def test_the_database_and_the_broker_restart(self):
        self.start_cashier()
        campaign = self.new_campaign(units=60, hold_seconds=60)
        order_ids = self.await_orders(campaign, hold(campaign, 60))
        paying = threading.Thread(target=self.pay_all, args=(list(order_ids.values())[:30],))
        paying.start()
        deploy("process_stop postgres; postgres_ensure")
        paying.join()
        paying = threading.Thread(target=self.pay_all, args=(list(order_ids.values())[30:],))
        paying.start()
        # What the test's hook hears now it cannot append: asking finds those.
        deploy("nats_restart nats")
        paying.join()
        self.hook.broker.close()
        self.hook.broker = Broker()
        self.await_rest(campaign, 60, 120)
        self.check_gateway(campaign)

    def test_a_standby_takes_over(self):
        self.start_cashier()
        standby = self.start_cashier()
        campaign = self.new_campaign(units=20)
        self.await_orders(campaign, hold(campaign, 10))
        first = self.cashiers.pop(0)
        first.process.send_signal(signal.SIGSTOP)
        begun = time.monotonic()
        self.await_orders(campaign, hold(campaign, 10), 30)
        print(f"    taken over from a frozen cashier, and 10 holds payable, in {time.monotonic() - begun:.1f} s")
        first.process.send_signal(signal.SIGCONT)
        time.sleep(1)
        first.stop()
        self.assertIsNone(standby.process.poll())
        self.check_gateway(campaign)


if __name__ == "__main__":
    unittest.main()
