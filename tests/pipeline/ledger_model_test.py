"""The simulation's PostgreSQL (tests/sim/database.h) against the real one.

ledger_model_probe tells a random story of a fulfiller and two notifiers, through the programs' own
modules. It is linked twice, with each of the two databases; both must print the same.
"""

import subprocess
import time
import unittest
import urllib.parse

import built
import firstcome
import psycopg2

SCHEMA = "ledger_model"
SEEDS = range(1, 18)
SENT = "sent, and put back: state 3"
MIGRATIONS = ["0001_ledger.sql", "0002_people.sql", "0003_notices.sql"]


class LedgerModelTest(unittest.TestCase):
    def setUp(self):
        parts = urllib.parse.urlsplit(firstcome.SETTINGS["DATABASE_URL"])
        search_path = urllib.parse.quote(f"-csearch_path={SCHEMA}")
        self.url = parts._replace(query=f"options={search_path}").geturl()
        self.connection = psycopg2.connect(self.url)
        self.connection.autocommit = True
        self.addCleanup(self.connection.close)
        self.addCleanup(self.run_sql, f"drop schema if exists {SCHEMA} cascade")

    def run_sql(self, sql):
        with self.connection.cursor() as cursor:
            cursor.execute(sql)

    def make_tables(self):
        self.run_sql(f"drop schema if exists {SCHEMA} cascade; create schema {SCHEMA}")
        for name in MIGRATIONS:
            sql = (firstcome.ROOT / "deploy" / "postgres" / name).read_text(encoding="utf-8")
            self.run_sql(sql.replace("search_path = public,", f"search_path = {SCHEMA},"))

    def tell(self, name, seed):
        story = subprocess.run(
            [built.find_program(f"tests/pipeline/{name}"), self.url, str(seed)], capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(story.returncode, 0, f"seed {seed}: {story.stderr[-2000:]}")
        return story.stdout.splitlines()

    def assert_same(self, seed, real, simulated):
        for number, (ours, theirs) in enumerate(zip(simulated, real), 1):
            self.assertEqual(ours, theirs, f"seed {seed}, line {number}: simulated, then real; before it\n"
                             + "\n".join(real[max(0, number - 12):number]))
        self.assertEqual(len(simulated), len(real), f"seed {seed}")

    def test_both_tell_the_same_story(self):
        started_at = time.monotonic()
        two_results = set()
        for seed in SEEDS:
            self.make_tables()
            real = self.tell("ledger_model_probe", seed)
            two_results.update(line for line in real if line.startswith("sent, and put back"))
            self.assertGreater(len(real), 1000, "the story is too short to mean anything")
            self.assert_same(seed, real, self.tell("ledger_model_probe_simulated", seed))
            if time.monotonic() - started_at > 40:
                break  # on a slow machine fewer stories will do
        self.assertEqual(two_results, {SENT}, "of two results of one notice, not the better one was written")


if __name__ == "__main__":
    unittest.main()
