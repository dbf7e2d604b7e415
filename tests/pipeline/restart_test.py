"""A clean restart of any program under load: every request is answered, and what was answered holds.

At the worst somebody waits, or is asked to come again (503 and Retry-After). No connection is reset, or ends, without
an answer to the request that went out on it.
"""
import time
import unittest

import firstcome
from firstcome import Person, await_true, deploy
from steady import Steady

PEOPLE = 200
RATE = 300
KNOWN = 20  # people with a contact, who get a confirmation for each of their bookings
BEFORE_SECONDS = AFTER_SECONDS = 1.0


class RestartTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.known = [Person() for _ in range(KNOWN)]
        cls.tokens = [person.token for person in cls.known]
        cls.tokens += [firstcome.new_token() for _ in range(PEOPLE - KNOWN)]

    def book_through(self, *restarts):
        """Each restart: functions of deploy/lib."""
        campaign = firstcome.new_campaign("restart", units=100_000, units_per_person=100)
        with Steady(campaign, self.tokens, RATE) as people:
            time.sleep(BEFORE_SECONDS)
            for restart in restarts:
                before = time.time()
                deploy(restart)
                time.sleep(AFTER_SECONDS)
            await_true("people get bookings again", lambda: any(
                answer.status == 201 and answer.sent_at > before for answer in people.answers))
        self.assertEqual(people.unanswered, [])
        self.assertEqual(people.wrong, [])
        self.assertGreater(people.statuses()[201], PEOPLE, people.statuses())
        report = firstcome.audit(campaign)
        self.assertTrue(report.get("clean"), report)
        self.assertEqual(people.lost(), [])
        self.check_confirmations(campaign)

    def check_confirmations(self, campaign):
        """One for each booking of those whose contact is known; none twice."""
        sql = ("select count(*), count(*) filter (where n.state = 3) from notices n join bookings b using (campaign, "
               "number) join campaigns c on c.ordinal = n.campaign where c.id = %s and b.account = any(%s::uuid[])")
        accounts = [person.account for person in self.known]
        await_true("every confirmation is sent",
                   lambda: len(set(firstcome.query(sql, campaign, accounts)[0])) == 1, seconds=60)
        for person in self.known:
            texts = [message["text"] for message in firstcome.messages(person.contact)]
            self.assertEqual(len(texts), len(set(texts)), f"{person.contact} was told the same twice")

    def test_an_ingress(self):
        self.book_through("process_stop ingress-1; program_ensure ingress-1; program_await_ready ingress-1 30",
                          "process_stop ingress-2; program_ensure ingress-2; program_await_ready ingress-2 30")

    def test_a_sequencer(self):
        self.book_through("process_stop sequencer-1; program_ensure sequencer-1",
                          "process_stop sequencer-2; program_ensure sequencer-2")

    def test_the_fulfiller_and_the_notifier(self):
        self.book_through("process_stop fulfiller-1; program_ensure fulfiller-1",
                          "process_stop notifier-1; program_ensure notifier-1")

    def test_the_broker(self):
        self.book_through("nats_restart nats")

    def test_the_database(self):
        self.book_through("process_stop postgres; postgres_ensure")


if __name__ == "__main__":
    unittest.main()
