"""gateway_api - the payment gateway over HTTP: Razorpay's API for merchants, and a page to pay on.

    POST /v1/orders                     GET /v1/orders?receipt=        GET /v1/payments/ID/refunds
    GET  /v1/orders/ID                  GET /v1/orders                 GET /v1/payments
    GET  /v1/orders/ID/payments         GET /v1/payments/ID            GET /v1/refunds
    POST /v1/payments/ID/capture        POST /v1/payments/ID/refund    GET /v1/refunds/ID

with HTTP Basic (key_id:key_secret); lists take from, to, count (10, at most 100) and skip. Requests
and answers are as Razorpay documents them; a field that the sandbox does not know is refused.

    GET  /checkout/ORDER                the page; ?callback_url=, a loopback address to return to
    POST /checkout/ORDER/pay|fail|late  what its buttons do. JSON, unless HTML is asked for
    GET  /healthz                       ok

There is no checkout.js: the page stands for it, and for the app in which a person would pay.
"""

import asyncio
import base64
import hmac
import json
import logging
import os
import re
import time
import urllib.parse

from checkout import CheckoutPage, callback_url, wants_html
from gateway import ID_LENGTH, Refused, Shelf, random_part
from http_server import BROKEN, Answer
from journal import JournalError
from webhooks import is_hit

COUNT_DEFAULT = 10
COUNT_MAX = 100
SHOWN_MAX = 50
PENDING_PAUSE_SECONDS = 1
IDEMPOTENCY_HEADER = "x-refund-idempotency"
KEY_LENGTH_MIN = 10
KEY_LENGTH_MAX = 255
FAULTS_WHEN_DONE = ("take_then_break", "take_then_hang")
ID = "(%s_[0-9A-Za-z]{14})"
ORDER, PAYMENT, REFUND = ID % "order", ID % "pay", ID % "rfnd"
ANY_ID = re.compile(r"/v1/(?:orders|payments|refunds)/([^/]*)")
CHECKOUT = re.compile(f"/checkout/{ORDER}(?:/(pay|fail|late))?")


class GatewayApi:
    """Everything in here runs on the loop. stop() is called when the journal cannot be written."""

    def __init__(self, gateway, journal, webhooks, switches, credentials, stop):
        self._gateway = gateway
        self._journal = journal
        self._webhooks = webhooks
        self._switches = switches
        key_id, self._key_secret = credentials
        self._authorization = b"Basic " + base64.b64encode(f"{key_id}:{self._key_secret}".encode())
        self._checkout = CheckoutPage(self._key_secret)
        self._refunding = set()  # idempotency keys of requests that are not done
        self._stop = stop
        self._routes = [(method, re.compile(path), call) for method, path, call in (
            ("POST", "/v1/orders", self._create_order),
            ("GET", "/v1/orders", self._list_orders),
            ("GET", f"/v1/orders/{ORDER}", self._get_order),
            ("GET", f"/v1/orders/{ORDER}/payments", self._list_payments_of_order),
            ("GET", "/v1/payments", self._list_payments),
            ("GET", f"/v1/payments/{PAYMENT}", self._get_payment),
            ("POST", f"/v1/payments/{PAYMENT}/capture", self._capture),
            ("POST", f"/v1/payments/{PAYMENT}/refund", self._refund),
            ("GET", f"/v1/payments/{PAYMENT}/refunds", self._list_refunds_of_payment),
            ("GET", "/v1/refunds", self._list_refunds),
            ("GET", f"/v1/refunds/{REFUND}", self._get_refund),
        )]

    def resume(self):
        """Goes on with what was open when the sandbox stopped."""
        for payment in self._gateway.payments:
            if payment.late_at is not None:
                self._authorize_at(payment)
        for refund in self._gateway.refunds:
            if refund.entity["status"] == "pending":
                self._settle_after(refund, 0)

    def handle(self, request):
        """An Answer, or a coroutine that makes one, as http_server.py wants it."""
        if request.path.startswith("/v1/"):
            return self._handle_call(request)
        try:
            return self._handle_visit(request)
        except Refused as refused:
            return self._checkout.refusal(refused, wants_html(request))

    def overview(self):
        """The newest of everything, for the sandbox's page."""
        gateway = self._gateway
        return {
            "orders": gateway.orders.newest(SHOWN_MAX),
            "payments": gateway.payments.newest(SHOWN_MAX),
            "refunds": gateway.refunds.newest(SHOWN_MAX),
            "webhooks": self._webhooks.newest(),
            "counts": {
                "orders": len(gateway.orders),
                "payments": len(gateway.payments),
                "refunds": len(gateway.refunds),
                "webhooks": self._webhooks.counts(),
            },
        }

    # ---- calls of the API, and how they go wrong ---------------------------------------------

    def _handle_call(self, request):
        switch = self._switches.of("gateway")
        mode = switch["mode"]
        key = request.headers.get(IDEMPOTENCY_HEADER)
        if mode == "ok" or not is_hit(switch["percent"]):
            return self._call(request, key)
        if mode == "refuse_temporarily":
            return refusal(Refused(
                "We are facing some trouble completing your request at the moment, says the "
                "sandbox's switch", status=503, code="SERVER_ERROR", source="internal",
                reason="server_error"))
        if mode not in FAULTS_WHEN_DONE:
            return self._call_later(request, key)
        answer = self._call(request, key)
        if request.method != "POST":
            return answer
        return BROKEN if mode == "take_then_break" else self._hang()

    async def _call_later(self, request, key):
        if key in self._refunding:
            return refusal(in_flight())
        if key is not None:
            self._refunding.add(key)
        try:
            for seconds in self._switches.pauses("gateway"):
                await asyncio.sleep(seconds)
        finally:
            self._refunding.discard(key)
        return self._call(request, key)

    async def _hang(self):
        for seconds in self._switches.pauses("gateway", "take_then_hang"):
            await asyncio.sleep(seconds)
        return BROKEN

    def _call(self, request, key):
        try:
            self._authenticate(request)
            if key in self._refunding:
                raise in_flight()
            for method, path, call in self._routes:
                match = path.fullmatch(request.path)
                if match and method == request.method:
                    return json_answer(call(request, *match.groups()))
            raise not_found(request.path)
        except Refused as refused:
            return refusal(refused)

    def _authenticate(self, request):
        given = request.headers.get("authorization", "").encode("latin-1")
        if not hmac.compare_digest(given, self._authorization):
            raise Refused("The api key provided is invalid" if given else
                          "Please provide your api key for authentication purposes.",
                          status=401, source="NA", step="NA", reason="NA")

    def _create_order(self, request):
        return self._do("create_order", new_id("order"), fields(request)).entity

    def _list_orders(self, request):
        asked = query(request, "receipt")
        if "receipt" not in asked:
            return collection(self._gateway.orders.newest(**span(asked)))
        order = self._gateway.order_by_receipt(asked["receipt"])
        return collection([order.entity] if order else [])

    def _get_order(self, request, order_id):
        return self._gateway.orders.get(order_id).entity

    def _list_payments_of_order(self, request, order_id):
        order = self._gateway.orders.get(order_id)
        return collection([payment.entity for payment in reversed(order.payments)])

    def _list_payments(self, request):
        return collection(self._gateway.payments.newest(**span(query(request))))

    def _get_payment(self, request, payment_id):
        return self._gateway.payments.get(payment_id).entity

    def _capture(self, request, payment_id):
        asked = fields(request)
        if type(asked.get("amount")) is not int:
            raise Refused("The amount must be an integer.", "amount")
        if asked.get("currency", "INR") != "INR":
            raise Refused("The currency is not that of the payment.", "currency")
        return self._do("capture", payment_id, asked["amount"]).entity

    def _refund(self, request, payment_id):
        asked = fields(request) if request.body else {}
        key = idempotency_key(request)
        refund = self._gateway.refund_by_key(key)
        if refund:
            if (payment_id, asked) != (refund.entity["payment_id"], refund.asked):
                raise Refused(
                    "Different request with the same idempotency key has already been processed.",
                    source="NA", step="NA", reason="NA")
            return refund.entity
        refund = self._do("refund", new_id("rfnd"), payment_id, asked, key)
        self._settle_after(refund, self._switches.of("gateway")["refund_ms"] / 1000)
        return refund.entity

    def _list_refunds_of_payment(self, request, payment_id):
        refunds = Shelf(self._gateway.payments.get(payment_id).refunds)
        return collection(refunds.newest(**span(query(request))))

    def _list_refunds(self, request):
        return collection(self._gateway.refunds.newest(**span(query(request))))

    def _get_refund(self, request, refund_id):
        return self._gateway.refunds.get(refund_id).entity

    # ---- people who pay ----------------------------------------------------------------------

    def _handle_visit(self, request):
        visit = CHECKOUT.fullmatch(request.path)
        if request.method == "GET" and self._checkout.has_file(request.path):
            return self._checkout.file(request.path)
        if request.method == "GET" and request.path == "/healthz":
            return Answer(200, "text/plain; charset=utf-8", b"ok\n")
        if not visit or request.method != ("POST" if visit[2] else "GET"):
            raise Refused("There is nothing here; the page to pay is at /checkout/ORDER",
                          status=404)
        order = self._gateway.orders.get(visit[1])
        callback = callback_url(request)
        if not visit[2]:
            return self._checkout.page(order, callback)
        payment = self._try_to_pay(order, visit[2])
        return self._checkout.receipt(payment, callback, wants_html(request))

    def _try_to_pay(self, order, how):
        switch = self._switches.of("gateway")
        payment_id, order_id = new_id("pay"), order.entity["id"]
        if how == "fail":
            return self._do("fail", payment_id, order_id)
        if how == "pay" and switch["payments"] == "at_once":
            return self._do("pay", payment_id, order_id)
        late_at = round(time.time() + switch["late_ms"] / 1000, 3)
        payment = self._do("pay_late", payment_id, order_id, late_at)
        self._authorize_at(payment)
        return payment

    # ---- what happens by itself --------------------------------------------------------------

    def _authorize_at(self, payment):
        seconds = max(0, payment.late_at - time.time())
        asyncio.get_running_loop().call_later(seconds, self._authorize_late, payment)

    def _authorize_late(self, payment):
        self._do("authorize_late", payment.entity["id"], new_id("rfnd"))

    def _settle_after(self, refund, seconds):
        if seconds > 0:
            asyncio.get_running_loop().call_later(seconds, self._settle, refund)
        else:
            self._settle(refund)

    def _settle(self, refund):
        outcome = self._switches.of("gateway")["refunds"]
        if outcome == "pending":
            self._settle_after(refund, PENDING_PAUSE_SECONDS)
        else:
            self._do("settle", refund.entity["id"], outcome)

    def _do(self, name, *arguments):
        command = [name, max(int(time.time()), self._gateway.time), *arguments]
        thing, events = self._gateway.apply(command)
        try:
            self._journal.append(command)
        except JournalError as error:
            # What was done is not kept, so nobody may be told; the next start does not know it.
            logging.critical("%s", error)
            self._stop()
            raise Refused("The sandbox cannot write its journal", status=500, code="SERVER_ERROR",
                          source="internal", reason="server_error") from error
        for event in events:
            self._webhooks.send(event)
        return thing


def fields(request):
    """The object in the body."""
    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")
    try:
        asked = json.loads(request.body, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Refused("The request body is not valid JSON.") from error
    if type(asked) is not dict:
        raise Refused("The request body must be a JSON object.")
    return asked


def query(request, *names):
    """The parameters of a list; names besides those that all lists have."""
    try:
        pairs = urllib.parse.parse_qsl(request.query, keep_blank_values=True, max_num_fields=20)
    except ValueError as error:
        raise Refused("The query cannot be read.") from error
    for name, _ in pairs:
        if name not in ("from", "to", "count", "skip", *names):
            raise Refused(f"{name[:100]} is/are not required and should not be sent",
                          reason="extra_field_sent")
    return dict(pairs)


def span(asked):
    """What Shelf.newest() takes."""
    count = number(asked, "count", COUNT_DEFAULT)
    if not 1 <= count <= COUNT_MAX:
        raise Refused(f"The count must be between 1 and {COUNT_MAX}.", "count")
    return {"count": count, "skip": number(asked, "skip", 0), "since": number(asked, "from", None),
            "until": number(asked, "to", None)}


def number(asked, name, otherwise):
    if name not in asked:
        return otherwise
    if not re.fullmatch("[0-9]{1,12}", asked[name]):
        raise Refused(f"The {name} must be an integer.", name)
    return int(asked[name])


def idempotency_key(request):
    key = request.headers.get(IDEMPOTENCY_HEADER)
    if key is None:
        return None
    if not KEY_LENGTH_MIN <= len(key) <= KEY_LENGTH_MAX:
        raise Refused(
            f"The idempotency key must be at least {KEY_LENGTH_MIN} characters long, and at most "
            f"{KEY_LENGTH_MAX}.")
    if not re.fullmatch("[0-9A-Za-z_-]+", key):
        raise Refused("The idempotency key must only contain alphanumeric characters, underscores, "
                      "and hyphens")
    return key


def in_flight():
    return Refused("Another request with the same idempotency key is still in progress.",
                   status=409, source="NA", step="NA", reason="NA")


def not_found(path):
    thing = ANY_ID.match(path)
    if thing:
        return Refused(f"{thing[1][:100]} is not a valid id")
    return Refused("The requested URL was not found on the server.")


def collection(entities):
    return {"entity": "collection", "count": len(entities), "items": entities}


def new_id(kind):
    return f"{kind}_{random_part(os.urandom(ID_LENGTH))}"


def json_answer(value, status=200):
    return Answer(status, "application/json", json.dumps(value).encode())


def refusal(refused):
    return json_answer({"error": refused.error}, refused.status)
