#!/usr/bin/python3
"""sandbox - stands for the mail server and the SMS provider, and shows what they delivered.

It sends nothing anywhere and keeps nothing on disk. About 500 messages a second is what it is made
for. See web.py for what it answers over HTTP, sms.py and mail.py for the two channels.
"""

import argparse
import asyncio
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from inbox import Inbox
from mail import start_mail
from sms import SmsProvider
from switches import Switches
from web import create_web


def address(text):
    """host:port"""
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address such as 127.0.0.1:8110")
    return host, int(port)


def read_arguments():
    def otherwise(name, default):
        return os.environ.get(name, default)

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--http-listen", type=address,
        default=otherwise("FIRSTCOME_SANDBOX_HTTP_LISTEN", "127.0.0.1:8110"),
        help="where the page, the JSON and the SMS provider are (FIRSTCOME_SANDBOX_HTTP_LISTEN)")
    parser.add_argument(
        "--smtp-listen", type=address,
        default=otherwise("FIRSTCOME_SANDBOX_SMTP_LISTEN", "127.0.0.1:8111"),
        help="where mail is taken (FIRSTCOME_SANDBOX_SMTP_LISTEN)")
    parser.add_argument(
        "--sms-account", default=otherwise("FIRSTCOME_SMS_ACCOUNT", "ACsandbox"),
        help="the AccountSid that the SMS provider knows (FIRSTCOME_SMS_ACCOUNT)")
    parser.add_argument(
        "--sms-token-file", type=Path, default=otherwise("FIRSTCOME_SMS_TOKEN_FILE", None),
        help="a file with its token; without one that is 'sandbox' (FIRSTCOME_SMS_TOKEN_FILE)")
    parser.add_argument(
        "--messages-max", type=int, default=otherwise("FIRSTCOME_SANDBOX_MESSAGES_MAX", "20000"),
        help="how many messages are kept (%(default)s, FIRSTCOME_SANDBOX_MESSAGES_MAX)")
    return parser.parse_args()


async def run(arguments, token):
    inbox = Inbox(arguments.messages_max)
    switches = Switches()
    sms = SmsProvider(inbox, switches, arguments.sms_account, token)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)

    web = create_web(*arguments.http_listen, inbox, switches, sms)
    mail = await start_mail(*arguments.smtp_listen, inbox, switches)
    threading.Thread(target=web.serve_forever, name="web", daemon=True).start()
    logging.info(
        "page at http://%s:%d/, mail at %s:%d", *arguments.http_listen, *arguments.smtp_listen)
    await stopping.wait()
    mail.close()
    web.shutdown()
    logging.info("stopped; delivered since the start: %s", inbox.counts())


def main():
    arguments = read_arguments()
    logging.basicConfig(format="%(asctime)s sandbox %(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's line for each command
    file = arguments.sms_token_file
    try:
        asyncio.run(run(arguments, file.read_text().strip() if file else "sandbox"))
    except OSError as error:
        sys.exit(f"sandbox: {error}. For other addresses and files see sandbox.py --help")


if __name__ == "__main__":
    main()
