"""One person, from the contact to the confirmation."""
import re
import unittest

import firstcome
from firstcome import Person, api, await_message, await_true

BOOKING_ID = re.compile(r"^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]$")


class PersonTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.campaign = firstcome.new_campaign("person", units=100, pickup_text="At any counter.",
                                              cancellable=True)

    def check_journey(self, contact):
        person = Person(contact)
        answer = person.book(self.campaign)
        self.assertEqual(answer.status, 201, answer)
        booking = answer.json
        self.assertRegex(booking["booking_id"], BOOKING_ID)
        self.assertEqual(booking["status"], "booked")
        self.assertEqual(booking["campaign_id"], self.campaign)
        self.assertEqual(booking["count"], 1)
        self.assertEqual(answer.headers["location"], f"/v1/bookings/{booking['booking_id']}")
        self.assertRegex(booking["booked_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+05:30$")
        definition = api("GET", f"/v1/campaigns/{self.campaign}").json
        self.assertEqual(booking["definition_hash"], definition["definition_hash"])

        confirmation = await_message(contact, "booked")
        self.assertIn(booking["booking_id"], confirmation["text"])
        mine = await_true("the booking is in the list", lambda: person.bookings())
        self.assertEqual([b["booking_id"] for b in mine], [booking["booking_id"]])
        one = api("GET", f"/v1/bookings/{booking['booking_id']}", token=person.token)
        self.assertEqual(one.status, 200)
        self.assertEqual(one.json["place"], booking["place"])
        return person, booking

    def test_with_an_email_address(self):
        self.check_journey(firstcome.new_email())

    def test_with_a_phone(self):
        person, booking = self.check_journey(firstcome.new_phone())
        text = await_message(person.contact, "booked")["text"]
        self.assertLessEqual(len(text), 160)

    def test_a_second_try_shows_the_same_booking(self):
        person = Person()
        first = person.book(self.campaign)
        second = person.book(self.campaign)
        self.assertEqual(second.status, 409)
        self.assertEqual(second.code, "already_booked")
        self.assertEqual(second.json["booking"]["booking_id"], first.json["booking_id"])

    def test_the_same_key_gets_the_same_bytes(self):
        person = Person()
        answers = [person.book(self.campaign, key="wish-1") for _ in range(4)]
        self.assertEqual({a.status for a in answers}, {201})
        self.assertEqual(len({a.body for a in answers}), 1)

    def test_two_contacts_are_one_person(self):
        email, phone = firstcome.new_email(), firstcome.new_phone()
        person = Person(email)
        person.link(phone)
        first = person.book(self.campaign)
        self.assertEqual(first.status, 201, first)
        # The same phone, linked to another address, is still the same person.
        other = Person()
        again = firstcome.api("POST", "/v1/register", {"phone": phone}, token=other.token)
        self.assertIn(again.status, (202, 429))
        self.assertEqual(person.book(self.campaign).code, "already_booked")

    def test_a_tag_or_other_case_is_the_same_person(self):
        name = firstcome.new_email().split("@")[0]
        code = firstcome.code_for(f"{name}@example.org")
        # One identity: the same code, the same account, the same limit.
        answers = [firstcome.login(contact, code).json for contact in
                   (f"{name}@example.org", f"{name.upper()}+burger@Example.org")]
        self.assertEqual(answers[0]["account_id"], answers[1]["account_id"])
        wish = {"campaign_id": self.campaign, "count": 1}
        codes = [api("POST", "/v1/bookings", wish, token=a["token"]) for a in answers]
        self.assertEqual((codes[0].status, codes[1].code), (201, "already_booked"))

    def test_cancelling_frees_the_unit_and_says_so(self):
        person = Person()
        booking_id = person.book(self.campaign).json["booking_id"]
        cancelled = person.cancel(booking_id)
        self.assertEqual(cancelled.status, 200, cancelled)
        self.assertEqual(cancelled.json["status"], "cancelled")
        self.assertEqual(person.cancel(booking_id).status, 200)
        self.assertIn(booking_id, await_message(person.contact, "cancelled")["text"])
        self.assertEqual(person.book(self.campaign).status, 201)

    def test_nobody_sees_or_cancels_the_booking_of_another(self):
        booking_id = Person().book(self.campaign).json["booking_id"]
        stranger = Person()
        self.assertEqual(stranger.cancel(booking_id).status, 404)
        self.assertEqual(api("GET", f"/v1/bookings/{booking_id}", token=stranger.token).status, 404)

    def test_trace_tells_all_times_of_a_booking(self):
        person = Person()
        booking_id = person.book(self.campaign).json["booking_id"]
        await_message(person.contact, "booked")
        trace = firstcome.tool("trace", booking_id)
        self.assertEqual(trace["campaign_id"], self.campaign)
        times = [trace[f"{step}_at"]
                 for step in ("ingress", "stored", "decided", "persisted", "notified")]
        self.assertEqual(times, sorted(times))

    def test_export_has_every_booking(self):
        booking_id = Person().book(self.campaign).json["booking_id"]

        def exported():
            done = firstcome.tool("export", self.campaign, "--format", "csv", check=False)
            return booking_id in done["stdout"] and done["stdout"]

        await_true("the booking is in the export", exported)


class WaitingTest(unittest.TestCase):
    def test_a_cancellation_promotes_the_head_of_the_waiting_list(self):
        campaign = firstcome.new_campaign("waiting", units=1, waiting_list=2, cancellable=True)
        first, second, third, fourth = (Person() for _ in range(4))
        booking_id = first.book(campaign).json["booking_id"]
        waiting = second.book(campaign)
        self.assertEqual((waiting.status, waiting.json["status"], waiting.json["rank"]),
                         (201, "waitlisted", 1), waiting)
        self.assertEqual(third.book(campaign).json["rank"], 2)
        self.assertEqual(fourth.book(campaign).code, "sold_out")
        self.assertEqual(first.cancel(booking_id).status, 200)
        await_message(second.contact, "promoted")
        await_true("the promoted booking is booked",
                   lambda: second.bookings()[0]["status"] == "booked")
        self.assertEqual(third.bookings()[0]["status"], "waitlisted")
        self.assertTrue(firstcome.audit(campaign)["clean"])


class HoldTest(unittest.TestCase):
    def test_a_hold_nobody_pays_is_released(self):
        campaign = firstcome.new_campaign("hold", units=1, price_paise=100, hold_seconds=2)
        person, other = Person(), Person()
        held = person.book(campaign)
        self.assertEqual((held.status, held.json["status"]), (201, "held"), held)
        self.assertIn("pay_by", held.json)
        self.assertEqual(other.book(campaign).code, "sold_out")
        await_true("the hold has expired",
                   lambda: api("GET", f"/v1/campaigns/{campaign}/availability").json["available"] == 1)
        self.assertEqual(other.book(campaign).status, 201)
        await_true("the ledger has the release",
                   lambda: person.bookings()[0]["status"] == "released")
        self.assertTrue(firstcome.audit(campaign)["clean"])
