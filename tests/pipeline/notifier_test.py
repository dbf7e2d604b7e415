"""The notifier alone: everybody is told once, whatever the mail server, the database or the notifier do.

Bookings are written into the ledger as the fulfiller would; the mail server is the test's own, so that it
can refuse one recipient and lose the answer to another. The copy's own notifier rests meanwhile.
"""
import asyncio
import collections
import json
import os
import signal
import socket
import subprocess
import time
import unittest
import uuid

import psycopg2.extras
from aiosmtpd.controller import Controller

import firstcome
from firstcome import HOME, SETTINGS, await_true, deploy, query

# Far above the ordinals that the line gives.
ORDINAL_MIN = 200_000_000
BOOKED, HELD, WAITING, RELEASED, CANCELLED = 3, 2, 1, 4, 5
DUE, CLAIMED, SENT, FAILED, OVERTAKEN = 1, 2, 3, 4, 5


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class MailServer:
    """Does as the recipient's name says: perm-*, temp-* (refused twice), lost-* (taken, but the connection
    breaks before the answer); everybody else's mail is taken."""

    def __init__(self, port=None):
        self.port = port or free_port()
        self.taken = collections.defaultdict(list)  # recipient -> Message-IDs
        self.templates = collections.defaultdict(list)
        self.tries = collections.Counter()
        self.delay = 0.0
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self):
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def count(self):
        return sum(len(ids) for ids in list(self.taken.values()))

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.tries[address] += 1
        if address.startswith("perm-"):
            return f"550 5.1.1 <{address}>: no such mailbox"
        if address.startswith("temp-") and self.tries[address] <= 2:
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        address = envelope.rcpt_tos[0]
        head = envelope.content.decode().split("\r\n\r\n")[0]
        headers = dict(line.split(": ", 1) for line in head.split("\r\n") if ": " in line)
        self.taken[address].append(headers["Message-ID"])
        self.templates[address].append(headers["X-Firstcome-Template"])
        await asyncio.sleep(self.delay)
        if address.startswith("lost-") and len(self.taken[address]) == 1:
            server.transport.abort()
        return "250 2.0.0 OK: queued as A1"


class Notifier:
    """One of our own, with quick retries."""

    binary = None

    def __init__(self, port, name=None, **settings):
        if Notifier.binary is None:
            Notifier.binary = deploy("build_program notifier").strip()
        lines = (HOME / "env" / "notifier-1.env").read_text().splitlines()
        environment = dict(line.split("=", 1) for line in lines)
        environment.update(
            FIRSTCOME_INSTANCE=name or f"notifier-test-{uuid.uuid4().hex[:6]}",
            FIRSTCOME_SMTP_URL=f"smtp://127.0.0.1:{port}", FIRSTCOME_RETRY_MS="50",
            FIRSTCOME_POLL_MS="50")
        environment.update({f"FIRSTCOME_{key}": str(value) for key, value in settings.items()})
        for kept in ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"):
            if kept in os.environ:
                environment[kept] = os.environ[kept]
        self.log = open(HOME / "log" / "notifier-test.log", "ab")
        self.process = subprocess.Popen([Notifier.binary], env=environment, stderr=self.log)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.log.close()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.log.close()
        assert status == 0, f"the notifier ended with {status}; see log/notifier-test.log"


class Campaign:
    """Rows in the ledger, as the fulfiller leaves them."""

    def __init__(self, **definition):
        self.id = f"notices-{uuid.uuid4().hex[:10]}"
        self.ordinal = ORDINAL_MIN + uuid.uuid4().int % 60_000_000
        self.decided = 0
        self.changes = 0
        definition = {"id": self.id, "verification": "either", **definition}
        self.run("select define_campaign(%s, %s, %s, '\\x00', %s, %s, %s)", (
            self.ordinal, self.id, json.dumps(definition), "Burger & fries", "Any shop.", "Asia/Kolkata"))

    @staticmethod
    def run(sql, values):
        with psycopg2.connect(SETTINGS["DATABASE_URL"]) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)

    def know(self, account, *contacts, locale="en"):
        """In one transaction, as the fulfiller writes what comes together."""
        with psycopg2.connect(SETTINGS["DATABASE_URL"]) as connection, connection.cursor() as cursor:
            for contact in contacts:
                channel = 2 if contact.startswith("+") else 1
                self.prove(cursor, self.identity(contact), account, channel, contact, locale)

    @staticmethod
    def identity(contact):
        return str(uuid.uuid5(uuid.NAMESPACE_URL, contact))

    @staticmethod
    def prove(cursor, identity, account, channel, contact, locale="en", linked=True):
        cursor.execute("select remember_contact(%s, %s, %s::smallint, %s, %s, now(), %s)",
                       (identity, account, channel, contact, locale, linked))

    def book(self, accounts, status=BOOKED, rank=None, first=None):
        """One booking for each account, in one transaction with the position."""
        first = first or self.decided + 1
        self.decided = first + len(accounts) - 1
        rows = [(self.ordinal, first + i, account, status, 1, first + i, first + i, rank)
                for i, account in enumerate(accounts)]
        with psycopg2.connect(SETTINGS["DATABASE_URL"]) as connection, connection.cursor() as cursor:
            psycopg2.extras.execute_values(
                cursor, "insert into bookings (campaign, number, account, status, units, place, decision_n,"
                " booked_at, rank) values %s", rows, template="(%s, %s, %s, %s, %s, %s, %s, now(), %s)",
                page_size=1000)
            psycopg2.extras.execute_values(
                cursor, "insert into booking_owners (prefix, campaign, accounts, numbers) values %s",
                [(account, self.ordinal, account, first + i) for i, account in enumerate(accounts)],
                template="((owner_prefixes(%s))[3], %s, array[%s::uuid], array[%s::bigint])", page_size=1000)
            cursor.execute("update campaigns set decided_n = %s where ordinal = %s",
                           (self.decided + self.changes, self.ordinal))
        return first

    def change(self, number, status, cause):
        self.changes += 1
        self.run("""
            with changed as (
                insert into booking_changes (campaign, decision_n, position, number, status, cause, changed_at)
                values (%(campaign)s, %(n)s, 0, %(number)s, %(status)s, %(cause)s, now())
            ), booking as (
                update bookings set status = %(status)s
                where campaign = %(campaign)s and number = %(number)s
            )
            update campaigns set decided_n = %(n)s where ordinal = %(campaign)s""", {
                "campaign": self.ordinal, "n": self.decided + self.changes, "number": number,
                "status": status, "cause": cause})

    def people(self, count, name="person-"):
        accounts = [str(uuid.uuid4()) for _ in range(count)]
        contacts = [f"{name}{uuid.uuid4().hex[:12]}@example.org" for _ in range(count)]
        for account, contact in zip(accounts, contacts):
            self.know(account, contact)
        return accounts, contacts

    def crowd(self, count):
        """Many people, in one statement."""
        accounts = [str(uuid.uuid4()) for _ in range(count)]
        contacts = [f"crowd-{account[:8]}{account[9:13]}@example.org" for account in accounts]
        with psycopg2.connect(SETTINGS["DATABASE_URL"]) as connection, connection.cursor() as cursor:
            psycopg2.extras.execute_values(
                cursor, "insert into contacts (identity, account, channel, contact, locale, verified_at) "
                "values %s", list(zip((str(uuid.uuid4()) for _ in accounts), accounts, contacts)),
                template="(%s, %s, 1, %s, 'en', now())", page_size=1000)
        return accounts, contacts

    def notices(self, state=None):
        rows = query("select number, template, channel, state, attempts, ambiguous, coalesce(error, ''), claimed_by"
                     " from notices where campaign = %s order by number, template, channel", self.ordinal)
        return [row for row in rows if state is None or row[3] == state]

    def await_seen(self):
        """The notifier has looked at all, and at all contacts that are new."""
        await_true(f"all of {self.id} was looked at", lambda: query(
            "select count(*) from notice_positions p join campaigns c on c.ordinal = p.campaign"
            " where p.campaign = %s and p.seen_n = c.decided_n and not exists (select from contact_news)",
            self.ordinal)[0][0] == 1)

    def await_settled(self, count, seconds=30.0):
        await_true(f"{count} notices of {self.id} are settled", lambda: query(
            "select count(*) from notices where campaign = %s and state in (3, 4, 5)",
            self.ordinal)[0][0] >= count, seconds)


class NotifierTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        deploy("process_stop notifier-1")

    @classmethod
    def tearDownClass(cls):
        deploy("program_ensure notifier-1")

    def setUp(self):
        self.server = MailServer()
        self.addCleanup(self.server.stop)

    def start(self, **settings):
        notifier = Notifier(self.server.port, **settings)
        self.addCleanup(notifier.stop)
        return notifier

    def assert_once(self, contacts):
        self.assertEqual({c: len(self.server.taken[c]) for c in contacts}, {c: 1 for c in contacts})

    # ---- the ordinary way -----------------------------------------------------------------------------

    def test_two_notifiers_tell_everybody_once(self):
        campaign = Campaign()
        accounts, contacts = campaign.crowd(500)
        campaign.book(accounts[:100])
        self.start()
        self.start()
        for first in range(100, 500, 50):
            campaign.book(accounts[first:first + 50])
        campaign.await_settled(500)
        self.assert_once(contacts)
        self.assertEqual(len({ids[0] for ids in self.server.taken.values()}), 500)
        self.assertEqual(len(campaign.notices(SENT)), 500)

    def test_every_contact_of_an_account_is_told(self):
        campaign = Campaign()
        account, merged = str(uuid.uuid4()), str(uuid.uuid4())
        email, phone = f"both-{uuid.uuid4().hex[:8]}@example.org", firstcome.new_phone()
        campaign.know(account, email, phone, locale="hi")
        campaign.run("insert into account_merges (old_account, new_account) values (%s, %s)", (merged, account))
        campaign.book([merged])
        self.start()
        campaign.await_settled(2)
        self.assert_once([email])
        sms = firstcome.await_message(phone, "booked.hi")
        self.assertIn("Burger & fries", sms["text"])
        self.assertIn("बुकिंग", sms["text"])

    def test_a_contact_may_come_later(self):
        campaign = Campaign()
        account = str(uuid.uuid4())
        campaign.book([account])
        self.start()
        campaign.await_seen()
        self.assertEqual(campaign.notices(), [])
        email, phone = f"late-{uuid.uuid4().hex[:8]}@example.org", firstcome.new_phone()
        campaign.know(account, email, phone)
        campaign.await_settled(2)
        self.assert_once([email])
        firstcome.await_message(phone, "booked")

    def test_people_without_a_contact_hold_nobody_back(self):
        campaign = Campaign()
        campaign.book([str(uuid.uuid4()) for _ in range(25_000)])
        accounts, contacts = campaign.crowd(1)
        campaign.book(accounts)
        self.start()
        campaign.await_settled(1)
        self.assert_once(contacts)
        campaign.await_seen()
        self.assertEqual(len(campaign.notices()), 1)

    def test_whoever_adds_a_contact_is_not_told_again(self):
        campaign = Campaign()
        accounts, contacts = campaign.people(1)
        campaign.book(accounts)
        self.start()
        campaign.await_settled(1)
        campaign.know(accounts[0], firstcome.new_phone())
        campaign.await_seen()
        self.assertEqual([row[2] for row in campaign.notices()], [1])
        self.assert_once(contacts)

    def test_what_a_made_up_account_booked_is_told_to_its_person(self):
        """Who proves a known contact while nobody can look up whose it is gets an account that was made up."""
        campaign = Campaign()
        (account,), (contact,) = campaign.people(1)
        made_up = str(uuid.uuid4())
        campaign.book([made_up])
        campaign.change(1, CANCELLED, 30)
        self.start()
        campaign.await_seen()
        self.assertEqual(campaign.notices(), [])
        with psycopg2.connect(SETTINGS["DATABASE_URL"]) as connection, connection.cursor() as cursor:
            campaign.prove(cursor, campaign.identity(contact), made_up, 1, contact, linked=False)
        campaign.await_settled(2)
        self.assertEqual(self.server.templates[contact], ["cancelled"])
        self.assertEqual(query("select new_account from account_merges where old_account = %s", made_up),
                         [(account,)])

    def test_whoever_was_erased_is_not_told(self):
        campaign = Campaign()
        campaign.book([str(uuid.uuid4())])
        campaign.run("insert into notices (campaign, number, template, channel, state)"
                     " values (%s, 1, 'booked', 1, 1)", (campaign.ordinal,))
        self.start()
        campaign.await_settled(1)
        self.assertIn("erased", campaign.notices(FAILED)[0][6])

    def test_a_campaign_that_wants_both_waits_for_both(self):
        campaign = Campaign(verification="both")
        account = str(uuid.uuid4())
        email, phone = f"first-{uuid.uuid4().hex[:8]}@example.org", firstcome.new_phone()
        campaign.know(account, email)
        campaign.book([account])
        self.start()
        campaign.await_settled(1)
        campaign.know(account, phone)
        campaign.await_settled(2)
        firstcome.await_message(phone, "booked")

    # ---- what happens to a booking ----------------------------------------------------------------------

    def test_each_change_has_its_message(self):
        campaign = Campaign(price_paise=100, waiting_list=10)
        accounts, contacts = campaign.people(4)
        campaign.book(accounts[:3], status=HELD)
        campaign.book(accounts[3:], status=WAITING, rank=1)
        self.start()
        campaign.await_settled(4)
        campaign.change(1, BOOKED, 40)  # paid
        campaign.change(2, RELEASED, 1)  # expired
        campaign.change(3, CANCELLED, 30)
        campaign.change(4, HELD, 3)  # promoted
        campaign.await_settled(8)
        told = [self.server.templates[contact] for contact in contacts]
        self.assertEqual(told, [["held", "booked"], ["held", "released"], ["held", "cancelled"],
                                ["waitlisted", "promoted"]])

    def test_nobody_is_told_what_is_not_true_any_more(self):
        campaign = Campaign(waiting_list=10)
        accounts, contacts = campaign.people(2)
        campaign.book(accounts[:1], status=WAITING, rank=1)
        campaign.book(accounts[1:])
        campaign.change(1, BOOKED, 2)
        campaign.change(2, CANCELLED, 30)
        self.start()
        campaign.await_settled(4)
        self.assertEqual([self.server.templates[contact] for contact in contacts],
                         [["promoted"], ["cancelled"]])
        self.assertEqual(len(campaign.notices(OVERTAKEN)), 2)

    def test_a_later_message_does_not_overtake_an_earlier_one(self):
        campaign = Campaign()
        accounts, contacts = campaign.people(1)
        self.server.delay = 1.0
        campaign.book(accounts)
        self.start()
        await_true("the first is under way", lambda: self.server.tries[contacts[0]] > 0)
        campaign.change(1, CANCELLED, 30)
        time.sleep(0.5)
        self.assertEqual(self.server.tries[contacts[0]], 1)
        campaign.await_settled(2)
        self.assertEqual(self.server.templates[contacts[0]], ["booked", "cancelled"])

    def test_a_provider_of_sms_may_refuse_for_now_or_for_good(self):
        self.addCleanup(firstcome.set_switches, sms={"mode": "ok"})
        campaign = Campaign()
        accounts, phones = ([str(uuid.uuid4()) for _ in range(2)], [firstcome.new_phone() for _ in range(2)])
        for account, phone in zip(accounts, phones):
            campaign.know(account, phone)
        firstcome.set_switches(sms={"mode": "refuse_permanently"})
        campaign.book(accounts[:1])
        self.start()
        campaign.await_settled(1)
        self.assertIn("21211", campaign.notices(FAILED)[0][6])
        firstcome.set_switches(sms={"mode": "refuse_temporarily"})
        campaign.book(accounts[1:])
        await_true("it was refused", lambda: any("503" in row[6] for row in campaign.notices(DUE)))
        firstcome.set_switches(sms={"mode": "ok"})
        campaign.await_settled(2)
        self.assertEqual(len(firstcome.messages(phones[1])), 1)

    # ---- refusals -----------------------------------------------------------------------------------------

    def test_a_temporary_failure_is_tried_again_and_a_permanent_one_is_not(self):
        campaign = Campaign()
        temporary, permanent, fine = (campaign.people(8, name) for name in ("temp-", "perm-", "fine-"))
        campaign.book(temporary[0] + permanent[0] + fine[0])
        self.start()
        campaign.await_settled(24)
        self.assert_once(temporary[1] + fine[1])
        for number, _, _, state, attempts, _, error, _ in campaign.notices():
            if 8 < number <= 16:
                self.assertEqual((state, attempts), (FAILED, 1))
                self.assertIn("550 5.1.1", error)
                self.assertNotIn("@", error)
            else:
                self.assertEqual((state, attempts), (SENT, 3 if number <= 8 else 1))

    def test_a_lost_answer_means_the_same_mail_again(self):
        campaign = Campaign()
        accounts, contacts = campaign.people(5, "lost-")
        campaign.book(accounts)
        self.start()
        campaign.await_settled(5)
        for contact in contacts:
            self.assertEqual(len(self.server.taken[contact]), 2)
            self.assertEqual(len(set(self.server.taken[contact])), 1)
        self.assertEqual([row[5] for row in campaign.notices(SENT)], [1] * 5)  # ambiguous

    def test_a_dead_mail_server_is_asked_rarely_and_holds_nobody_else(self):
        port = self.server.port
        self.server.stop()
        campaign = Campaign()
        accounts, contacts = campaign.crowd(300)
        campaign.book(accounts)
        account, phone = str(uuid.uuid4()), firstcome.new_phone()
        campaign.know(account, phone)
        campaign.book([account])
        notifier = Notifier(port)
        self.addCleanup(notifier.stop)
        firstcome.await_message(phone, "booked")
        time.sleep(2)
        attempts = query("select coalesce(sum(attempts), 0) from notices where campaign = %s and channel = 1",
                         campaign.ordinal)[0][0]
        self.assertLess(attempts, 60)  # of 300 people, each of whom would have been tried again and again
        self.server = MailServer(port)
        self.addCleanup(self.server.stop)
        campaign.await_settled(301, seconds=60)
        self.assert_once(contacts)

    # ---- crashes ------------------------------------------------------------------------------------------

    def test_a_killed_notifier_leaves_nobody_untold(self):
        campaign = Campaign()
        accounts, contacts = campaign.crowd(500)
        campaign.book(accounts)
        self.server.delay = 0.01
        victim = Notifier(self.server.port)
        await_true("some are told", lambda: self.server.count() > 100)
        victim.kill()
        claimed = campaign.notices(CLAIMED)
        self.assertGreater(len(claimed), 0)
        self.start()
        # Its claims have an end; here it comes at once.
        campaign.run("update notices set due_at = now() where campaign = %s and state = 2",
                     (campaign.ordinal,))
        campaign.await_settled(500)
        told = {contact: self.server.taken[contact] for contact in contacts}
        self.assertEqual([c for c, ids in told.items() if not ids], [])
        twice = [ids for ids in told.values() if len(ids) > 1]
        # Under way, and sent but not settled: never more than were claimed.
        self.assertLessEqual(len(twice), len(claimed))
        self.assertTrue(all(len(set(ids)) == 1 for ids in twice), twice)
        doubtful = sum(row[5] for row in campaign.notices())
        self.assertGreaterEqual(doubtful, len(twice))
        self.assertEqual(len(campaign.notices(SENT)), 500)

    def test_a_stopped_notifier_puts_back_what_it_had_not_begun(self):
        campaign = Campaign()
        accounts, contacts = campaign.crowd(300)
        campaign.book(accounts)
        self.server.delay = 0.05
        notifier = Notifier(self.server.port)
        await_true("some are told", lambda: self.server.count() > 20)
        notifier.stop()
        self.assertEqual(campaign.notices(CLAIMED), [])
        self.assertGreater(len(campaign.notices(DUE)), 0)
        self.server.delay = 0.0
        self.start()
        campaign.await_settled(300)
        self.assert_once(contacts)
        self.assertEqual(sum(row[5] for row in campaign.notices()), 0)

    def test_the_database_may_be_away(self):
        campaign = Campaign()
        accounts, contacts = campaign.crowd(200)
        campaign.book(accounts)
        self.server.delay = 0.02
        self.start()
        await_true("some are told", lambda: self.server.count() > 20)
        deploy("process_signal INT postgres; sleep 3; postgres_ensure")
        campaign.await_settled(200, seconds=60)
        self.assert_once(contacts)

    # ---- codes ----------------------------------------------------------------------------------------------

    def test_codes_do_not_wait_for_confirmations(self):
        campaign = Campaign()
        accounts, _ = campaign.crowd(1000)
        campaign.book(accounts)
        self.server.delay = 0.2
        self.start(EMAIL_CONNECTIONS=4)  # about 20 a second: 50 seconds for all of them
        await_true("some are told", lambda: self.server.count() > 10)
        for _ in range(5):
            contact = firstcome.new_email()
            asked = time.monotonic()
            answer = firstcome.api("POST", "/v1/register", {"email": contact})
            self.assertEqual(answer.status, 202, answer)
            await_true("the code has come", lambda: self.server.taken[contact])
            self.assertLess(time.monotonic() - asked, 5.0)
        self.assertGreater(len(campaign.notices(DUE)) + len(campaign.notices(CLAIMED)), 100)
        campaign.run("update notices set state = 5 where campaign = %s and state in (1, 2)",
                     (campaign.ordinal,))

    def test_a_code_that_was_refused_comes_again(self):
        contact = f"temp-{uuid.uuid4().hex[:8]}@example.org"
        self.start()
        self.assertEqual(firstcome.api("POST", "/v1/register", {"email": contact}).status, 202)
        await_true("the code has come", lambda: self.server.taken[contact], 20)
        self.assertEqual(self.server.tries[contact], 3)

    def test_a_killed_notifier_does_not_keep_a_code(self):
        contact = f"person-{uuid.uuid4().hex[:8]}@example.org"
        self.server.delay = 3.0
        victim = Notifier(self.server.port)
        self.assertEqual(firstcome.api("POST", "/v1/register", {"email": contact}).status, 202)
        await_true("it is under way", lambda: self.server.tries[contact] > 0)
        victim.kill()
        self.server.delay = 0.0
        self.start()
        # The broker gives it to the next one when the first has not acknowledged it for a minute.
        await_true("the code has come again", lambda: len(self.server.taken[contact]) == 2, 75)
        self.assertEqual(len(set(self.server.taken[contact])), 1)

    def test_what_is_no_code_goes_to_the_dead_letters(self):
        self.start()
        firstcome.nats_publish("codes.send", b"not a code")
        contact = firstcome.new_email()
        self.assertEqual(firstcome.api("POST", "/v1/register", {"email": contact}).status, 202)
        await_true("the code after it has come", lambda: self.server.taken[contact])


if __name__ == "__main__":
    unittest.main()
