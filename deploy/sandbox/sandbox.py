#!/usr/bin/python3
"""sandbox - stands for the mail server, the SMS provider and the payment gateway.

It shows what they did. It sends nothing anywhere but webhooks to this machine, and keeps nothing on
disk but the payments. About 500 messages and 1,000 payments a second are what it is made for. See
web.py for the page and what is around it, sms.py and mail.py for the two channels, gateway_api.py
for the payments.
"""

import argparse
import asyncio
import logging
import os
import re
import signal
import sys
import threading
import urllib.parse
from pathlib import Path

from inbox import Inbox
from journal import JournalError
from mail import start_mail
from payments import Payments
from sms import SmsProvider
from switches import Switches
from web import create_web

WEBHOOK_URL = "http://127.0.0.1:8080/v1/payments/razorpay/webhook"
LOOPBACK_URL = re.compile(r"http://(127\.0\.0\.1|localhost)(:[1-9][0-9]{0,4})?(/[0-9A-Za-z._/-]*)?")
# What the gateway and the merchant share, and what each is where nobody says otherwise.
SECRETS = {
    "razorpay-key-id": "rzp_test_sandbox",
    "razorpay-key-secret": "sandbox",
    "razorpay-webhook-secret": "sandbox-webhook",
    "razorpay-webhook-secret-old": "sandbox-webhook-old",
}


def address(text):
    """host:port"""
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not an address such as 127.0.0.1:8110")
    return host, int(port)


def loopback_url(text):
    """http://127.0.0.1:8080/path"""
    url = urllib.parse.urlsplit(text)
    if not LOOPBACK_URL.fullmatch(text) or url.port == 0:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an address on this machine such as {WEBHOOK_URL}")
    return url


def read_secret(file, otherwise):
    return file.read_text().strip() if file else otherwise


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
    parser.add_argument(
        "--gateway-listen", type=address, default=otherwise("FIRSTCOME_GATEWAY_LISTEN", None),
        help="where the payment gateway is; none if not given (FIRSTCOME_GATEWAY_LISTEN)")
    parser.add_argument(
        "--gateway-journal", type=Path, default=otherwise("FIRSTCOME_GATEWAY_JOURNAL", None),
        help="the file that keeps its payments; not kept if not given (FIRSTCOME_GATEWAY_JOURNAL)")
    parser.add_argument(
        "--webhook-url", type=loopback_url,
        default=otherwise("FIRSTCOME_GATEWAY_WEBHOOK_URL", WEBHOOK_URL),
        help="whom it tells of payments (%(default)s, FIRSTCOME_GATEWAY_WEBHOOK_URL)")
    for name, default in SECRETS.items():
        variable = f"FIRSTCOME_{name.upper().replace('-', '_')}_FILE"
        parser.add_argument(
            f"--{name}-file", type=Path, default=otherwise(variable, None),
            help=f"a file with it; without one it is '{default}' ({variable})")
    return parser.parse_args()


def read_secrets(arguments):
    """All of SECRETS, in their order."""
    files = vars(arguments)
    return [read_secret(files[f"{name.replace('-', '_')}_file"], default)
            for name, default in SECRETS.items()]


async def run(arguments, token, secrets):
    inbox = Inbox(arguments.messages_max)
    switches = Switches()
    sms = SmsProvider(inbox, switches, arguments.sms_account, token)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)

    key_id, key_secret, *webhook_secrets = secrets
    payments = Payments(
        arguments.gateway_journal, (key_id, key_secret), arguments.webhook_url,
        [secret.encode() for secret in webhook_secrets], switches, stopping.set)
    if arguments.gateway_listen:
        await payments.listen(*arguments.gateway_listen)
    web = create_web(*arguments.http_listen, inbox, switches, sms, payments)
    mail = await start_mail(*arguments.smtp_listen, inbox, switches)
    threading.Thread(target=web.serve_forever, name="web", daemon=True).start()
    logging.info(
        "page at http://%s:%d/, mail at %s:%d", *arguments.http_listen, *arguments.smtp_listen)
    await stopping.wait()
    mail.close()
    web.shutdown()
    payments.close()
    logging.info("stopped; delivered since the start: %s", inbox.counts())


def main():
    arguments = read_arguments()
    logging.basicConfig(format="%(asctime)s sandbox %(levelname)s %(message)s", level=logging.INFO)
    logging.getLogger("mail.log").setLevel(logging.ERROR)  # aiosmtpd's line for each command
    try:
        token = read_secret(arguments.sms_token_file, "sandbox")
        asyncio.run(run(arguments, token, read_secrets(arguments)))
    except OSError as error:
        sys.exit(f"sandbox: {error}. For other addresses and files see sandbox.py --help")
    except JournalError as error:
        sys.exit(f"sandbox: {error}")


if __name__ == "__main__":
    main()
