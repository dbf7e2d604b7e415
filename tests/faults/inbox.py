"""inbox - all that the sandbox delivered, collected while it runs; and the newest code of each contact."""
import asyncio
import collections
import re

from client import Client, Lost

PAUSE = 0.7


class Inbox:
    def __init__(self, port):
        self._client = Client(port)
        self._lock = asyncio.Lock()  # one conversation at a time
        self._last = 0
        self.codes = {}
        # (channel, contact, template, name) -> how often; name: the Message-ID, or an SMS's booking ID.
        self.delivered = collections.Counter()

    async def collect(self):
        """Gets what has come since the last time."""
        async with self._lock:
            answer = await self._client.call("GET", f"/messages?after={self._last}", seconds=60)
            for message in reversed(answer.json):
                self._last = message["number"]
                self._take(message)

    async def keep_collecting(self):
        while True:
            try:
                await self.collect()
            except Lost:
                pass  # it answers slowly on a machine that has much to do
            await asyncio.sleep(PAUSE)

    def _take(self, message):
        template, _, _ = message["template"].partition(".")
        contact = message["to"].lower()
        if template == "code":
            self.codes[contact] = re.search(r"\b(\d{6})\b", message["text"]).group(1)
            return
        name = message["message_id"]
        if message["channel"] == "sms":
            name = message["variables"]["booking_id"]
        self.delivered[message["channel"], contact, template, name] += 1
