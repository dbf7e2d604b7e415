#!/usr/bin/python3
"""sandbox_test - the sandbox alone: it delivers, misbehaves when told to, and survives garbage.

Starts deploy/sandbox on free ports of its own; needs nothing else running.
"""

import base64
import email.message
import http.client
import json
import os
import random
import signal
import smtplib
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse
from pathlib import Path

SANDBOX = Path(__file__).resolve().parents[2] / "deploy" / "sandbox" / "sandbox.py"
ACCOUNT, TOKEN = "ACsandbox", "sandbox"
SMS_PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
START_SECONDS_MAX = 15
MESSAGES_MAX = 50


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class SandboxTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.http_port, cls.smtp_port = free_port(), free_port()
        environment = {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}
        cls.process = subprocess.Popen([
            SANDBOX, "--messages-max", str(MESSAGES_MAX),
            "--http-listen", f"127.0.0.1:{cls.http_port}",
            "--smtp-listen", f"127.0.0.1:{cls.smtp_port}"], env=environment)
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                socket.create_connection(("127.0.0.1", cls.http_port)).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)

    @classmethod
    def tearDownClass(cls):
        cls.process.send_signal(signal.SIGTERM)
        if cls.process.wait(5) != 0:
            raise AssertionError("the sandbox did not stop cleanly on SIGTERM")

    def setUp(self):
        self.ask("DELETE", "/messages")
        self.switch(email={"mode": "ok"}, sms={"mode": "ok"})

    def ask(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=10)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            content = response.read()
            is_json = response.headers.get("Content-Type") == "application/json"
            return response.status, json.loads(content) if is_json else content.decode()
        finally:
            connection.close()

    def switch(self, **channels):
        status, answer = self.ask("PUT", "/switches", json.dumps(channels))
        self.assertEqual(status, 200, answer)
        return answer

    def counts(self):
        return self.ask("GET", "/counts")[1]

    def messages(self, to):
        return self.ask("GET", "/messages?to=" + urllib.parse.quote(to))[1]

    def send_mail(self, to, message_id="<1@firstcome.example>"):
        mail = email.message.EmailMessage()
        mail["Subject"] = "Your code — आपका कोड"
        mail["From"] = "no-reply@firstcome.example"
        mail["To"] = to
        mail["Message-ID"] = message_id
        mail["X-Firstcome-Template"] = "code"
        mail.set_content("Your code is 123456.\nकोड\n")
        mail.add_alternative("<p>Your code is <b>123456</b>.</p>", subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as connection:
            connection.send_message(mail)

    def send_sms(self, to="+919812345678", credentials=(ACCOUNT, TOKEN), key=None, **fields):
        form = {"To": to, "From": "FRSTCM", "Body": "123456 is your code", **fields}
        headers = {
            "Authorization": "Basic " + base64.b64encode(":".join(credentials).encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        if key:
            headers["I-Twilio-Idempotency-Token"] = key
        return self.ask("POST", SMS_PATH, urllib.parse.urlencode(form), headers)

    def test_mail_is_shown_as_its_parts(self):
        self.send_mail("Asha.Rao+lunch@Example.com")
        [message] = self.messages("asha.rao+lunch@example.com")
        self.assertEqual(message["channel"], "email")
        self.assertEqual(message["template"], "code")
        self.assertEqual(message["subject"], "Your code — आपका कोड")
        self.assertEqual(message["text"], "Your code is 123456.\nकोड\n")
        self.assertIn("<b>123456</b>", message["html"])
        self.assertEqual(message["message_id"], "<1@firstcome.example>")
        self.assertRegex(message["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        status, page = self.ask("GET", f"/messages/{message['number']}/html")
        self.assertEqual(status, 200)
        self.assertIn("123456", page)

    def test_repeated_mail_is_counted_and_shown_again(self):
        before = self.counts()["duplicates"]
        for _ in range(2):
            self.send_mail("twice@example.com", "<twice@firstcome.example>")
        self.assertEqual(len(self.messages("twice@example.com")), 2)
        self.assertEqual(self.counts()["duplicates"], before + 1)

    def test_sms_is_answered_as_twilio_does(self):
        status, answer = self.send_sms(ContentSid="HXcode", ContentVariables='{"1": "123456"}')
        self.assertEqual((status, answer["status"], answer["error_code"]), (201, "queued", None))
        # A '+' that is not escaped is a blank to a form decoder; the number is found all the same.
        [message] = self.ask("GET", "/messages?to=+919812345678")[1]
        self.assertEqual(message["message_id"], answer["sid"])
        self.assertEqual(message["template"], "HXcode")
        self.assertEqual(message["variables"], {"1": "123456"})

    def test_repeated_idempotency_key_delivers_nothing(self):
        before = self.counts()
        first, second = self.send_sms(key="booking-1"), self.send_sms(key="booking-1")
        self.assertEqual(first, second)
        self.assertEqual(len(self.messages("+919812345678")), 1)
        self.assertEqual(self.counts()["duplicates"], before["duplicates"] + 1)
        self.assertEqual(self.counts()["sms"], before["sms"] + 1)

    def test_bad_sms_is_refused_in_twilios_shape(self):
        for status, code, arguments in (
            (401, 20003, {"credentials": (ACCOUNT, "wrong")}),
            (401, 20003, {"credentials": ("ACother", TOKEN)}),
            (400, 21211, {"to": "12345"}),
            (400, 21211, {"to": "+91 98123 45678"}),
            (400, 21604, {"to": ""}),
            (400, 21603, {"From": ""}),
            (400, 21602, {"Body": ""}),
            (400, 21617, {"Body": "x" * 1601}),
            (400, 21656, {"ContentVariables": "[1]"}),
            (400, 21656, {"ContentVariables": '{"1": NaN}'}),
            (400, 20001, {"key": "k" * 256}),
        ):
            with self.subTest(code=code, arguments=arguments):
                got_status, answer = self.send_sms(**arguments)
                self.assertEqual((got_status, answer["status"]), (status, status))
                self.assertEqual(answer["code"], code)
                self.assertEqual(set(answer), {"code", "message", "more_info", "status"})

    def test_mail_switches(self):
        self.switch(email={"mode": "refuse_temporarily"})
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            self.send_mail("later@example.com")
        self.assertEqual(refused.exception.recipients["later@example.com"][0], 451)
        self.switch(email={"mode": "refuse_permanently"})
        with self.assertRaises(smtplib.SMTPRecipientsRefused) as refused:
            self.send_mail("never@example.com")
        self.assertEqual(refused.exception.recipients["never@example.com"][0], 550)
        self.switch(email={"mode": "accept_then_drop"})
        self.send_mail("lost@example.com")
        self.assertEqual(self.messages("lost@example.com"), [])
        self.switch(email={"mode": "slow", "delay_ms": 300})
        started = time.monotonic()
        self.send_mail("slow@example.com")
        self.assertGreaterEqual(time.monotonic() - started, 0.3)
        self.assertEqual(len(self.messages("slow@example.com")), 1)

    def test_sms_switches(self):
        self.switch(sms={"mode": "refuse_temporarily"})
        self.assertEqual(self.send_sms()[0], 503)
        self.switch(sms={"mode": "refuse_permanently"})
        self.assertEqual(self.send_sms()[0], 400)
        self.switch(sms={"mode": "accept_then_drop"})
        self.assertEqual(self.send_sms()[0], 201)
        self.assertEqual(self.messages("+919812345678"), [])

    def test_a_broken_connection_after_the_message_was_taken(self):
        self.switch(email={"mode": "take_then_break"}, sms={"mode": "take_then_break"})
        with self.assertRaises(smtplib.SMTPServerDisconnected):
            self.send_mail("asha@example.com")
        self.assertEqual(len(self.messages("asha@example.com")), 1)
        with self.assertRaises(http.client.RemoteDisconnected):
            self.send_sms(key="k-break")
        self.assertEqual(len(self.messages("+919812345678")), 1)
        self.switch(sms={"mode": "ok"})
        self.assertEqual(self.send_sms(key="k-break")[0], 201)
        self.assertEqual(len(self.messages("+919812345678")), 1)

    def test_a_channel_that_hangs_goes_on_when_the_switch_is_back(self):
        self.switch(email={"mode": "hang"})
        sender = threading.Thread(target=self.send_mail, args=("asha@example.com",))
        sender.start()
        time.sleep(0.3)
        self.assertEqual(self.messages("asha@example.com"), [])
        self.switch(email={"mode": "ok"})
        sender.join(5)
        self.assertEqual(len(self.messages("asha@example.com")), 1)

    def test_bad_switches_change_nothing(self):
        before = self.ask("GET", "/switches")
        for body in (
            "", "[]", "{", "[" * 5000, '{"pigeon": {}}', '{"sms": 1}', '{"sms": {"mode": "odd"}}',
            '{"sms": {"delay_ms": -1}}', '{"sms": {"delay_ms": true}}',
            '{"sms": {"delay_ms": 60001}}', '{"email": {"mode": "slow"}, "sms": {"speed": 1}}',
        ):
            with self.subTest(body=body[:40]):
                status, answer = self.ask("PUT", "/switches", body)
                self.assertEqual(status, 400)
                self.assertTrue(answer["error"])
        self.assertEqual(self.ask("GET", "/switches"), before)

    def test_the_oldest_message_is_forgotten_the_count_is_not(self):
        before = self.counts()["sms"]
        for number in range(MESSAGES_MAX + 5):
            self.send_sms(to=f"+9198{number:08}")
        self.assertEqual(self.messages("+919800000004"), [])
        newest_first = self.ask("GET", "/messages")[1]
        self.assertEqual(len(newest_first), MESSAGES_MAX)
        self.assertEqual(newest_first[0]["to"], f"+9198{MESSAGES_MAX + 4:08}")
        self.assertEqual(len(self.ask("GET", "/messages?limit=3")[1]), 3)
        self.assertEqual(len(self.ask("GET", "/messages?contains=00000007")[1]), 1)
        after = self.ask("GET", f"/messages?after={newest_first[2]['number']}")[1]
        self.assertEqual(after, newest_first[:2])
        self.assertEqual(self.counts()["sms"], before + MESSAGES_MAX + 5)

    def test_unchanged_messages_are_not_sent_again(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=10)
        connection.request("GET", "/messages")
        response = connection.getresponse()
        response.read()
        connection.request("GET", "/messages", headers={"If-None-Match": response.headers["ETag"]})
        self.assertEqual(connection.getresponse().status, 304)
        connection.close()

    def test_bad_requests(self):
        for method, path, headers, status in (
            ("GET", "/nothing", {}, 404),
            ("GET", "/../mail.py", {}, 404),
            ("GET", "/messages?limit=x", {}, 400),
            ("GET", "/messages/999999999/html", {}, 404),
            ("POST", "/", {}, 404),
            ("PUT", "/messages", {}, 404),
            ("DELETE", "/", {}, 404),
            ("PATCH", "/", {}, 501),
            ("PUT", "/switches", {"Content-Length": "-1"}, 413),
            ("PUT", "/switches", {"Content-Length": "99999999"}, 413),
            ("PUT", "/switches", {"Transfer-Encoding": "chunked"}, 411),
            ("POST", SMS_PATH, {}, 401),
        ):
            with self.subTest(method=method, path=path, headers=headers):
                self.assertEqual(self.ask(method, path, headers=headers)[0], status)

    def test_garbage_does_not_stop_it(self):
        noise = random.Random(1)
        for port in (self.http_port, self.smtp_port):
            for _ in range(40):
                with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
                    connection.sendall(noise.randbytes(noise.randrange(1, 4000)))
        for content in (
            b"",
            b"\xff\xfe\r\n",
            b"Subject: =?utf-8?b?////?=\r\n\r\nx",
            b"Content-Type: text/plain; charset=no\r\n\r\n\x80",
            b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
            b"Message-ID: \xff\r\nSubject: \xff\r\n\r\n\xff",
        ):
            with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as connection:
                connection.sendmail("a@example.com", ["garbage@example.com"], content)
        self.assertEqual(len(self.messages("garbage@example.com")), 6)
        self.assertEqual(self.ask("GET", "/healthz"), (200, "ok\n"))

    def test_too_large_mail_is_refused(self):
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=10) as connection:
            with self.assertRaises((smtplib.SMTPDataError, smtplib.SMTPSenderRefused)) as refused:
                connection.sendmail("a@example.com", ["large@example.com"], b"x\r\n" * 700_000)
        self.assertEqual(refused.exception.smtp_code, 552)


if __name__ == "__main__":
    result = unittest.main(exit=False).result
    # A failed subTest is named apart; its test counts once.
    bad = result.failures + result.errors
    failed = len({getattr(test, "test_case", test).id() for test, _ in bad})
    print(f"{result.testsRun - failed} passed, {failed} failed")
    sys.exit(failed != 0)
