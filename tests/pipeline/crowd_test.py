"""A crowd: many more impatient people than units, through both ingress processes."""
import concurrent.futures
import random
import unittest
import urllib.parse

import firstcome
from firstcome import Person, await_true

PEOPLE = 1000
REQUESTS_EACH = 2
UNITS = 500
AT_ONCE = 48


def on_many(work, items):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(work, items))


def requests_served(port):
    text = firstcome.http_call("GET", f"http://127.0.0.1:{port}/metrics").body.decode()
    return sum(float(line.split()[-1]) for line in text.splitlines()
               if line.startswith("firstcome_ingress_responses_total"))


class CrowdTest(unittest.TestCase):
    def test_five_hundred_units_for_a_thousand_people(self):
        campaign = firstcome.new_campaign("crowd", units=UNITS)
        people = on_many(lambda _: Person(), range(PEOPLE))
        wishes = people * REQUESTS_EACH
        random.Random(7).shuffle(wishes)
        ask = [(person, f"{person.account}-once") for person in wishes]

        answers = on_many(lambda wish: (wish[0], wish[0].book(campaign, key=wish[1])), ask)

        winners = {}
        for person, answer in answers:
            self.assertIn(answer.status, (201, 410), answer)
            if answer.status == 201:
                # Whoever asked twice with one key got the same bytes twice.
                self.assertEqual(winners.setdefault(person.account, answer.body), answer.body)
            else:
                self.assertEqual(answer.code, "sold_out")
        self.assertEqual(len(winners), UNITS)
        bookings = [firstcome.json.loads(body) for body in winners.values()]
        self.assertEqual(len({b["booking_id"] for b in bookings}), UNITS)
        self.assertEqual(len({b["place"] for b in bookings}), UNITS)
        self.check_both_served()
        self.check_ledger(campaign)
        self.check_audit(campaign)
        self.check_confirmations(campaign, [p for p in people if p.account in winners])

    def check_both_served(self):
        port = urllib.parse.urlsplit(firstcome.HTTP_URL).port
        for admin_port in (port + 1, port + 2):
            self.assertGreater(requests_served(admin_port), 0)

    def check_ledger(self, campaign):
        sql = ("select count(*), coalesce(sum(units), 0) from bookings b join campaigns c "
               "on c.ordinal = b.campaign where c.id = %s and b.status = 3")
        await_true("every booking is in PostgreSQL",
                   lambda: firstcome.query(sql, campaign)[0] == (UNITS, UNITS))

    def check_audit(self, campaign):
        report = firstcome.audit(campaign)
        self.assertTrue(report.get("clean"), report)
        for zero in ("oversold", "undersold", "inversions", "lost", "duplicated"):
            self.assertEqual(report[zero], 0, report)
        self.assertEqual(report["booked"], UNITS)
        self.assertEqual(report["rows"], UNITS)

    def check_confirmations(self, campaign, winners):
        settled = ("select count(*) from notices n join campaigns c on c.ordinal = n.campaign "
                   "where c.id = %s and n.state = 3")
        await_true("every confirmation is sent",
                   lambda: firstcome.query(settled, campaign)[0][0] == UNITS, seconds=60)
        found = on_many(lambda p: [m for m in firstcome.messages(p.contact) if m["template"] == "booked"],
                        winners)
        self.assertEqual([len(m) for m in found], [1] * UNITS)
