"""Runs all *_test.py of a folder, printing a line for each test, and writes "PASSED FAILED" to a file.

    run_suite.py FOLDER COUNTS
"""
import pathlib
import sys
import time
import unittest


class LineResult(unittest.TestResult):
    """One line a test, and the whole story of those that fail."""

    def __init__(self):
        super().__init__()
        self.passed = 0
        self.started_at = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.started_at = time.monotonic()

    def tell(self, test, outcome):
        seconds = time.monotonic() - self.started_at
        print(f"  {outcome:6} {test.id()} ({seconds:.1f} s)", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed += 1
        self.tell(test, "ok")

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.tell(test, "FAILED")
        print(self.failures[-1][1], flush=True)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.tell(subtest, "FAILED")
            failed = self.failures if issubclass(err[0], test.failureException) else self.errors
            print(failed[-1][1], flush=True)

    def addError(self, test, err):
        super().addError(test, err)
        self.tell(test, "ERROR")
        print(self.errors[-1][1], flush=True)


def main():
    folder, counts = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    sys.path.insert(0, str(folder))
    sys.path.insert(0, str(folder.parent / "tools"))
    suite = unittest.defaultTestLoader.discover(str(folder), pattern="*_test.py")
    result = LineResult()
    suite.run(result)
    failed = len(result.failures) + len(result.errors)
    if result.passed + failed == 0:
        print(f"no tests were found in {folder}")
        failed = 1
    counts.write_text(f"{result.passed} {failed}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
