"""A program that takes part as its first argument says: badly. Everything it does wrong has a test in `external.rs`."""

import json
import socket
import sys

MANNER = sys.argv[1]
ROLES = [] if len(sys.argv) < 3 else [sys.argv[2]]


def say(asked, **said):
    print(json.dumps({"id": asked["id"], **said}), flush=True)


def greet(asked):
    if MANNER == "silent":
        sys.stdin.read()
    if MANNER == "rubbish":
        print("Welcome to rubbish 1.0!", flush=True)
    version = 7 if MANNER == "newer" else 1
    roles = ["reporter"] if MANNER == "other-role" else ROLES
    say(asked, type="hello", hephaestus=version, roles=roles, learns=MANNER == "learns")


def misbehave(asked):
    if MANNER == "dies":
        sys.exit("Traceback: the dog ate my index\nKeyError: 'dog'")
    if MANNER == "hangs":
        print("still thinking", file=sys.stderr, flush=True)
        sys.stdin.read()
    if MANNER == "floods":
        while True:
            place = {"file": "calc.py", "start": 0, "end": 1}
            say(asked, type="goal", kind="lint", rule="x", title="x", why="x" * 100_000, **place)
    if MANNER == "phones":
        with open("calc.py", "w") as file:
            file.write("broken = (\n")
        try:
            socket.create_connection(("192.0.2.1", 80), timeout=2)
        except OSError as error:
            sys.exit("no network: %s" % type(error).__name__)
    if MANNER == "other-question":
        say({"id": 99}, type="goal", kind="lint", rule="x", file="calc.py", start=0, end=1, title="x")
    if MANNER == "nowhere":
        for file, start, end in [("secret.py", 0, 1), ("calc.py", 5, 100_000), ("calc.py", 3, 3)]:
            say(asked, type="goal", kind="lint", rule="x", file=file, start=start, end=end, title="x")
        say(asked, type="goal", kind="repair", rule="x", file="calc.py", start=0, end=1, title="x")
    if asked["type"] == "forge":
        forge(asked)
    say(asked, type="done")


def forge(asked):
    goal = asked["goal"]
    text = asked["files"][0]["text"]

    def candidate(*edits):
        keys = ("file", "start", "end", "text")
        say(asked, type="candidate", title=MANNER, edits=[dict(zip(keys, edit)) for edit in edits])

    file, start, end = goal["file"], goal["start"], goal["end"]
    if MANNER == "outside":
        candidate(("test_calc.py", 0, 0, "# all is well\n"))
        candidate(("../../etc/passwd", 0, 0, "x"))
    if MANNER == "overlaps":
        candidate((file, start, end, "pass"), (file, start + 1, end, "pass"))
    if MANNER == "misses":
        candidate((file, start, 100_000, ""))
        candidate((file, end, start, ""))
    if MANNER == "splits":
        at = len(text.encode()[: text.encode().index("ä".encode())]) + 1
        candidate((file, at, at, "x"))
    if MANNER == "learns":
        wrong, right = "return number % 2 == 1", "return number % 2 == 0"
        fell = any(tried["verdict"] != "passed" and tried["failures"] for tried in asked["tried"])
        candidate((file, start, end, right if fell else wrong))


for line in sys.stdin:
    question = json.loads(line)
    greet(question) if question["type"] == "hello" else misbehave(question)
