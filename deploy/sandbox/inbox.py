"""inbox - remembers what was delivered, as the people who received it would find it.

Nothing is persisted. The newest messages are kept, bounded in number and in bytes; the counts are
of everything ever delivered. Every method may be called from any thread.
"""

import collections
import itertools
import threading
import time
from datetime import datetime, timezone

BYTES_MAX = 256 << 20
# How many message ids are remembered to recognise a duplicate.
SEEN_MAX = 500_000


def normal_contact(contact):
    """The form under which a contact's messages are found: people's spelling differs."""
    return contact.strip().lower()


def clean(text):
    """Text that every JSON reader accepts: bytes that were no text become question marks."""
    return text.encode("utf-8", "replace").decode("utf-8")


class Message:
    """One delivery to one contact. read_body is called only when somebody looks: few are read."""

    def __init__(self, channel, to, sender, template, message_id, size, read_body):
        self.number = 0
        self.at = datetime.now(timezone.utc)
        self.channel = channel
        self.to = clean(to)
        self.sender = clean(sender)
        self.template = clean(template)
        self.message_id = clean(message_id)
        self.size = size
        self._read_body = read_body
        self._body = None

    def body(self):
        """A dictionary with subject, text and html, and variables where an SMS had some."""
        if self._body is None:
            self._body = self._read_body()
        return self._body

    def as_json(self):
        return {
            "number": self.number,
            "channel": self.channel,
            "to": self.to,
            "from": self.sender,
            "template": self.template,
            "at": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "message_id": self.message_id,
            **self.body(),
        }


class Inbox:
    def __init__(self, messages_max):
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._messages_max = messages_max
        self._messages = collections.OrderedDict()  # number -> message, oldest first
        self._by_contact = {}  # normal contact -> deque of its messages, oldest first
        self._bytes = 0
        self._seen = collections.OrderedDict()  # (channel, contact, message id), oldest first
        self._counts = {"email": 0, "sms": 0, "duplicates": 0, "dropped": 0, "refused": 0}
        self._started = time.time_ns()
        self._version = 0

    def deliver(self, message):
        """Keeps a message, as a mail box does also if it is there already; then that is counted."""
        with self._lock:
            self._count_if_seen(message)
            message.number = next(self._numbers)
            self._messages[message.number] = message
            contact = normal_contact(message.to)
            self._by_contact.setdefault(contact, collections.deque()).append(message)
            self._bytes += message.size
            self._counts[message.channel] += 1
            self._version += 1
            while len(self._messages) > self._messages_max or self._bytes > BYTES_MAX:
                self._forget_oldest()

    def count(self, what):
        """what: "duplicates" (recognised before delivery), "dropped" or "refused"."""
        with self._lock:
            self._counts[what] += 1
            self._version += 1

    def counts(self):
        with self._lock:
            return dict(self._counts)

    def version(self):
        """Changes whenever an answer of this inbox may change, and with every start."""
        with self._lock:
            return f"{self._started:x}-{self._version}"

    def find(self, to=None, contains=None, after=None, limit=None):
        """Messages, the newest first: all, to one contact, to contacts that contain a text, or those
        with a number above after."""
        with self._lock:
            if to is None:
                newest_first = reversed(self._messages.values())
            else:
                newest_first = reversed(self._by_contact.get(normal_contact(to), ()))
            if contains:
                part = normal_contact(contains)
                newest_first = (each for each in newest_first if part in normal_contact(each.to))
            if after is not None:
                newest_first = itertools.takewhile(lambda each: each.number > after, newest_first)
            return list(itertools.islice(newest_first, limit))

    def get(self, number):
        with self._lock:
            return self._messages.get(number)

    def clear(self):
        """Forgets the messages, not the counts. Returns how many there were."""
        with self._lock:
            forgotten = len(self._messages)
            self._messages.clear()
            self._by_contact.clear()
            self._bytes = 0
            self._version += 1
            return forgotten

    def _count_if_seen(self, message):
        if not message.message_id:
            return
        name = (message.channel, normal_contact(message.to), message.message_id)
        if name in self._seen:
            self._counts["duplicates"] += 1
            return
        self._seen[name] = True
        if len(self._seen) > SEEN_MAX:
            self._seen.popitem(last=False)

    def _forget_oldest(self):
        _, message = self._messages.popitem(last=False)
        contact = normal_contact(message.to)
        theirs = self._by_contact[contact]
        theirs.popleft()
        if not theirs:
            del self._by_contact[contact]
        self._bytes -= message.size
