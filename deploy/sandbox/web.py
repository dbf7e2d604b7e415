"""web - the sandbox over HTTP: the page, messages and payments as JSON, the switches, and the SMS
provider.

    GET    /                        the page
    GET    /messages                JSON, the newest first; ?to=CONTACT, ?contains=TEXT, ?limit=N,
                                    ?after=NUMBER
    DELETE /messages                forget them
    GET    /messages/NUMBER/html    the HTML part of a mail, for the page to show in a sealed frame
    GET    /counts                  since the start: {"email", "sms", "duplicates", ...}
    GET    /payments                JSON, the newest 50 orders, payments, refunds and webhooks
    GET    /switches, PUT /switches how all of them misbehave
    GET    /healthz                 ok
    POST   /2010-04-01/...          see sms.py
"""

import http.server
import json
import logging
import re
import urllib.parse
from pathlib import Path

from sms import PATH as SMS_PATH
from sms import Broken
from switches import SwitchError

BODY_BYTES_MAX = 64 << 10
IDLE_SECONDS_MAX = 60
PAGE = Path(__file__).resolve().parent / "page"
FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/ask.js": ("ask.js", "text/javascript; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/payments.js": ("payments.js", "text/javascript; charset=utf-8"),
    "/switches.js": ("switches.js", "text/javascript; charset=utf-8"),
    "/style.css": ("style.css", "text/css; charset=utf-8"),
}
PAGE_POLICY = "default-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
# A mail is somebody else's document: no script, nothing fetched, links open outside the frame.
MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
MAIL_HEAD = '<base target="_blank">'
MAIL_PATH = re.compile(r"/messages/([0-9]{1,18})/html")


class Problem(Exception):
    """A request that gets an error, with a sentence that says what to do."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


def create_web(host, port, inbox, switches, sms, payments):
    """Binds the port; the caller runs serve_forever()."""

    class Handler(_Handler):
        pass

    Handler.inbox, Handler.switches, Handler.sms = inbox, switches, sms
    Handler.payments = payments
    return _Server((host, port), Handler)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request, client_address):
        logging.debug("web: a connection broke", exc_info=True)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Firstcome-sandbox"
    sys_version = ""
    timeout = IDLE_SECONDS_MAX
    wbufsize = -1  # an answer leaves in one piece
    disable_nagle_algorithm = True

    def do_GET(self):
        self._answer(self._get)

    def do_PUT(self):
        self._answer(self._put)

    def do_POST(self):
        self._answer(self._post)

    def do_DELETE(self):
        self._answer(self._delete)

    def log_message(self, format, *arguments):
        logging.debug("web: " + format, *arguments)

    def _answer(self, handle):
        # The body is read first, whatever comes of it: else it would be taken for the next request.
        try:
            body = self._read_body()
            path, _, query = self.path.partition("?")
            handle(path, urllib.parse.parse_qs(query, max_num_fields=20), body)
        except Broken:
            self.close_connection = True
        except Problem as problem:
            self._send_json(problem.status, {"error": str(problem)})
        except ValueError as error:
            self._send_json(400, {"error": f"This cannot be read: {error}"})

    def _get(self, path, query, body):
        mail = MAIL_PATH.fullmatch(path)
        if path in FILES:
            name, content_type = FILES[path]
            policy = {"Content-Security-Policy": PAGE_POLICY}
            self._send(200, content_type, (PAGE / name).read_bytes(), policy)
        elif path == "/messages":
            self._send_messages(query)
        elif mail:
            self._send_mail(int(mail[1]))
        elif path == "/counts":
            self._send_json(200, self.inbox.counts())
        elif path == "/payments":
            self._send(200, "application/json", self.payments.overview())
        elif path == "/switches":
            self._send_json(200, self.switches.as_json())
        elif path == "/healthz":
            self._send(200, "text/plain; charset=utf-8", b"ok\n")
        else:
            raise Problem(404, "There is nothing here; the page is at /")

    def _put(self, path, query, body):
        if path != "/switches":
            raise Problem(404, "Only /switches takes PUT")
        try:
            wanted = json.loads(body)
            self.switches.change(wanted)
        except SwitchError as error:
            raise Problem(400, str(error)) from error
        except RecursionError as error:
            raise Problem(400, "This JSON is nested too deep") from error
        logging.info("switches changed: %s", json.dumps(wanted))
        self._send_json(200, self.switches.as_json())

    def _post(self, path, query, body):
        call = SMS_PATH.fullmatch(path)
        if not call:
            raise Problem(404, "Only /2010-04-01/Accounts/{AccountSid}/Messages.json takes POST")
        status, answer = self.sms.post(call[1], self.headers, body)
        self._send_json(status, answer)

    def _delete(self, path, query, body):
        if path != "/messages":
            raise Problem(404, "Only /messages takes DELETE")
        self._send_json(200, {"forgotten": self.inbox.clear()})

    def _send_messages(self, query):
        tag = f'"{self.inbox.version()}"'
        if self.headers.get("If-None-Match") == tag:
            self._send(304, None, b"", {"ETag": tag})
            return
        found = self.inbox.find(
            to=_contact_parameter(query, "to"), contains=_contact_parameter(query, "contains"),
            after=_number_parameter(query, "after"), limit=_number_parameter(query, "limit"))
        self._send_json(200, [message.as_json() for message in found], {"ETag": tag})

    def _send_mail(self, number):
        message = self.inbox.get(number)
        if message is None or not message.body()["html"]:
            raise Problem(404, "There is no such mail any more, or it has no HTML part")
        self._send(
            200, "text/html; charset=utf-8", (MAIL_HEAD + message.body()["html"]).encode(),
            {"Content-Security-Policy": MAIL_POLICY})

    def _read_body(self):
        if "Transfer-Encoding" in self.headers:
            self.close_connection = True
            raise Problem(411, "Send a Content-Length, not a Transfer-Encoding")
        length = self.headers.get("Content-Length", "0")
        if not re.fullmatch("[0-9]{1,9}", length) or int(length) > BODY_BYTES_MAX:
            self.close_connection = True
            raise Problem(413, f"A body has at most {BODY_BYTES_MAX} bytes")
        return self.rfile.read(int(length))

    def _send_json(self, status, value, headers=None):
        self._send(status, "application/json", json.dumps(value).encode(), headers)

    def _send(self, status, content_type, content, headers=None):
        self.send_response(status)
        if content_type:
            self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        if self.close_connection:
            self.send_header("Connection", "close")
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def _parameter(query, name):
    return query.get(name, [None])[0]


def _number_parameter(query, name):
    value = _parameter(query, name)
    if value is not None and not re.fullmatch("[0-9]{1,9}", value):
        raise Problem(400, f"{name} is a whole number, such as {name}=100")
    return int(value) if value is not None else None


def _contact_parameter(query, name):
    """A contact holds no blanks: one is a '+' that was not escaped, as in ?to=+919812345678."""
    value = _parameter(query, name)
    return value.replace(" ", "+") if value is not None else None
