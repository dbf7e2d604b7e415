#!/usr/bin/python3
"""trial - cuts the machine's power while people book, and compares what is left with what they were told.

    trial.py --campaign C [--machine qemu|loop] [--sync always|default] [--cuts N] [--seconds S]
             [--keep-some SEED]

tests/powerloss/run makes the copy and calls this. Exit status 0 only if every promise held.
"""
import argparse
import os
import pathlib
import random
import subprocess
import sys
import time
import urllib.parse

import firstcome
import people
import promises

PEOPLE = 32
# People go on for so long when the machine is back.
AFTER_SECONDS = 3.0
NOTICED_SECONDS = 60.0
BLIND_SECONDS = 10.0


def machine(command):
    """Runs functions of machine.sh and deploy/lib; returns what they printed last."""
    folder = pathlib.Path(__file__).parent
    script = (f"source {firstcome.ROOT}/deploy/lib/load.sh; source {folder}/machine.sh; settings_load;"
              f"settings_use_running_build; machine_settings; {command}")
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout.strip().rpartition("\n")[2]


def say(what, value="", more=""):
    print(f"  {what:34} {value:>9}{more}", flush=True)


def broker_health():
    parts = urllib.parse.urlsplit(firstcome.SETTINGS["NATS_URL"])
    url = f"http://{parts.hostname}:{parts.port + 1}/healthz"
    try:
        health = firstcome.http_call("GET", url, timeout=60).json
    except OSError as error:
        return f"nothing: {error}"
    return health.get("error", health["status"])


def summary(told):
    return ", ".join(f"{len(each)} {kind}" for kind, each in told.items())


class Trial:
    """What both kinds of trial share: the load, the cut, and the count of broken promises."""

    def __init__(self, options):
        self.options = options
        self.chance = random.Random(options.keep_some)
        self.crowd = people.Crowd(options.campaign, PEOPLE)
        self.broken = 0
        self.cut_at = self.gone_at = 0.0

    def cut(self, number):
        """People book; the power goes; the machine boots with what its disk still has."""
        crowd = self.crowd
        crowd.start()
        time.sleep(self.options.seconds * self.chance.uniform(0.3, 1.0))
        at, forgot = machine("machine_cut").split(" ", 1)
        self.cut_at, self.gone_at = float(at), time.time()
        seed = "" if self.options.keep_some is None else self.options.keep_some + number
        machine(f"machine_boot {seed}")
        back_at = time.time()
        before, lately = crowd.told(until=back_at), crowd.told(self.cut_at - 1, back_at)
        print(f"cut {number}: the disk: {forgot}")
        say("acknowledged before", more=f" {summary(before)}")
        say("in the second before the cut", more=f" {summary(lately)}")
        say("broker and database back after", f"{back_at - self.cut_at:.1f}", " s")
        return before

    def check(self, what, wrong):
        """A count, or a list of what is wrong: there must be nothing."""
        count = wrong if isinstance(wrong, int) else len(wrong)
        say(what, count, "" if count == 0 else "   <── must be 0")
        self.broken += count > 0
        for each in wrong[:5] if isinstance(wrong, list) else ():
            print(f"      {each}")


class DurableTrial(Trial):
    """The broker syncs each message: all that was ever acknowledged must be there after every cut."""

    def run(self):
        for number in range(1, self.options.cuts + 1):
            self.cut(number)
            time.sleep(AFTER_SECONDS)
            self.crowd.stop()
            # Not a ticket: that may be for a place that was taken before the cut.
            again = min((w.told_at for w in self.crowd.wishes
                         if w.booking and not w.ticket and w.told_at > self.gone_at), default=float("inf"))
            say("first booking again after", f"{again - self.cut_at:.1f}", " s")
            self.compare()
        told = self.crowd.told()
        print(f"{self.options.cuts} cuts; acknowledged: {summary(told)}; "
              + ("nothing is lost" if self.broken == 0 else f"{self.broken} PROMISES BROKEN"))

    def compare(self):
        campaign, crowd = self.options.campaign, self.crowd
        report = promises.await_audit(campaign)
        told = crowd.told()
        self.check("lost: bookings", promises.lost_bookings(told["bookings"], promises.ledger(campaign)))
        self.check("lost: tickets", promises.lost_tickets(told["tickets"]))
        self.check("lost: log-ins", promises.lost_logins(told["log-ins"]))
        self.check("lost: campaigns", promises.lost_campaigns(told["campaigns"]))
        self.check("wishes without an answer", [w.key for w in crowd.wishes if not w.is_told()])
        self.check("asked again, another answer", promises.other_answers(crowd, told["bookings"]))
        self.check("answers nobody should get", crowd.strange)
        self.check("audit: no answer", [] if "clean" in report else [str(report)])
        for zero in promises.ZEROS:
            self.check(f"audit: {zero}", report.get(zero, 0))
        twice, again = promises.confirmations(told["log-ins"])
        self.check("notified twice", twice)
        say("sent again with its Message-ID", again)
        self.check("programs that ended", machine("programs_ended").split())


class ForgetfulTrial(Trial):
    """The broker syncs every two minutes, so it loses what it acknowledged. That must be noticed: by
    those who remember more than the broker does, and by the ledger, which PostgreSQL syncs."""

    def run(self):
        for number in range(1, self.options.cuts + 1):
            if number > 1:
                machine("machine_fresh")
                self.crowd = people.Crowd(self.options.campaign, PEOPLE)
            before = self.cut(number)
            rows = promises.ledger(self.options.campaign)
            self.look(before, rows)
            self.look_without_memory(before, rows)

    def look(self, before, rows):
        """Every program runs on: it remembers what the broker has forgotten."""
        campaign, crowd, back_at = self.options.campaign, self.crowd, time.time()
        say("the broker says", more=f" {broker_health()}")
        reason = self.await_stop()
        say("noticed after", f"{time.time() - back_at:.1f}", f" s: {reason or 'NEVER'}")
        time.sleep(AFTER_SECONDS)
        crowd.give_up()
        report = firstcome.audit(campaign)
        say("the broker still has", report.get("booked", 0), f" bookings; PostgreSQL {len(rows)}")
        lost = [w for w in before["bookings"] if w.place > report.get("booked", 0)]
        say("ACKNOWLEDGED BOOKINGS", len(before["bookings"]), f"; LOST by the broker: {len(lost)}")
        say("log-ins", len(before["log-ins"]), f"; lost: {len(promises.lost_logins(before['log-ins']))}")
        say("new campaigns", len(before["campaigns"]),
            f"; lost: {len(promises.lost_campaigns(before['campaigns']))}")
        after = crowd.told(since=back_at)
        self.check("lost, but not noticed", int(bool(lost) and not reason))
        self.check("bookings after the loss", [w.booking for w in after["bookings"]])
        self.check("tickets after it, to a booking",
                   [w.ticket for w in after["tickets"] if promises.leads_to_booking(w)])
        self.check("rows changed in PostgreSQL", promises.changed_rows(rows, promises.ledger(campaign)))
        self.check("answers nobody should get", crowd.strange)

    def await_stop(self):
        """Why the campaign stopped; "" if it did not."""
        end = time.time() + NOTICED_SECONDS
        while time.time() < end:
            answer = firstcome.tool("campaign", "get", self.options.campaign, check=False)
            if answer.get("campaign", {}).get("stopped"):
                return answer["campaign"]["stopped"]
            time.sleep(0.5)
        return ""

    def look_without_memory(self, before, rows):
        """All programs start anew at the same time: now only the ledger knows. What they do is told, not
        judged; but the ledger must stay what it was."""
        campaign = self.options.campaign
        machine('process_signal KILL "${PROGRAMS[@]}"; programs_ensure')
        crowd = people.Crowd(campaign, PEOPLE)
        crowd.start()
        time.sleep(BLIND_SECONDS)
        crowd.give_up()
        given = [w.booking for w in crowd.told()["bookings"]]
        twice = set(given) & {w.booking for w in before["bookings"]}
        print("  all programs start anew, and nobody remembers:")
        say("bookings given", len(given), f"; of these somebody else had {len(twice)} before")
        for program in firstcome.tool("status", check=False)["programs"]:
            if program["note"]:
                print(f"      {program['instance']}: {program['note']}")
        self.check("rows changed in PostgreSQL", promises.changed_rows(rows, promises.ledger(campaign)))


TRIALS = {"always": DurableTrial, "default": ForgetfulTrial}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--campaign", required=True)
    parser.add_argument("--machine", choices=("qemu", "loop"), default="qemu")
    parser.add_argument("--cuts", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=12.0)
    parser.add_argument("--sync", choices=TRIALS, default="always")
    parser.add_argument("--keep-some", type=int)
    options = parser.parse_args()
    os.environ["MACHINE"] = options.machine
    trial = TRIALS[options.sync](options)
    machine("machine_fresh")
    trial.run()
    return 1 if trial.broken else 0


if __name__ == "__main__":
    sys.exit(main())
