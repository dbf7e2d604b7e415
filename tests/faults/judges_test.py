"""The schedule, the record and the verdict alone: what they must notice is put before them."""
import collections
import json
import os
import pathlib
import tempfile
import types
import unittest
from unittest import mock

# The tools want to know of a running copy when they are loaded; here there is none.
with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, FIRSTCOME_HOME=home):
    (pathlib.Path(home) / "run.env").write_text("HTTP_URL=http://nobody:1\nSANDBOX_URL=http://nobody:2\n")
    from firstcome import Answer
    from kinds import KINDS
    from record import Booking, Campaign, Record, Wish
    from schedule import free_at, plan
    from verdict import FAILED, SENT, Verdict

PLACE = types.SimpleNamespace(
    programs=["sequencer-1", "ingress-1"], brokers=["nats"], links=["people", "ingress-1.broker"],
    disks={"nats": None}, broker_ports=[1], clocks=None)
LIMITED = Campaign("c", units=10, limit=2, waiting=0, cancellable=True)


def answer(http_status, /, **body):
    return Answer(http_status, {}, json.dumps(body).encode())


def booking(identifier="B1", **changes):
    return {"booking_id": identifier, "count": 1, "place": 1, "booked_at": "t", "status": "booked", **changes}


class ScheduleTest(unittest.TestCase):
    def test_the_seed_alone_decides(self):
        first, again, other = ([str(fault) for fault in plan(seed, 300, KINDS, PLACE)] for seed in (1, 1, 2))
        self.assertEqual(first, again)
        self.assertNotEqual(first, other)

    def test_three_minutes_show_most_kinds_and_end_in_time(self):
        faults = plan(1, 180, KINDS, PLACE)
        self.assertGreater(len({fault.kind.name for fault in faults}), 10)
        self.assertLessEqual(max(fault.at + fault.seconds for fault in faults), 180)

    def test_nothing_is_broken_twice_at_once(self):
        for seed in range(20):
            until = {}
            for fault in plan(seed, 300, KINDS, PLACE):
                resources = fault.kind.resources(fault.target)
                self.assertGreaterEqual(fault.at, free_at(resources, until))
                until.update((name, fault.at + fault.seconds) for name in resources)


class RecordTest(unittest.TestCase):
    def setUp(self):
        self.record = Record()
        self.wish = Wish("asha", LIMITED, "key", 1)

    def tell(self, http_status, /, **body):
        self.record.wish_answered(self.wish, answer(http_status, **body), self.record.sending(self.wish))

    def test_the_same_answer_again_is_no_complaint(self):
        self.tell(503, code="overloaded")
        self.tell(201, **booking())
        self.tell(201, **booking())
        self.assertEqual(self.record.complaints, [])

    def test_one_key_has_one_booking(self):
        self.tell(201, **booking())
        self.tell(201, **booking("B2"))
        self.assertEqual(len(self.record.complaints), 1)

    def test_a_booking_does_not_change(self):
        self.tell(201, **booking())
        self.tell(201, **booking(place=2))
        self.assertEqual(len(self.record.complaints), 1)

    def test_who_is_booked_is_not_refused_later(self):
        self.tell(201, **booking())
        self.tell(410, code="sold_out")
        self.assertEqual(len(self.record.complaints), 1)

    def test_an_earlier_try_may_have_been_refused(self):
        earlier = self.record.sending(self.wish)
        self.record.wish_answered(self.wish, answer(202, ticket="t"), earlier)
        self.tell(201, **booking())
        self.record.ticket_answered("t", answer(200, status="paused", code="paused"))
        self.assertEqual(self.record.complaints, [])

    def test_a_ticket_is_not_forgotten(self):
        self.tell(202, ticket="t")
        self.record.ticket_answered("t", answer(404, code="unknown_ticket"))
        self.assertEqual(len(self.record.complaints), 1)

    def test_what_was_booked_can_be_cancelled(self):
        self.tell(201, **booking())
        self.record.cancel_answered(self.record.bookings["B1"], answer(404, code="unknown_booking"))
        self.assertEqual(len(self.record.complaints), 1)


class VerdictTest(unittest.TestCase):
    def setUp(self):
        self.record = Record()
        self.verdict = Verdict(self.record, collections.Counter())

    def know(self, identifier="B1", **facts):
        told = {"count": 1, "place": 1, "statuses": ["booked"], "sent_at": 1.0, "answered_at": 2.0, **facts}
        self.record.bookings[identifier] = Booking(identifier, "asha", LIMITED, **told)

    def store(self, identifier="B1", **facts):
        self.verdict.ledger[identifier] = {
            "campaign": LIMITED, "account_id": "asha", "count": 1, "place": 1, "status": "booked", **facts}

    def assert_found(self, **counts):
        found = {name.replace(" ", "_"): count for name, count in self.verdict.counts.items() if count}
        self.assertEqual(found, counts, self.verdict.findings)

    def test_what_agrees_is_right(self):
        self.know()
        self.store()
        self.verdict.check_bookings()
        self.verdict.check_limits()
        self.verdict.check_order()
        self.assert_found()

    def test_a_booking_that_is_gone(self):
        self.know()
        self.verdict.check_bookings()
        self.assert_found(acknowledged_but_lost=1)

    def test_a_booking_that_was_cancelled_by_nobody(self):
        self.know()
        self.store(status="cancelled")
        self.verdict.check_bookings()
        self.assert_found(acknowledged_but_lost=1)

    def test_a_cancellation_that_was_undone(self):
        self.know(cancels_sent=1, cancelled=True)
        self.store()
        self.verdict.check_bookings()
        self.assert_found(acknowledged_but_lost=1)

    def test_somebody_has_too_many(self):
        self.store("B1", count=2)
        self.store("B2", count=1)
        self.verdict.check_limits()
        self.assert_found(oversold=1)

    def test_somebody_was_overtaken(self):
        self.know("B1", place=2, sent_at=1.0, answered_at=2.0)
        self.know("B2", place=1, sent_at=3.0, answered_at=4.0)
        self.verdict.check_order()
        self.assert_found(out_of_order=1)

    def test_who_asked_at_the_same_time_may_stand_either_way(self):
        self.know("B1", place=2, sent_at=1.0, answered_at=3.5)
        self.know("B2", place=1, sent_at=3.0, answered_at=4.0)
        self.verdict.check_order()
        self.assert_found()

    def test_messages(self):
        for state, doubts, messages, found in (
            (SENT, 0, 1, {}), (SENT, 0, 2, {"notified_twice": 1}), (SENT, 1, 2, {}),
            (SENT, 1, 3, {"notified_twice": 2}), (SENT, 0, 0, {"acknowledged_but_lost": 1}),
            (FAILED, 0, 0, {"acknowledged_but_lost": 1}), (FAILED, 5, 1, {}),
        ):
            with self.subTest(state=state, doubts=doubts, messages=messages):
                self.setUp()
                self.verdict.check_notice("n", state, doubts, "", messages)
                self.assert_found(**found)


if __name__ == "__main__":
    unittest.main()
