"""storm - brings up a cluster with a proxy between its brokers, and ill-treats it; see tests/cluster/run."""
import argparse
import os
import pathlib
import subprocess
import sys

from routes import Routes

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def read_arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True, type=pathlib.Path)
    parser.add_argument("--minutes", type=float, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=60)
    parser.add_argument("--counts", type=pathlib.Path)
    return parser.parse_args()


def deploy_up(routes):
    os.environ["FIRSTCOME_NATS_ROUTES_VIA"] = str(routes.via)
    for command in (["down", "--wipe"], ["up", "--cluster", "--no-demo"]):
        subprocess.run([str(ROOT / "deploy" / command[0]), *command[1:]], check=True)


def deploy_down():
    subprocess.run([str(ROOT / "deploy" / "down")], check=False, stdout=subprocess.DEVNULL)


def main():
    arguments = read_arguments()
    port = int(os.environ["FIRSTCOME_PORT"])
    routes = Routes(arguments.build / "tests" / "faults" / "fault_proxy", port)
    try:
        deploy_up(routes)
        # They read where everything is from the copy, which is there only now.
        from brokers import Brokers
        from rounds import Report, run
        report = Report()
        run(arguments, report, Brokers(routes, port))
        report.print_table()
    finally:
        deploy_down()
        routes.close()
    if arguments.counts:
        arguments.counts.write_text(f"{report.passed} {report.failed}\n")
    print(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
