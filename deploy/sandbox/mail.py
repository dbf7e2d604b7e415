"""mail - a real SMTP server that puts every mail into the inbox.

It speaks SMTP as aiosmtpd does (RFC 5321, SIZE, SMTPUTF8), takes any sender and any recipient, and
relays nothing.
"""

import asyncio
import email.header
import email.parser
import email.policy
import logging

from aiosmtpd.smtp import SMTP

from inbox import Message, clean

MAIL_BYTES_MAX = 1 << 20
RECIPIENTS_MAX = 100
IDLE_SECONDS_MAX = 60
TEMPLATE_HEADER = "X-Firstcome-Template"
# The older of Python's two ways to read mail: several times faster, and it forgives more.
POLICY = email.policy.compat32


class MailHandler:
    """The hooks that aiosmtpd calls for each command."""

    def __init__(self, inbox, switches):
        self._inbox = inbox
        self._switches = switches

    async def handle_RCPT(self, server, session, envelope, address, options):
        mode = self._switches.mode("email")
        if mode == "refuse_temporarily":
            self._inbox.count("refused")
            return "451 4.7.1 The sandbox's switch says: try again later"
        if mode == "refuse_permanently":
            self._inbox.count("refused")
            return "550 5.1.1 The sandbox's switch says: no such mailbox"
        if len(envelope.rcpt_tos) >= RECIPIENTS_MAX:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        for seconds in self._switches.pauses("email"):
            await asyncio.sleep(seconds)
        if self._switches.mode("email") == "accept_then_drop":
            self._inbox.count("dropped")
            return "250 2.0.0 OK: taken"
        content = envelope.content
        template, message_id = _read_marks(content)
        for recipient in envelope.rcpt_tos:
            self._inbox.deliver(Message(
                "email", recipient, envelope.mail_from, template, message_id, len(content),
                lambda: _read_body(content)))
        if self._switches.mode("email") == "take_then_break":
            server.transport.abort()
        return "250 2.0.0 OK: taken"

    async def handle_exception(self, error):
        logging.warning("mail: %s: %s", type(error).__name__, error)
        return "451 4.3.0 The sandbox stumbled over this"


def _read_marks(content):
    """The two headers that are needed at once; reading the rest waits until somebody looks."""
    try:
        headers = email.parser.BytesHeaderParser(policy=POLICY).parsebytes(content)
        template, message_id = headers.get(TEMPLATE_HEADER, ""), headers.get("Message-ID", "")
        return str(template).strip(), str(message_id).strip()
    except Exception:  # any bytes may come, and the parser promises nothing about them
        return "", ""


def _read_body(content):
    try:
        mail = email.parser.BytesParser(policy=POLICY).parsebytes(content)
        subject = email.header.make_header(email.header.decode_header(mail.get("Subject", "")))
        return {
            "subject": clean(" ".join(str(subject).split())),
            "text": _read_part(mail, "text/plain"),
            "html": _read_part(mail, "text/html"),
        }
    except Exception:  # as above: then the person sees the bytes
        text = content.decode("utf-8", "replace")
        return {"subject": "(unreadable mail)", "text": text, "html": ""}


def _read_part(mail, content_type):
    """The first part of that type which is not an attachment, "" if there is none."""
    for part in mail.walk():
        if part.get_content_type() == content_type and not part.get_filename():
            charset = part.get_content_charset("utf-8")
            text = part.get_payload(decode=True).decode(charset, "replace")
            return clean(text.replace("\r\n", "\n"))
    return ""


async def start_mail(host, port, inbox, switches):
    """Listens; returns the asyncio server."""
    loop = asyncio.get_running_loop()
    handler = MailHandler(inbox, switches)
    return await loop.create_server(
        lambda: SMTP(
            handler, data_size_limit=MAIL_BYTES_MAX, enable_SMTPUTF8=True, timeout=IDLE_SECONDS_MAX,
            hostname="sandbox.firstcome.example", ident="Firstcome sandbox", loop=loop),
        host=host, port=port, backlog=512)
