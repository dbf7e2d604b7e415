"""When something dies: nothing acknowledged is lost, and it goes on by itself."""
import concurrent.futures
import threading
import time
import unittest

import firstcome
from firstcome import Person, api, await_true, deploy

PEOPLE = 60


class FaultsTest(unittest.TestCase):
    """People keep booking while a program dies; every answer that somebody got must hold."""

    def keep_booking_through(self, name, fault):
        campaign = firstcome.new_campaign(name, units=PEOPLE * 2)
        people = [Person() for _ in range(PEOPLE)]
        acknowledged = {}
        lock = threading.Lock()

        def book(person):
            key = f"{person.account}-{name}"
            for _ in range(60):
                try:
                    answer = person.book(campaign, key=key, wait=2)
                except OSError:
                    answer = None  # the connection died: the same wish again, with the same key
                if answer is not None and answer.status == 201:
                    with lock:
                        acknowledged[person.account] = answer.json["booking_id"]
                    return
                time.sleep(0.2)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(book, person) for person in people]
            await_true("some have booked", lambda: len(acknowledged) >= PEOPLE // 4)
            fault()
            for future in waiting:
                future.result()
        self.assertEqual(len(acknowledged), PEOPLE)
        self.assertEqual(len(set(acknowledged.values())), PEOPLE)
        report = firstcome.audit(campaign)
        self.assertTrue(report.get("clean"), report)
        self.assertEqual(report["booked"], PEOPLE)
        for person in people:
            mine = person.bookings()
            self.assertEqual([b["booking_id"] for b in mine if b["campaign_id"] == campaign],
                             [acknowledged[person.account]])

    def test_the_active_sequencer_is_killed(self):
        self.keep_booking_through("sequencer", lambda: deploy(
            "process_signal KILL sequencer-1; sleep 1; program_ensure sequencer-1;"
            "sleep 1; process_signal KILL sequencer-2; sleep 1; program_ensure sequencer-2"))

    def test_the_active_sequencer_freezes_and_comes_back(self):
        self.keep_booking_through("frozen", lambda: deploy(
            "process_signal STOP sequencer-1; sleep 2; process_signal CONT sequencer-1;"
            "process_signal STOP sequencer-2; sleep 2; process_signal CONT sequencer-2"))

    def test_an_ingress_is_killed(self):
        self.keep_booking_through("ingress", lambda: deploy(
            "process_signal KILL ingress-1; sleep 1; program_ensure ingress-1"))

    def test_the_broker_is_killed(self):
        self.keep_booking_through("broker", lambda: deploy(
            "process_signal KILL nats; sleep 1; nats_ensure"))

    def test_the_fulfiller_is_killed(self):
        self.keep_booking_through("fulfiller", lambda: deploy(
            "process_signal KILL fulfiller-1; sleep 1; program_ensure fulfiller-1"))

    def test_the_database_is_away_for_a_while(self):
        def fault():
            deploy("process_stop postgres")
            campaign = firstcome.new_campaign("nodb", units=5)
            person = Person()  # login works without the database
            self.assertEqual(person.book(campaign).status, 201)
            answer = api("GET", "/v1/bookings", token=person.token)
            self.assertEqual(answer.status, 503, answer)
            self.assertIn("retry-after", answer.headers)
            deploy("postgres_ensure")

        self.keep_booking_through("database", fault)
