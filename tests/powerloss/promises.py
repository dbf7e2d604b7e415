"""promises - what was said before the power went, and what is left of it."""
import collections
import json
import random
import subprocess
import time

import firstcome
import people

ASKED_AGAIN = 50
SETTLE_SECONDS = 300
ZEROS = ("oversold", "undersold", "inversions", "lost", "duplicated", "differences", "broken_digests")


def await_audit(campaign):
    """The audit's report once it is clean, or when time is up: the fulfiller may have to catch up."""
    end = time.monotonic() + SETTLE_SECONDS
    while True:
        report = firstcome.audit(campaign)
        if report.get("clean") or time.monotonic() > end:
            return report
        time.sleep(1)


def ledger(campaign):
    """All bookings by their ID, as an admin fetches them."""
    lines = subprocess.run(
        [str(firstcome.ROOT / "deploy" / "firstcome"), "export", campaign, "--format", "ndjson"],
        capture_output=True, text=True, check=True, timeout=120).stdout.splitlines()
    return {row["booking_id"]: row for row in map(json.loads, lines)}


def lost_bookings(wishes, rows):
    return [wish.booking for wish in wishes if wish.booking not in rows]


def leads_to_booking(wish):
    """What somebody hears who asks with the ticket now."""
    answer = firstcome.api("GET", f"/v1/requests/{wish.ticket}", timeout=60)
    return answer.status == 200 and answer.json["status"] == "booked"


def lost_tickets(wishes):
    return [wish.ticket for wish in wishes if not leads_to_booking(wish)]


def changed_rows(before, now):
    """Bookings that the ledger had, and has not any more, or has for somebody else."""
    return [booking for booking, row in before.items() if now.get(booking) != row]


def lost_logins(logins):
    found = {contact for contact, in firstcome.query("select contact from contacts")}
    return [each.name for each in logins if each.name not in found]


def lost_campaigns(published):
    kept = {each["id"] for each in firstcome.tool("campaign", "list")["campaigns"]
            if each["state"] == "scheduled" and "stopped" not in each}
    return [each.name for each in published if each.name not in kept]


def other_answers(crowd, wishes):
    """Asks some people's wishes again, each with its key: it must be the booking that was told."""
    connection = people.Connection()
    found = []
    for wish in random.sample(wishes, min(ASKED_AGAIN, len(wishes))):
        again = people.Wish(wish.token, 5, wish.key)
        for _ in range(20):
            if crowd.ask(again, connection) and again.booking:
                break
            time.sleep(people.PAUSE_SECONDS)
        if again.booking != wish.booking:
            found.append(f"{wish.booking} became {again.booking or 'nothing'}")
    connection.close()
    return found


def confirmations(logins):
    """(people told twice, messages sent again). The second is what a crash left in doubt, sent again
    with its Message-ID: a mail server shows it once."""
    twice = again = 0
    for each in logins:
        ids = collections.Counter(
            m["message_id"] for m in firstcome.messages(each.name) if m["template"] == "booked")
        twice += len(ids) > 1
        again += sum(ids.values()) - len(ids)
    return twice, again
