"""checkout - the page on which a person pays an order, and what it tells the merchant's page.

What the person sees besides the amount comes from the order's notes: title, or else campaign, and
pay_by (RFC 3339).
After paying, the person returns to callback_url with razorpay_payment_id, razorpay_order_id and
razorpay_signature, which is the HMAC-SHA256 of "order|payment" with the key's secret, in hex. Only
loopback addresses are returned to: this page is no open door to elsewhere.
"""

import hmac
import html
import json
import re
import string
import urllib.parse
from datetime import datetime
from pathlib import Path

from gateway import Refused
from http_server import Answer

PAGE = Path(__file__).resolve().parent / "page"
FILES = {
    "/checkout.css": ("checkout.css", "text/css; charset=utf-8"),
    "/checkout.js": ("checkout.js", "text/javascript; charset=utf-8"),
}
# Browsers hold a form to its policy even where the answer sends the person elsewhere.
POLICY = (
    "Content-Security-Policy",
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src data:; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self' http://127.0.0.1:* http://localhost:*")
CALLBACK_LENGTH_MAX = 2000
CALLBACK = re.compile(
    r"http://(?:127\.0\.0\.1|localhost)(?::[0-9]{1,5})?(?:/[!-~]*|\?[!-~]*)?")
TITLE = "Firstcome"
SAYINGS = {
    "captured": ("good", "Paid. Thank you!"),
    "authorized": ("good", "Paid. The merchant has yet to collect it."),
    "refunded": ("quiet", "Paid, and refunded since."),
    "failed": ("bad", "The payment failed. You can try again."),
    "late": ("bad", "Your bank has not answered in time. It may still say yes."),
}


class CheckoutPage:
    def __init__(self, key_secret):
        self._key_secret = key_secret.encode()

    def has_file(self, path):
        return path in FILES

    def file(self, path):
        name, content_type = FILES[path]
        return Answer(200, content_type, (PAGE / name).read_bytes())

    def page(self, order, callback):
        is_open = order.entity["status"] != "paid" and all(
            payment.entity["status"] != "authorized" for payment in order.payments)
        title = str(noted(order, "title") or noted(order, "campaign") or TITLE)
        return html_answer(200, "checkout.html", {
            "title": title,
            "amount": rupees(order.entity["amount"]),
            "order": order.entity["id"],
            "receipt": order.entity["receipt"] or "none",
            "query": callback_query(callback),
            "callback": callback or "",
        }, {
            "deadline": is_open and deadline(order),
            "said": said(order),
            "form": is_open,
            "return": callback,
        })

    def receipt(self, payment, callback, is_html):
        """What follows when somebody has tried to pay."""
        told = {
            "razorpay_payment_id": payment.entity["id"],
            "razorpay_order_id": payment.entity["order_id"],
        }
        is_paid = payment.entity["status"] in ("authorized", "captured")
        if is_paid:
            told["razorpay_signature"] = self._signature(told)
        if not is_html:
            told["status"] = payment.entity["status"]
            return Answer(200, "application/json", json.dumps(told).encode())
        if is_paid and callback:
            mark = "&" if "?" in callback else "?"
            place = callback + mark + urllib.parse.urlencode(told)
        else:
            place = f"/checkout/{payment.entity['order_id']}{callback_query(callback)}"
        return Answer(303, "text/plain; charset=utf-8", b"", (("Location", place), POLICY))

    def refusal(self, refused, is_html):
        if not is_html:
            content = json.dumps({"error": refused.error}).encode()
            return Answer(refused.status, "application/json", content)
        return html_answer(
            refused.status, "refusal.html", {"text": refused.error["description"]}, {})

    def _signature(self, told):
        text = f"{told['razorpay_order_id']}|{told['razorpay_payment_id']}"
        return hmac.digest(self._key_secret, text.encode(), "sha256").hex()


def wants_html(request):
    return "text/html" in request.headers.get("accept", "")


def callback_url(request):
    """Where the person came from, or None."""
    try:
        asked = dict(urllib.parse.parse_qsl(request.query, max_num_fields=20))
    except ValueError as error:
        raise Refused("The query cannot be read.") from error
    callback = asked.get("callback_url")
    if callback is None:
        return None
    if len(callback) > CALLBACK_LENGTH_MAX or not CALLBACK.fullmatch(callback) or (
            set(callback) & set("\\#")):
        raise Refused("callback_url must be a loopback address, such as http://127.0.0.1:8080/",
                      "callback_url")
    return callback


def callback_query(callback):
    return "?" + urllib.parse.urlencode({"callback_url": callback}) if callback else ""


def html_answer(status, name, texts, parts):
    """Fills a page. texts: what is written into it. parts: what is false is left out, from
    <!-- name --> to <!-- /name -->; a dictionary has further texts for that part."""
    page = (PAGE / name).read_text()
    texts = dict(texts)
    for part, content in parts.items():
        if not content:
            page = re.sub(f"<!-- {part} -->.*?<!-- /{part} -->", "", page, flags=re.DOTALL)
        elif isinstance(content, dict):
            texts.update(content)
    escaped = {key: html.escape(value) for key, value in texts.items()}
    content = string.Template(page).substitute(escaped)
    return Answer(status, "text/html; charset=utf-8", content.encode("utf-8", "replace"),
                  (POLICY, ("Referrer-Policy", "no-referrer")))


def said(order):
    """About the last attempt to pay, if there was one."""
    if not order.payments:
        return None
    last = order.payments[-1]
    tone, text = SAYINGS["late" if last.late_at else last.entity["status"]]
    return {"tone": tone, "saying": text}


def deadline(order):
    try:
        moment = datetime.fromisoformat(str(noted(order, "pay_by")))
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return {"pay_by": moment.isoformat(), "pay_by_text": moment.strftime("%H:%M:%S")}


def noted(order, name):
    notes = order.entity["notes"]
    return notes.get(name) if notes else None


def rupees(paise):
    """As it is written in India: 1234567.50 is ₹12,34,567.50."""
    whole, rest = divmod(paise, 100)
    head, tail = str(whole)[:-3], str(whole)[-3:]
    groups = [head[max(0, end - 2):end] for end in range(len(head), 0, -2)][::-1]
    return "₹" + ",".join([*groups, tail]) + (f".{rest:02}" if rest else "")
