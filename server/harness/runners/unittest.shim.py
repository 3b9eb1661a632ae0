"""Runs unittest and writes TAP; arguments: report file, then test files (none means discovery)."""
import os, sys, unittest

report = open(sys.argv[1], "w", encoding="utf-8")
files = sys.argv[2:]
sys.argv = ["unittest"]
sys.path.insert(0, os.getcwd())


class Result(unittest.TextTestResult):
    count = 0

    def say(self, ok, test, note="", detail=""):
        self.count += 1
        name = test.id() if hasattr(test, "id") else str(test)
        report.write(f"{'ok' if ok else 'not ok'} {self.count} - {name}{note}\n")
        if detail:
            lines = "".join(f"  {line}\n" for line in detail.rstrip().splitlines()[-20:])
            report.write(f"  ---\n{lines}  ...\n")
        report.flush()

    def addSuccess(self, test):
        super().addSuccess(test)
        self.say(True, test)

    def addError(self, test, err):
        super().addError(test, err)
        self.say(False, test, detail=self._exc_info_to_string(err, test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.say(False, test, detail=self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.say(True, test, " # SKIP " + reason.replace("\n", " "))

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.say(True, test)

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.say(False, test)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.say(False, subtest, detail=self._exc_info_to_string(err, test))


loader = unittest.TestLoader()
if files:
    names = [name[:-3].replace("/", ".") for name in files if name.endswith(".py")]
    suite = loader.loadTestsFromNames(names)
else:
    suite = loader.discover(".")
    if suite.countTestCases() == 0:
        for folder in ("tests", "test"):
            if os.path.isdir(folder):
                # A loader remembers its first folder; the tests here may be no package.
                suite = unittest.TestLoader().discover(folder)
if suite.countTestCases() == 0:
    sys.exit(5)
result = unittest.TextTestRunner(resultclass=Result, verbosity=0).run(suite)
report.write(f"1..{Result.count if result is None else result.count}\n")
report.close()
sys.exit(0 if result.wasSuccessful() else 1)
