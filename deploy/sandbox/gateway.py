"""gateway - the payment gateway as a state machine, with the objects and errors of Razorpay's API.

Pure: time and ids come with each command, and what the merchant has to hear leaves as events. The
same commands again make the same gateway and the same events: that is how a restart finds
everything again (journal.py).

    order     created ──▶ attempted ──▶ paid

    payment   created ──▶ authorized ──▶ captured ──▶ refunded     back to captured, should the
                 │         ▲      │                     ▲          refund fail
                 ▼         │      └─────────────────────┘
               failed ─────┘      authorised late, and not wanted any more

    refund    pending ──▶ processed
                 └──────▶ failed

What the real one does and this one does not: it refunds payments that nobody captures within days,
gives up an order after 180 days, and takes other methods than UPI and other currencies than rupees.
"""

import bisect
import hashlib

AMOUNT_MIN = 100
AMOUNT_MAX = 50_000_000
RECEIPT_LENGTH_MAX = 40
NOTES_MAX = 15
NOTE_LENGTH_MAX = 256
# An order with its payment takes about 3 KB of memory.
ORDERS_MAX = 200_000

MOVES = {
    "order": {("created", "attempted"), ("attempted", "paid")},
    "payment": {
        ("created", "authorized"), ("created", "failed"), ("failed", "authorized"),
        ("authorized", "captured"), ("authorized", "refunded"), ("captured", "refunded"),
        ("refunded", "captured"),
    },
    "refund": {("pending", "processed"), ("pending", "failed")},
}
NO_ERROR = {
    "error_code": None, "error_description": None, "error_source": None, "error_step": None,
    "error_reason": None,
}
BANK_REFUSED = {
    "error_code": "BAD_REQUEST_ERROR", "error_description": "Payment failed",
    "error_source": "bank", "error_step": "payment_authorization",
    "error_reason": "payment_failed",
}
BANK_IS_SILENT = {
    "error_code": "BAD_REQUEST_ERROR", "error_description": "Payment was not completed on time.",
    "error_source": "customer", "error_step": "payment_authentication",
    "error_reason": "payment_timed_out",
}
ORDER_IS_PAID = (
    "Your payment has been declined as the order is already paid. Please initiate the payment "
    "with a new order.")
ID_LENGTH = 14
BASE62 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
BASE62_OF_BYTE = bytes(BASE62[byte % 62] for byte in range(256))


class Refused(Exception):
    """A command that changed nothing, as the API says it."""

    def __init__(self, description, field=None, status=400, **details):
        super().__init__(description)
        self.status = status
        self.error = {
            "code": "BAD_REQUEST_ERROR", "description": description, "source": "business",
            "step": "payment_initiation", "reason": "input_validation_failed", "metadata": {},
            **details,
        }
        if field:
            self.error["field"] = field


class Event:
    """What the merchant is told; payload is as things stood at that moment."""

    __slots__ = ("id", "name", "created_at", "payload")

    def __init__(self, event_id, name, created_at, **entities):
        self.id = event_id
        self.name = name
        self.created_at = created_at
        self.payload = {kind: {"entity": dict(entity)} for kind, entity in entities.items()}


class Order:
    __slots__ = ("entity", "captures", "payments")

    def __init__(self, entity, captures):
        self.entity = entity
        self.captures = captures  # whether a payment is captured as soon as it is authorized
        self.payments = []


class Payment:
    __slots__ = ("entity", "order", "late_at", "refunds")

    def __init__(self, entity, order):
        self.entity = entity
        self.order = order
        self.late_at = None  # when the bank will say yes after all
        self.refunds = []


class Refund:
    __slots__ = ("entity", "payment", "asked")

    def __init__(self, entity, payment, asked):
        self.entity = entity
        self.payment = payment
        self.asked = asked  # the fields of the request, to recognise it when it comes again


class Shelf:
    """Things of one kind, by id, and the newest first. They come in the order of their time."""

    def __init__(self, things=()):
        self._by_id = {}
        self._in_order = []
        for thing in things:
            self.add(thing)

    def __len__(self):
        return len(self._in_order)

    def __iter__(self):
        return iter(self._in_order)

    def add(self, thing):
        self._by_id[thing.entity["id"]] = thing
        self._in_order.append(thing)

    def get(self, thing_id):
        """Raises Refused if there is no such thing."""
        thing = self._by_id.get(thing_id)
        if thing is None:
            raise Refused("The id provided does not exist")
        return thing

    def newest(self, count, skip=0, since=None, until=None):
        """At most count entities, created at since or later and at until or earlier."""
        def created_at(thing):
            return thing.entity["created_at"]

        last, first = len(self._in_order), 0
        if until is not None:
            last = bisect.bisect_right(self._in_order, until, key=created_at)
        if since is not None:
            first = bisect.bisect_left(self._in_order, since, key=created_at)
        last -= skip
        return [thing.entity for thing in reversed(self._in_order[max(first, last - count):last])]


class Gateway:
    def __init__(self, account_id):
        self.account_id = account_id
        self.time = 0  # of the newest command
        self.orders = Shelf()
        self.payments = Shelf()
        self.refunds = Shelf()
        self._by_receipt = {}
        self._by_key = {}  # idempotency key -> refund
        self._applied = 0
        self._events = []

    def apply(self, command):
        """Takes [name, time in seconds, ...] as the methods below have it. Returns what it made or
        changed, and the events; raises Refused, and then nothing changed."""
        name, now, *arguments = command
        self._events = []
        thing = COMMANDS[name](self, now, *arguments)
        self._applied += 1
        self.time = max(self.time, now)
        return thing, self._events

    def order_by_receipt(self, receipt):
        """The order, or None."""
        return self._by_receipt.get(receipt)

    def refund_by_key(self, key):
        """The refund, or None."""
        return self._by_key.get(key)

    # ---- commands ----------------------------------------------------------------------------

    def create_order(self, now, order_id, asked):
        check_order(asked)
        receipt = asked.get("receipt")
        if receipt in self._by_receipt:
            raise Refused("Order receipt should be unique.", metadata={
                "order_id": self._by_receipt[receipt].entity["id"]})
        if len(self.orders) >= ORDERS_MAX:
            raise Refused(
                f"The sandbox keeps {ORDERS_MAX} orders. Wipe it to begin anew.", status=503,
                code="SERVER_ERROR", source="internal", reason="server_error")
        order = Order({
            "id": order_id,
            "entity": "order",
            "amount": asked["amount"],
            "amount_paid": 0,
            "amount_due": asked["amount"],
            "currency": asked["currency"],
            "receipt": receipt,
            "offer_id": None,
            "status": "created",
            "attempts": 0,
            "notes": asked.get("notes") or [],
            "created_at": now,
        }, captures_by_itself(asked))
        self.orders.add(order)
        if receipt is not None:
            self._by_receipt[receipt] = order
        return order

    def pay(self, now, payment_id, order_id):
        payment = self._attempt(now, payment_id, order_id)
        self._authorize(now, payment)
        if payment.order.captures:
            self._capture(now, payment)
        return payment

    def fail(self, now, payment_id, order_id):
        payment = self._attempt(now, payment_id, order_id)
        self._fail(now, payment, BANK_REFUSED)
        return payment

    def pay_late(self, now, payment_id, order_id, late_at):
        """The bank says nothing in time, and yes at late_at."""
        payment = self._attempt(now, payment_id, order_id)
        payment.late_at = late_at
        self._fail(now, payment, BANK_IS_SILENT)
        return payment

    def authorize_late(self, now, payment_id, refund_id):
        """refund_id is for the refund, should the order be paid by now."""
        payment = self.payments.get(payment_id)
        if payment.late_at is None:
            raise Refused("The payment is not one that is authorised late")
        payment.late_at = None
        payment.entity.update(NO_ERROR)
        self._authorize(now, payment)
        if payment.order.entity["status"] == "paid":
            self._refund(now, refund_id, payment, payment.entity["amount"], {})
            self._settle(now, self.refunds.get(refund_id), "processed")
        elif payment.order.captures:
            self._capture(now, payment)
        return payment

    def capture(self, now, payment_id, amount):
        payment = self.payments.get(payment_id)
        if payment.entity["captured"]:
            raise Refused("This payment has already been captured")
        if payment.entity["status"] != "authorized":
            raise Refused("Only payments which have been authorized and not yet captured can be "
                          "captured")
        if payment.order.entity["status"] == "paid":
            raise Refused(ORDER_IS_PAID)
        if amount != payment.entity["amount"]:
            raise Refused("Capture amount must be equal to the amount authorized.", "amount")
        self._capture(now, payment)
        return payment

    def refund(self, now, refund_id, payment_id, asked, key):
        """key: the idempotency key, or None; not one that a refund has already."""
        payment = self.payments.get(payment_id)
        check_refund(asked)
        if payment.entity["refund_status"] == "full":
            raise Refused("The payment has been fully refunded already")
        if not payment.entity["captured"]:
            raise Refused("The payment status should be captured for action to be taken")
        receipt = asked.get("receipt")
        if receipt and any(refund.entity["receipt"] == receipt for refund in payment.refunds):
            raise Refused("Duplicate receipt found for this refund request.", "receipt")
        left = payment.entity["amount"] - payment.entity["amount_refunded"]
        amount = asked.get("amount", left)
        if amount > left:
            raise Refused("The refund amount provided is greater than amount captured", "amount")
        refund = self._refund(now, refund_id, payment, amount, asked)
        if key is not None:
            self._by_key[key] = refund
        return refund

    def settle(self, now, refund_id, status):
        """status: processed or failed."""
        refund = self.refunds.get(refund_id)
        if refund.entity["status"] != "pending":
            raise Refused("The refund is not pending any more")
        self._settle(now, refund, status)
        return refund

    # ---- what the commands are made of -------------------------------------------------------

    def _attempt(self, now, payment_id, order_id):
        order = self.orders.get(order_id)
        if order.entity["status"] == "paid" or any(
                payment.entity["status"] == "authorized" for payment in order.payments):
            raise Refused(ORDER_IS_PAID)
        payment = Payment(new_payment(now, payment_id, order.entity), order)
        self.payments.add(payment)
        order.payments.append(payment)
        order.entity["attempts"] += 1
        if order.entity["status"] == "created":
            move(order, "attempted")
        return payment

    def _authorize(self, now, payment):
        move(payment, "authorized")
        self._tell("payment.authorized", now, payment=payment.entity)

    def _fail(self, now, payment, error):
        move(payment, "failed")
        payment.entity.update(error)
        self._tell("payment.failed", now, payment=payment.entity)

    def _capture(self, now, payment):
        entity, order = payment.entity, payment.order.entity
        move(payment, "captured")
        # Two percent, and 18 % tax on them.
        entity.update(captured=True, fee=entity["amount"] * 236 // 10000,
                      tax=entity["amount"] * 36 // 10000)
        move(payment.order, "paid")
        order.update(amount_paid=entity["amount"], amount_due=0)
        self._tell("payment.captured", now, payment=entity)
        self._tell("order.paid", now, payment=entity, order=order)

    def _refund(self, now, refund_id, payment, amount, asked):
        speed = asked.get("speed", "normal")
        refund = Refund({
            "id": refund_id,
            "entity": "refund",
            "amount": amount,
            "currency": payment.entity["currency"],
            "payment_id": payment.entity["id"],
            "notes": asked.get("notes") or [],
            "receipt": asked.get("receipt"),
            "acquirer_data": {"arn": None},
            "created_at": now,
            "batch_id": None,
            "status": "pending",
            "speed_processed": "normal",
            "speed_requested": speed,
        }, payment, asked)
        self.refunds.add(refund)
        payment.refunds.append(refund)
        count_refunds(payment)
        self._tell("refund.created", now, refund=refund.entity, payment=payment.entity)
        return refund

    def _settle(self, now, refund, status):
        move(refund, status)
        if status == "processed":
            refund.entity["acquirer_data"] = {"arn": digits(refund.entity["id"])}
        else:
            count_refunds(refund.payment)
        self._tell(
            "refund." + status, now, refund=refund.entity, payment=refund.payment.entity)

    def _tell(self, name, now, **entities):
        place = f"{self.account_id}:{self._applied}:{len(self._events)}".encode()
        event_id = random_part(hashlib.blake2b(place, digest_size=ID_LENGTH).digest())
        self._events.append(Event(event_id, name, now, **entities))


COMMANDS = {
    "create_order": Gateway.create_order,
    "pay": Gateway.pay,
    "fail": Gateway.fail,
    "pay_late": Gateway.pay_late,
    "authorize_late": Gateway.authorize_late,
    "capture": Gateway.capture,
    "refund": Gateway.refund,
    "settle": Gateway.settle,
}


def move(thing, status):
    """The only writer of a status."""
    entity = thing.entity
    assert (entity["status"], status) in MOVES[entity["entity"]], (entity, status)
    entity["status"] = status


def count_refunds(payment):
    """Makes a payment say what its refunds add up to, without those that failed."""
    entity = payment.entity
    refunded = sum(refund.entity["amount"] for refund in payment.refunds
                   if refund.entity["status"] != "failed")
    assert refunded <= entity["amount"], entity
    entity["amount_refunded"] = refunded
    if refunded == entity["amount"]:
        entity["refund_status"] = "full"
        move(payment, "refunded")
    else:
        entity["refund_status"] = "partial" if refunded else None
        if entity["status"] == "refunded":
            move(payment, "captured")


def new_payment(now, payment_id, order):
    return {
        "id": payment_id,
        "entity": "payment",
        "amount": order["amount"],
        "currency": order["currency"],
        "status": "created",
        "order_id": order["id"],
        "invoice_id": None,
        "international": False,
        "method": "upi",
        "amount_refunded": 0,
        "refund_status": None,
        "captured": False,
        "description": None,
        "card_id": None,
        "bank": None,
        "wallet": None,
        "vpa": "somebody@upi",
        "email": "somebody@example.com",
        "contact": "+919800000000",
        "notes": [],
        "fee": None,
        "tax": None,
        **NO_ERROR,
        "acquirer_data": {"rrn": digits(payment_id)},
        "created_at": now,
        "upi": {"payer_account_type": "bank_account", "vpa": "somebody@upi", "flow": "intent"},
    }


def captures_by_itself(asked):
    """As an account that was never told otherwise does it: unless the order says no."""
    if "payment" in asked:
        return asked["payment"].get("capture", "automatic") == "automatic"
    return asked.get("payment_capture", True) in (True, 1)


def random_part(data):
    """The part of an id after its kind, from as many random bytes."""
    assert len(data) == ID_LENGTH
    return data.translate(BASE62_OF_BYTE).decode("ascii")


def digits(thing_id):
    """A bank's reference number, the same for the same id."""
    return f"{int.from_bytes(thing_id[-8:].encode(), 'big') % 10**12:012}"


# ---- what a request may say ----------------------------------------------------------------------


def check_order(asked):
    check_fields(asked, {
        "amount", "currency", "receipt", "notes", "partial_payment", "payment_capture", "payment"})
    if "amount" not in asked:
        raise Refused("amount: is required.", "amount")
    check_amount(asked["amount"])
    if "currency" not in asked:
        raise Refused("currency: is required.", "currency")
    if asked["currency"] != "INR":
        raise Refused("Currency is not supported", "currency")
    receipt = asked.get("receipt")
    if receipt is not None and type(receipt) is not str:
        raise Refused("The receipt must be a string.", "receipt")
    if receipt is not None and len(receipt) > RECEIPT_LENGTH_MAX:
        raise Refused(f"The receipt may not be greater than {RECEIPT_LENGTH_MAX} characters.",
                      "receipt")
    check_notes(asked.get("notes"))
    if asked.get("partial_payment", False) not in (False, 0):
        raise Refused("The sandbox takes no partial payments.", "partial_payment")
    if asked.get("payment_capture", True) not in (True, False):
        raise Refused("The payment capture field must be true or false.", "payment_capture")
    check_capture(asked.get("payment", {}))


def check_capture(payment):
    if type(payment) is not dict:
        raise Refused("The payment must be an array.", "payment")
    check_fields(payment, {"capture", "capture_options"})
    if payment.get("capture", "automatic") not in ("automatic", "manual"):
        raise Refused("The capture must be automatic or manual.", "capture")


def check_refund(asked):
    check_fields(asked, {"amount", "speed", "notes", "receipt"})
    if "amount" in asked:
        check_amount(asked["amount"])
    if asked.get("speed", "normal") not in ("normal", "optimum"):
        raise Refused("The speed must be normal or optimum.", "speed")
    if type(asked.get("receipt", "")) is not str:
        raise Refused("The receipt must be a string.", "receipt")
    check_notes(asked.get("notes"))


def check_amount(amount):
    if type(amount) is not int:
        raise Refused("The amount must be an integer.", "amount")
    if amount < AMOUNT_MIN:
        raise Refused("The amount must be at least INR 1.00", "amount")
    if amount > AMOUNT_MAX:
        raise Refused("Amount exceeds maximum amount allowed.", "amount")


def check_notes(notes):
    if notes is None or notes == []:
        return
    if type(notes) is not dict:
        raise Refused("The notes must be an array.", "notes")
    if len(notes) > NOTES_MAX:
        raise Refused(
            f"Number of fields in notes should be less than or equal to {NOTES_MAX}", "notes")
    for name, value in notes.items():
        if type(value) in (dict, list):
            raise Refused("Notes values themselves should not be an array", "notes")
        if len(name) > NOTE_LENGTH_MAX or len(str(value)) > NOTE_LENGTH_MAX:
            raise Refused(f"Notes are at most {NOTE_LENGTH_MAX} characters each.", "notes")


def check_fields(asked, known):
    extra = [name for name in asked if name not in known]
    if extra:
        raise Refused(f"{', '.join(extra)[:200]} is/are not required and should not be sent",
                      reason="extra_field_sent")
