"""campaigns - the admin's part of the load: publishes, opens, pauses, closes, while things break."""
import asyncio
import datetime
import json
import random

import broker
import firstcome
from record import Campaign

LIVE = 3             # at once
LIFE = (20.0, 40.0)  # seconds for which people are after one
# The state that a command leads to.
STATES = {"start": "open", "pause": "paused", "resume": "open", "close": "closed"}


class Admin:
    def __init__(self, crowd, place, seed):
        self._crowd = crowd
        self._record = crowd.record
        self._place = place
        self._random = random.Random(f"{seed}-admin")
        self._prefix = f"faults-{seed}"
        self._tasks = []

    def start(self):
        self._tasks = [asyncio.create_task(self._keep_one_live()) for _ in range(LIVE)]

    async def rest(self):
        await asyncio.gather(*self._tasks)

    async def _keep_one_live(self):
        while not self._crowd.resting:
            campaign = await self._open()
            self._crowd.live.append(campaign)
            await self._live(campaign)
            self._crowd.live.remove(campaign)
            self._crowd.over.append(campaign)

    async def _live(self, campaign):
        loop = asyncio.get_running_loop()
        end = loop.time() + self._random.uniform(*LIFE)
        if self._random.random() < 0.2:
            await self._command("pause", campaign)
            await asyncio.sleep(1)
            await self._command("resume", campaign)
        while loop.time() < end and not self._crowd.resting:
            await asyncio.sleep(0.5)
        if self._random.random() < 0.3 and not self._crowd.resting:
            campaign.closed = True
            await self._command("close", campaign)

    async def _open(self):
        """A campaign of which people want more than there is."""
        source, people = self._random, len(self._crowd.people)
        limit = source.randint(1, 3)
        campaign = Campaign(
            id=f"{self._prefix}-{len(self._record.campaigns) + 1}", limit=limit,
            units=int(people * limit * source.uniform(0.3, 0.7)), waiting=source.choice((0, 0, 20, people)),
            cancellable=source.random() < 0.6)
        self._record.campaigns.append(campaign)
        fields = {}
        opens_by_itself = source.random() < 0.3
        if opens_by_itself:
            opening = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=4)
            fields["opens_at"] = opening.isoformat(timespec="seconds")
        definition = firstcome.define(
            campaign.id, units=campaign.units, units_per_person=campaign.limit, waiting_list=campaign.waiting,
            cancellable=campaign.cancellable, **fields)
        while not (await self._ask("publish", definition=json.dumps(definition), dry_run=False)).get("ok"):
            await asyncio.sleep(0.5)
        if not opens_by_itself:
            await self._command("start", campaign)
        return campaign

    async def _command(self, verb, campaign):
        """Until the campaign is in that state: the answer to a command may get lost."""
        while True:
            answer = await self._ask(verb, id=campaign.id)
            if not answer.get("ok"):
                answer = await self._ask("get", id=campaign.id)
            if answer.get("ok") and answer["campaign"]["state"] == STATES[verb]:
                return
            await asyncio.sleep(0.5)

    async def _ask(self, verb, **request):
        for port in self._place.broker_ports:
            try:
                return await asyncio.to_thread(broker.ask, port, f"control.campaign.{verb}", request)
            except broker.NoAnswer:
                self._record.counts["no answer from the desk"] += 1
        return {}
