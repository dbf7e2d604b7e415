"""What leads from an account to its bookings (booking_owners) stays whole when it is folded.

Uses the database of the running copy, in a schema of its own.
"""
import random
import unittest
import uuid

import firstcome
import psycopg2
import psycopg2.extras

SCHEMA = "owners_test"
CAMPAIGN = 7
BUSY_CAMPAIGN = 8
# Fewer than there are prefixes of 16 bits: some get several bookings, many none.
BOOKINGS = 40000


class OwnersTest(unittest.TestCase):
    def setUp(self):
        psycopg2.extras.register_uuid()
        self.connection = psycopg2.connect(firstcome.SETTINGS["DATABASE_URL"])
        self.addCleanup(self.connection.close)
        self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.addCleanup(self.cursor.execute, f"drop schema if exists {SCHEMA} cascade")
        self.cursor.execute(f"drop schema if exists {SCHEMA} cascade; create schema {SCHEMA}")
        self.cursor.execute(f"set search_path = {SCHEMA}")
        ledger = (firstcome.ROOT / "deploy/postgres/0001_ledger.sql").read_text(encoding="utf-8")
        self.cursor.execute(ledger.replace("search_path = public,", f"search_path = {SCHEMA},"))
        self.make_campaign(CAMPAIGN, "1 hour")
        self.make_campaign(BUSY_CAMPAIGN, "-1 hour")

    def make_campaign(self, ordinal, decided_ago):
        self.cursor.execute(
            "select define_campaign(%s, %s, '{}', '', '', '', 'UTC')", (ordinal, f"c{ordinal}"))
        self.cursor.execute(
            "update campaigns set decided_at = now() - %s::interval where ordinal = %s", (decided_ago, ordinal))

    def write_plan(self, campaign, owners):
        """As the fulfiller writes many: all of 8 bits in a row."""
        rows = {}
        for account, number in owners:
            rows.setdefault(256 + account.bytes[0], []).append((account, number))
        for prefix, some in rows.items():
            self.cursor.execute(
                "insert into booking_owners values (%s, %s, %s, %s)",
                (prefix, campaign, [account for account, _ in some], [number for _, number in some]))

    def read(self, campaign):
        """Each account, its number and the prefix that it stands under."""
        self.cursor.execute(
            "select account, number, prefix from booking_owners, unnest(accounts, numbers) e (account, number)"
            " where campaign = %s", (campaign,))
        return self.cursor.fetchall()

    def fold_all(self):
        steps = 0
        while True:
            self.cursor.execute("select fold_owners()")
            if not self.cursor.fetchone()[0]:
                return steps
            steps += 1

    def test_folding_loses_and_doubles_nothing(self):
        chance = random.Random(1)
        owners = [(uuid.UUID(int=chance.getrandbits(128)), number) for number in range(1, BOOKINGS)]
        owners.append((owners[0][0], BOOKINGS))  # one person, two bookings
        for begin in range(0, BOOKINGS, 10000):
            self.write_plan(CAMPAIGN, owners[begin:begin + 10000])
        self.write_plan(BUSY_CAMPAIGN, owners[:500])
        self.assertEqual(self.fold_all(), 256)

        folded = self.read(CAMPAIGN)
        self.assertEqual(sorted((account, number) for account, number, _ in folded), sorted(owners))
        for account, _, prefix in folded:
            self.assertEqual(prefix, 65536 + int.from_bytes(account.bytes[:2], "big"))
        self.cursor.execute("select owner_prefixes(%s)", (owners[0][0],))
        self.assertIn(65536 + int.from_bytes(owners[0][0].bytes[:2], "big"), self.cursor.fetchone()[0])
        busy = self.read(BUSY_CAMPAIGN)
        self.assertEqual(sorted((account, number) for account, number, _ in busy), sorted(owners[:500]))
        self.assertTrue(all(prefix < 512 for _, _, prefix in busy), "a campaign that is busy was folded")


if __name__ == "__main__":
    unittest.main()
