"""Where the confirmations of the bench go: tests/load/mail_sink.c, which costs next to nothing, in place of the
sandbox, which keeps mail for people to read."""
import socket
import subprocess

import bench_system as system
import firstcome
from crowd_process import build_folder, command

NOTIFIER = "notifier-1"
SETTING = "FIRSTCOME_SMTP_URL="
NAME = "mail sink"  # in the tables


class MailSink:
    """A context: the notifier, whenever it is started in it, sends its mail to a sink. It is stopped at both ends."""

    def __enter__(self):
        notifier_stop()
        self.process = subprocess.Popen([f"{build_folder()}/tests/load/mail_sink"], stdout=subprocess.PIPE, text=True,
                                        start_new_session=True)
        self.address = ("127.0.0.1", int(self.process.stdout.readline()))
        system.beside[NAME] = self.process.pid
        self.environment = firstcome.HOME / "env" / f"{NOTIFIER}.env"
        self.settings = self.environment.read_text()
        here = f"{SETTING}smtp://{self.address[0]}:{self.address[1]}"
        lines = (here if line.startswith(SETTING) else line for line in self.settings.splitlines())
        self.environment.write_text("\n".join(lines) + "\n")
        return self

    def __exit__(self, *_):
        notifier_stop()
        self.environment.write_text(self.settings)
        del system.beside[NAME]
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def counts(self):
        """Since its start. mails; twice: of these, with a Message-ID that had come before; nameless: without one."""
        with socket.create_connection(self.address, timeout=10) as connection, connection.makefile("rwb") as stream:
            stream.readline()  # its greeting
            stream.write(b"XCOUNTS\r\nQUIT\r\n")
            stream.flush()
            words = stream.readline().decode().split()[1:]
        return {name: int(count) for name, count in (word.split("=") for word in words)}


def notifier_start():
    firstcome.deploy(f"program_ensure {NOTIFIER}")


def notifier_stop():
    firstcome.deploy(f"process_stop {NOTIFIER}")


def give_mail_boxes(run, people):
    """To the people of a run of the generator, who never logged in: so nobody else knows where to write to."""
    with subprocess.Popen(command("contacts", "--people", people, "--run", run), stdout=subprocess.PIPE) as rows:
        system.copy_contacts(rows.stdout)
    assert rows.returncode == 0
