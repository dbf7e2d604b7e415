"""Campaigns: publishing, opening, changing, many at once."""
import datetime
import json
import unittest

import firstcome
from firstcome import Person, api, await_state, await_true, define, new_campaign_id, publish, tool

CAMPAIGNS = 20


def in_seconds(seconds):
    moment = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds")


class CampaignsTest(unittest.TestCase):
    def test_twenty_campaigns_at_once(self):
        people = [Person() for _ in range(4)]
        wanted = {}
        for i in range(CAMPAIGNS):
            campaign = firstcome.new_campaign(
                f"many{i}", units=1 + i % 5, units_per_person=1 + i % 3, cancellable=i % 2 == 0,
                waiting_list=i % 2, pickup_text=f"Counter {i}")
            wanted[campaign] = 1 + i % 5
        for campaign, units in wanted.items():
            statuses = [person.book(campaign).status for person in people]
            self.assertEqual(sum(s == 201 for s in statuses[:units]), min(units, len(people)))
        for campaign in wanted:
            report = firstcome.audit(campaign)
            self.assertTrue(report["clean"], report)
            self.assertEqual(report["requests"], len(people))

    def test_a_definition_can_change_until_the_opening(self):
        campaign = new_campaign_id("change")
        publish(define(campaign, units=5))
        changed = publish(define(campaign, units=7, title="Changed"))
        self.assertEqual(changed["campaign"]["total"], 7)
        tool("campaign", "start", campaign)
        refused = publish(define(campaign, units=9), check=False)
        self.assertFalse(refused["ok"])
        self.assertEqual(refused["code"], "refused")
        shown = tool("campaign", "get", campaign)["campaign"]
        self.assertEqual((shown["total"], shown["title"]), (7, "Changed"))

    def test_publishing_the_same_again_changes_nothing(self):
        campaign = new_campaign_id("same")
        definition = define(campaign, units=5)
        publish(definition)
        tool("campaign", "start", campaign)
        again = publish(definition)
        self.assertTrue(again["ok"])

    def test_a_dry_run_publishes_nothing(self):
        campaign = new_campaign_id("dry")
        done = tool("campaign", "publish", "-", "--dry-run", stdin=json.dumps(define(campaign)))
        self.assertTrue(done["ok"])
        self.assertFalse(tool("campaign", "get", campaign, check=False)["ok"])

    def test_the_line_decides_when_it_opens_and_closes(self):
        campaign = new_campaign_id("clock")
        publish(define(campaign, units=5, opens_at=in_seconds(4), closes_at=in_seconds(9)))
        early, late = Person(), Person()
        await_state(campaign, "scheduled")
        refused = early.book(campaign)
        self.assertEqual((refused.status, refused.code), (425, "not_open"), refused)
        self.assertIn("opens_at", refused.json)
        await_state(campaign, "open")
        self.assertEqual(early.book(campaign).status, 201)
        await_state(campaign, "closed")
        refused = late.book(campaign)
        self.assertEqual((refused.status, refused.code), (403, "closed"), refused)

    def test_pause_and_resume(self):
        campaign = firstcome.new_campaign("pause", units=5)
        person = Person()
        tool("campaign", "pause", campaign)
        await_state(campaign, "paused")
        self.assertEqual(person.book(campaign).code, "paused")
        self.assertFalse(tool("campaign", "pause", campaign, check=False)["ok"])
        tool("campaign", "resume", campaign)
        await_state(campaign, "open")
        self.assertEqual(person.book(campaign).status, 201)

    def test_bad_definitions_are_refused_with_a_reason(self):
        for fields, word in [
            ({"units": 0}, "units"), ({"units": "many"}, "units"), ({"units": 1.5}, "units"),
            ({"burgers": 3}, "burgers"), ({"title": ""}, "title"), ({"time_zone": "Mars"}, "time_zone"),
            ({"opens_at": "tomorrow"}, "opens_at"), ({"hold_seconds": 60}, "hold_seconds"),
            ({"units_per_person": 1000}, "units_per_person"), ({"rules": 99}, "rules"),
            ({"opens_at": in_seconds(60), "closes_at": in_seconds(30)}, "closes_at"),
        ]:
            with self.subTest(fields=fields):
                refused = publish(define(new_campaign_id("bad"), **fields), check=False)
                self.assertEqual(refused.get("code"), "bad_definition", refused)
                self.assertIn(word, refused["message"])

    def test_counts_say_what_they_are_the_count_of(self):
        campaign = firstcome.new_campaign("counts", units=3)
        Person().book(campaign)
        answer = await_true("the count has gone down", lambda: next(
            (a for a in [api("GET", f"/v1/campaigns/{campaign}/availability")]
             if a.json["available"] == 2), None))
        counts = answer.json
        self.assertEqual((counts["total"], counts["sold"], counts["held"], counts["waiting"]), (3, 1, 0, 0))
        self.assertEqual(counts["as_of"], 3)  # define, start, book
        self.assertIn("max-age=1", answer.headers["cache-control"])
        # The next connection may reach an ingress that is a moment behind: soon all of them say the same.
        await_true("nothing new is said as nothing new", lambda: api(
            "GET", f"/v1/campaigns/{campaign}/availability",
            headers={"If-None-Match": answer.headers["etag"]}).status == 304)

    def test_the_list_has_the_newest_first(self):
        older = firstcome.new_campaign("older")
        newer = firstcome.new_campaign("newer")
        ids = [c["id"] for c in api("GET", "/v1/campaigns").json["campaigns"]]
        self.assertLess(ids.index(newer), ids.index(older))
