"""One-time codes: the limits hold over both ingress processes, and nothing is told that should not be."""
import unittest

import firstcome
from firstcome import api, code_for, contact_field, login, new_email

TRIES = 5
SENDS = 5


def wrong(code):
    return f"{(int(code) + 1) % 1_000_000:06d}"


class CodesTest(unittest.TestCase):
    def test_five_tries_and_not_one_more(self):
        contact = new_email()
        code = code_for(contact)
        statuses = [login(contact, wrong(code)).status for _ in range(TRIES)]
        self.assertEqual(statuses, [401] * TRIES)
        # Each call is a connection of its own, so both ingresses were asked; now not even the right
        # code helps.
        for _ in range(6):
            refused = login(contact, code)
            self.assertEqual(refused.status, 429, refused)
            self.assertIn("retry-after", refused.headers)

    def test_a_code_cannot_be_asked_for_again_at_once(self):
        contact = new_email()
        code_for(contact)
        for _ in range(6):
            refused = api("POST", "/v1/register", contact_field(contact))
            self.assertEqual(refused.status, 429, refused)
            self.assertGreater(int(refused.headers["retry-after"]), 0)
        self.assertEqual(len(firstcome.messages(contact)), 1)

    def test_a_lost_reply_does_no_harm(self):
        contact = new_email()
        code = code_for(contact)
        accounts = {login(contact, code).json["account_id"] for _ in range(3)}
        self.assertEqual(len(accounts), 1)

    def test_a_contact_without_a_code_looks_like_one_with_a_wrong_code(self):
        known, unknown = new_email(), new_email()
        code = code_for(known)
        a, b = login(known, wrong(code)), login(unknown, wrong(code))
        self.assertEqual((a.status, a.code), (b.status, b.code))

    def test_a_dead_mail_server_is_survived(self):
        contact = new_email()
        firstcome.set_switches(email={"mode": "refuse_temporarily"})
        try:
            self.assertEqual(api("POST", "/v1/register", contact_field(contact)).status, 202)
        finally:
            firstcome.set_switches(email={"mode": "ok"})
        firstcome.await_message(contact, "code", seconds=30)


class TokenTest(unittest.TestCase):
    def test_a_token_that_was_tampered_with_is_refused(self):
        person = firstcome.Person()
        middle = len(person.token) // 2
        other = "A" if person.token[middle] != "A" else "B"
        for token in (person.token[:middle] + other + person.token[middle + 1:], person.token + "A",
                      person.token[:-1], "fc1.", "", "x" * 4000):
            with self.subTest(token=token[:20]):
                answer = api("GET", "/v1/bookings", token=token)
                self.assertEqual(answer.status, 401)
                self.assertIn("bearer", answer.headers["www-authenticate"].lower())
