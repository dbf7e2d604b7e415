"""sms - the SMS provider: one call, in the shape of Twilio's REST API.

    POST /2010-04-01/Accounts/{AccountSid}/Messages.json
         To, From, Body, ContentSid, ContentVariables

Refusals carry Twilio's own numbers, so that a client which knows them can be tested. Beyond Twilio,
a repeated idempotency key gets the first answer again and delivers nothing.
"""

import base64
import collections
import hmac
import json
import re
import secrets
import threading
import time
import urllib.parse
from email.utils import formatdate

from inbox import Message, clean

PATH = re.compile(r"/2010-04-01/Accounts/([A-Za-z0-9]{1,64})/Messages\.json")
IDEMPOTENCY_HEADERS = ("I-Twilio-Idempotency-Token", "Idempotency-Key")
KEYS_MAX = 200_000
KEY_LENGTH_MAX = 255
BODY_LENGTH_MAX = 1600
FIELDS_MAX = 50
PHONE = re.compile(r"\+[1-9][0-9]{7,14}")


class Refusal(Exception):
    """An error in Twilio's shape."""

    def __init__(self, status, code, message):
        super().__init__(message)
        self.status = status
        self.answer = {
            "code": code,
            "message": message,
            "more_info": f"https://www.twilio.com/docs/errors/{code}",
            "status": status,
        }


class Broken(Exception):
    """The connection breaks instead of an answer, says the switch."""


class SmsProvider:
    def __init__(self, inbox, switches, account, token):
        self._inbox = inbox
        self._switches = switches
        self._credentials = f"{account}:{token}".encode()
        self._account = account
        self._lock = threading.Lock()
        self._answers = collections.OrderedDict()  # idempotency key -> first answer, oldest first

    def post(self, path_account, headers, body):
        """Returns the status and the answer as an object."""
        try:
            self._authenticate(path_account, headers)
            fields = _read_form(headers, body)
            for seconds in self._switches.pauses("sms"):
                time.sleep(seconds)
            self._apply_switch()
            _check_fields(fields)
            answer = self._send(fields, _idempotency_key(headers))
            if self._switches.mode("sms") == "take_then_break":
                raise Broken
            return 201, answer
        except Refusal as refusal:
            return refusal.status, refusal.answer

    def _authenticate(self, path_account, headers):
        scheme, _, credentials = headers.get("Authorization", "").partition(" ")
        try:
            given = base64.b64decode(credentials, validate=True)
        except ValueError:
            given = b""
        is_known = scheme.lower() == "basic" and hmac.compare_digest(given, self._credentials)
        if path_account != self._account or not is_known:
            raise Refusal(401, 20003, "Authenticate: the account or the token is wrong")

    def _apply_switch(self):
        mode = self._switches.mode("sms")
        if mode == "refuse_temporarily":
            self._inbox.count("refused")
            raise Refusal(503, 20503, "Service unavailable, says the sandbox's switch: try later")
        if mode == "refuse_permanently":
            self._inbox.count("refused")
            raise Refusal(400, 21211, "Invalid 'To' phone number: so says the sandbox's switch")

    def _send(self, fields, key):
        # One lock around look-up and delivery: two requests with one key deliver one message.
        with self._lock:
            if key and key in self._answers:
                self._inbox.count("duplicates")
                return self._answers[key]
            answer = self._answer(fields)
            if self._switches.mode("sms") == "accept_then_drop":
                self._inbox.count("dropped")
            else:
                self._inbox.deliver(_message(fields, answer["sid"]))
            if key:
                self._answers[key] = answer
                if len(self._answers) > KEYS_MAX:
                    self._answers.popitem(last=False)
            return answer

    def _answer(self, fields):
        sid = "SM" + secrets.token_hex(16)
        return {
            "sid": sid,
            "account_sid": self._account,
            "status": "queued",
            "to": clean(fields["To"]),
            "from": clean(fields["From"]),
            "body": clean(fields.get("Body", "")),
            "direction": "outbound-api",
            "date_created": formatdate(usegmt=True),
            "error_code": None,
            "error_message": None,
            "uri": f"/2010-04-01/Accounts/{self._account}/Messages/{sid}.json",
        }


def _read_form(headers, body):
    content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise Refusal(415, 20415, "Content-Type must be application/x-www-form-urlencoded")
    try:
        pairs = urllib.parse.parse_qsl(
            body.decode("utf-8"), keep_blank_values=True, strict_parsing=True, errors="strict",
            max_num_fields=FIELDS_MAX)
    except ValueError as error:
        raise Refusal(400, 20001, f"The form cannot be read: {error}") from error
    return dict(pairs)


def _check_fields(fields):
    if not fields.get("To"):
        raise Refusal(400, 21604, "A 'To' phone number is required")
    if not PHONE.fullmatch(fields["To"]):
        raise Refusal(400, 21211, "Invalid 'To' phone number: use E.164, such as +919812345678")
    if not fields.get("From"):
        raise Refusal(400, 21603, "A 'From' phone number or sender name is required")
    if not fields.get("Body") and not fields.get("ContentSid"):
        raise Refusal(400, 21602, "A message body, or a ContentSid, is required")
    if len(fields.get("Body", "")) > BODY_LENGTH_MAX:
        raise Refusal(400, 21617, f"The message body exceeds {BODY_LENGTH_MAX} characters")
    if not isinstance(_variables(fields), dict):
        raise Refusal(400, 21656, "ContentVariables must be a JSON object")


def _variables(fields):
    """The object in ContentVariables; None if there is something else."""
    def refuse(constant):
        raise ValueError(f"{constant} is no JSON")
    try:
        return json.loads(fields.get("ContentVariables") or "{}", parse_constant=refuse)
    except (ValueError, RecursionError):
        return None


def _idempotency_key(headers):
    for name in IDEMPOTENCY_HEADERS:
        key = headers.get(name, "")
        if len(key) > KEY_LENGTH_MAX:
            raise Refusal(400, 20001, f"{name} is longer than {KEY_LENGTH_MAX} characters")
        if key:
            return key
    return None


def _message(fields, sid):
    body = {
        "subject": "",
        "text": clean(fields.get("Body", "")),
        "html": "",
        "variables": _variables(fields),
    }
    size = sum(len(value) for value in fields.values())
    template = fields.get("ContentSid", "")
    return Message("sms", fields["To"], fields["From"], template, sid, size, lambda: body)
