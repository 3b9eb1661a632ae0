"""Looks for calls of a module that tell faulty versions of it from the unchanged one: `explore.py REQUEST ANSWER`.

The request names the module, faulty versions as edits, and texts of tests; the answer holds calls with what they do today and
the versions that do something else. Nothing here is a proof: what is kept is run as a plain test afterwards.
"""

import importlib
import json
import os
import sys
import time

import entries
import seeds
import trial
import values

FIRST = 70
MOST_RECEIVERS = 8
MOST_PER_VARIANT = 160
BATCH = 150
ROUNDS = 60
LEAST = 12
LEARNED_PER_S = 150
LEARNING = 0.35
WORTH_CAPTURING_S = 20.0


class Exploration:
    """One request under way."""

    def __init__(self, request):
        self.request = request
        self.root = os.path.abspath(request["root"])
        self.path = os.path.join(self.root, request["file"])
        self.deadline = time.monotonic() + float(request["limit_s"])
        self.seed = request.get("seed", 0)
        with open(self.path, "rb") as file:
            self.data = file.read()
        module = importlib.import_module(request["module"])
        if os.path.realpath(getattr(module, "__file__", None) or "") != os.path.realpath(self.path):
            raise trial.Unfit("%s is imported from another place" % request["module"])
        self.path = module.__file__
        self.names = values.Names(module)
        self.entries = {entry.name: entry for entry in entries.entries(module)}
        self.known = set()
        self.candidates = []
        self.instances = {}
        self.guesses = {}
        self.pools = {}
        heads = trial.statement_lines(self.data.decode("utf-8-sig", "replace"))
        self.variants = {number: (edits, self.lines_of(edits, heads)) for number, edits in request["variants"]}
        self.alive = dict.fromkeys(self.variants)
        self.unloadable = set()

    def lines_of(self, edits, heads):
        """The lines of the unchanged text that a version touches."""
        lines = set()
        for start, end, _ in edits:
            first = self.data[:start].count(b"\n") + 1
            last = self.data[: max(start, end - 1)].count(b"\n") + 1
            for line in range(first, last + 1):
                head = heads.get(line, (line, line))
                lines.update(range(head[0], head[1] + 1))
        return lines

    # -- candidates

    def sow(self):
        """Calls that somebody wrote or made, by name."""
        texts = []
        for test in self.request.get("tests") or ():
            try:
                with open(os.path.join(self.root, test), encoding="utf-8") as file:
                    texts.append(file.read())
            except (OSError, UnicodeDecodeError):
                continue
        found = seeds.of_documentation(self.names.module, self.names) + seeds.of_texts(texts, self.names)
        left = self.deadline - time.monotonic()
        if left > 4 and self.request.get("tests"):
            limit = min(WORTH_CAPTURING_S, left / 3)
            found += seeds.captured(self.names.module, self.path, self.request["tests"], self.names, limit)
        self.seeds = {}
        for name, receiver, arguments, keywords in found:
            row = (receiver, tuple(arguments), tuple(sorted(keywords.items())))
            rows = self.seeds.setdefault(name, [])
            if row not in rows:
                rows.append(row)

    def rng(self, *parts):
        return values.generator(self.seed, *parts)

    def add(self, entry, receiver, arguments, keywords, into, prefix=()):
        """One more candidate, if it is new and says something. After a prefix of statements the receiver is `it`."""
        made = entry.make("it" if prefix else receiver, arguments, keywords)
        if made is None:
            return
        if prefix:
            own = [line for line in made[0] if line != "it = it"]
            made = ("it = %s" % receiver, *prefix, *own), made[1]
        candidate = trial.Candidate(entry, receiver, list(arguments), dict(keywords), made)
        candidate.prefix = tuple(prefix)
        key = candidate.key()
        if key not in self.known and len(made[1]) <= 2 * values.LONGEST:
            self.known.add(key)
            into.append(candidate)

    def receivers(self, entry):
        """What a method is called on."""
        if entry.kind not in ("method", "property"):
            return [None]
        own = [row[0] for row in self.seeds.get(entry.short, ()) if row[0]]
        made = self.instances.get(entry.owner, [])
        own = [text for text in own if text.startswith(entry.owner.__name__)]
        return list(dict.fromkeys([*own[:3], *made]))[:MOST_RECEIVERS]

    def pool(self, entry, parameter):
        key = (entry.name, parameter.name)
        if key not in self.pools:
            guess = self.guesses.setdefault(entry.name, entries.Guess(entry, self.names, self.instances))
            own = []
            place = entry.parameters.index(parameter)
            for _, arguments, keywords in self.seeds.get(entry.short, ()):
                if place < len(arguments):
                    own.append(arguments[place])
                own += [text for name, text in keywords if name == parameter.name]
            self.pools[key] = (list(dict.fromkeys(own)), guess.pool(parameter, self.rng(*key)))
        return self.pools[key]

    def pick(self, entry, parameter, rng):
        """An expression for a parameter."""
        own, guessed = self.pool(entry, parameter)
        if own and rng.random() < 0.6:
            text = rng.choice(own)
        else:
            text = rng.choice(guessed[:40] or values.ANY)
        if rng.random() < 0.3:
            text = values.like(text, rng, self.guesses[entry.name].constants) or text
        return text

    def draw(self, entry, rng, optional):
        """Arguments of a call, made up."""
        arguments, keywords = [], {}
        open_end = True
        for parameter in entry.parameters:
            kind = parameter.kind
            if kind == parameter.VAR_POSITIONAL:
                arguments += [self.pick(entry, parameter, rng) for _ in range(rng.randint(0, 3))] if open_end else []
            elif kind == parameter.VAR_KEYWORD:
                if rng.random() < optional / 2:
                    keywords[rng.choice(["a", "key", "x"])] = rng.choice(values.ANY)
            elif parameter.default is parameter.empty or rng.random() < optional:
                text = self.pick(entry, parameter, rng)
                if kind == parameter.KEYWORD_ONLY or not open_end or (parameter.default is not parameter.empty and rng.random() < 0.5):
                    keywords[parameter.name] = text
                    open_end = False
                else:
                    arguments.append(text)
            else:
                open_end = False
        return arguments, keywords

    def first(self, entry):
        """The first candidates of an entry: what was seen, and the likeliest of what can be made up."""
        found = []
        receivers = self.receivers(entry)
        if not receivers:
            return found
        rng = self.rng(entry.name)
        rows = self.seeds.get(entry.short, ()) if entry.kind != "class" else self.seeds.get(entry.name, ())
        for row in rows[:FIRST]:
            for receiver in receivers[:3] if row[0] is None or entry.owner is None else [row[0]]:
                self.add(entry, receiver, row[1], dict(row[2]), found)
        self.vary_each(entry, receivers, rng, found)
        for turn in range(FIRST):
            if len(found) >= FIRST + len(rows):
                break
            arguments, keywords = self.draw(entry, rng, 0.1 if turn % 2 else 0.5)
            self.add(entry, rng.choice(receivers), arguments, keywords, found)
        if entry.kind in ("method", "property"):
            for _ in range(FIRST // 2):
                arguments, keywords = self.draw(entry, rng, 0.2)
                self.add(entry, rng.choice(receivers), arguments, keywords, found, self.steps(entry, rng))
        return found

    def vary_each(self, entry, receivers, rng, found):
        """A plain call, and one with each optional parameter given."""
        needed = [parameter for parameter in entry.parameters if parameter.default is parameter.empty]
        needed = [parameter for parameter in needed if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)]
        plain = [self.pool(entry, parameter) for parameter in needed]
        texts = [[*own, *guessed] for own, guessed in plain]
        for receiver in receivers:
            self.add(entry, receiver, [pool[0] for pool in texts], {}, found)
        for place, pool in enumerate(texts):
            for text in pool[:24]:
                arguments = [other[0] for other in texts]
                arguments[place] = text
                self.add(entry, receivers[0], arguments, {}, found)
        for parameter in entry.parameters:
            if parameter.default is parameter.empty or parameter.kind == parameter.VAR_KEYWORD:
                continue
            own, guessed = self.pool(entry, parameter)
            for text in [*own[:4], *guessed[:6]]:
                arguments = [rng.choice(pool[:8]) for pool in texts]
                self.add(entry, rng.choice(receivers), arguments, {parameter.name: text}, found)

    def steps(self, entry, rng):
        """What is done to an object before the call: one to four calls of its methods."""
        others = [other for other in self.entries.values() if other.owner is entry.owner and other.kind == "method" and not other.private]
        others = [other for other in others if other.short not in entries.OPERATORS]
        lines = []
        for _ in range(rng.choice((1, 1, 2, 3, 4)) if others else 0):
            other = rng.choice(others)
            made = other.make("it", *self.draw(other, rng, 0.3))
            if made is not None:
                lines.append(made[0][1] if made[0] else made[1])
        return lines

    def mutate(self, candidate, rng, into):
        """A candidate like this one."""
        entry = candidate.entry
        prefix = list(candidate.prefix)
        if prefix and rng.random() < 0.5:
            more = self.steps(entry, rng)
            prefix.insert(rng.randint(0, len(prefix)), more[0]) if more else prefix.pop(rng.randrange(len(prefix)))
        arguments, keywords, receiver = list(candidate.arguments), dict(candidate.keywords), candidate.receiver
        constants = self.guesses[entry.name].constants if entry.name in self.guesses else ()
        for _ in range(1 + (rng.random() < 0.4)):
            places = [("a", index) for index in range(len(arguments))] + [("k", key) for key in keywords]
            if receiver is not None:
                places.append(("r", 0))
            named = {parameter.name: parameter for parameter in entry.parameters}
            unused = [name for name, parameter in named.items() if parameter.default is not parameter.empty and name not in keywords]
            unused = unused[max(0, len(arguments) - (len(named) - len(unused))) :]
            if unused and (not places or rng.random() < 0.25):
                name = rng.choice(unused)
                keywords[name] = self.pick(entry, named[name], rng)
                continue
            if not places:
                break
            where, at = rng.choice(places)
            if where == "r":
                others = self.receivers(entry)
                receiver = rng.choice(others) if others and rng.random() < 0.5 else values.like(receiver, rng, constants) or receiver
            elif where == "a":
                arguments[at] = values.like(arguments[at], rng, constants) or self.other(entry, at, rng)
            elif rng.random() < 0.2:
                del keywords[at]
            else:
                keywords[at] = values.like(keywords[at], rng, constants) or keywords[at]
        self.add(entry, receiver, arguments, keywords, into, prefix)

    def other(self, entry, at, rng):
        """Another expression for a place."""
        if at < len(entry.parameters):
            return self.pick(entry, entry.parameters[at], rng)
        return rng.choice(values.ANY)

    # -- the hunt

    def learn(self, candidates):
        """Tries candidates on the unchanged code; keeps the good ones."""
        good = trial.learn_all(candidates, self.names, self.path, self.root, self.deadline)
        unique = {}
        for candidate in good:
            unique.setdefault(candidate.key(), candidate)
        good = list(unique.values())
        self.candidates += good
        return good

    def hunt(self, candidates):
        """Shows candidates to the versions that are still alive."""
        for number in list(self.alive):
            if time.monotonic() > self.deadline:
                return
            edits, lines = self.variants[number]
            reaching = [candidate for candidate in candidates if candidate.lines & lines]
            if not reaching and not any(candidate.lines & lines for candidate in self.candidates):
                reaching = candidates[:MOST_PER_VARIANT] if self.is_outside(lines) else []
            if len(reaching) > MOST_PER_VARIANT:
                reaching = self.rng(number).sample(reaching, MOST_PER_VARIANT)
            if not reaching:
                continue
            reaching.sort(key=trial.Candidate.cost)
            found = trial.kills(self.text(edits), reaching, self.names, self.path, self.root, self.deadline)
            if found is None:
                self.unloadable.add(number)
                del self.alive[number]
                continue
            for index in found:
                reaching[index].kills.add(number)
            if found:
                del self.alive[number]

    def is_outside(self, lines):
        """Whether lines run when the module is loaded: what they decide may show anywhere."""
        inside = set()
        for candidate in self.candidates:
            inside |= candidate.lines
        return not lines & inside and not lines & self.in_functions()

    def in_functions(self):
        if not hasattr(self, "_in_functions"):
            self._in_functions = set()
            for entry in self.entries.values():
                code = entries.code_of(entry.function)
                if code is not None:
                    self._in_functions |= {line for _, _, line in code.co_lines() if line} - {code.co_firstlineno}
        return self._in_functions

    def text(self, edits):
        """The whole text of a version."""
        text, at = [], 0
        for start, end, new in edits:
            text += [self.data[at:start], new.encode("utf-8")]
            at = end
        return b"".join([*text, self.data[at:]])

    def complete(self):
        """Shows every candidate that is any good to all versions it reaches: who kills what else."""
        best = sorted((candidate for candidate in self.candidates if candidate.kills), key=trial.Candidate.cost)
        for number, (edits, lines) in self.variants.items():
            if number in self.alive or number in self.unloadable or time.monotonic() > self.deadline + 5:
                continue
            others = [candidate for candidate in best if number not in candidate.kills]
            others = [candidate for candidate in others if not candidate.lines or candidate.lines & lines]
            if others:
                found = trial.kills(self.text(edits), others, self.names, self.path, self.root, self.deadline + 10)
                for index in found or ():
                    others[index].kills.add(number)

    def shrink(self):
        """Looks for simpler calls that kill the same."""
        for _ in range(3):
            best = {}
            for candidate in sorted(self.candidates, key=trial.Candidate.cost):
                for number in candidate.kills:
                    best.setdefault(number, candidate)
            made, of = [], {}
            for candidate in dict.fromkeys(best.values()):
                if candidate.cost() > 24:
                    first = len(made)
                    self.reduce(candidate, made)
                    of.update((id(smaller), candidate) for smaller in made[first:])
            if not made or time.monotonic() > self.deadline + 2:
                return
            self.deadline += 3
            good = self.learn(made)
            for number, (edits, _) in self.variants.items():
                own = [smaller for smaller in good if id(smaller) in of and number in of[id(smaller)].kills]
                if own and time.monotonic() < self.deadline + 2:
                    found = trial.kills(self.text(edits), own, self.names, self.path, self.root, self.deadline + 2)
                    for index in found or ():
                        own[index].kills.add(number)

    def reduce(self, candidate, into):
        """Candidates with less in them."""
        entry, receiver, prefix = candidate.entry, candidate.receiver, candidate.prefix
        arguments, keywords = candidate.arguments, candidate.keywords
        for key in keywords:
            self.add(entry, receiver, arguments, {name: text for name, text in keywords.items() if name != key}, into, prefix)
        for index in range(len(prefix)):
            self.add(entry, receiver, arguments, keywords, into, prefix[:index] + prefix[index + 1 :])
        if len(arguments) > sum(parameter.default is parameter.empty for parameter in entry.parameters):
            self.add(entry, receiver, arguments[:-1], keywords, into, prefix)
        for index, text in enumerate(arguments):
            for other in list(values.simpler(text))[:14]:
                self.add(entry, receiver, [*arguments[:index], other, *arguments[index + 1 :]], keywords, into, prefix)
        for key, text in keywords.items():
            for other in list(values.simpler(text))[:6]:
                self.add(entry, receiver, arguments, dict(keywords, **{key: other}), into, prefix)

    def work(self):
        """All of it."""
        self.sow()
        classes = [entry for entry in self.entries.values() if entry.kind == "class"]
        good = self.learn_instances(classes)
        rest = [entry for entry in self.entries.values() if entry.kind != "class"]
        rest.sort(key=lambda entry: entry.private)
        # There has to be time for what it is about.
        left = max(0.0, self.deadline - time.monotonic())
        most = max(LEAST, min(2 * FIRST, int(left * LEARNED_PER_S * LEARNING / max(1, len(rest)))))
        for entry in rest:
            good += self.learn(self.first(entry)[:most])
        self.hunt(good)
        for turn in range(ROUNDS):
            if not self.alive or time.monotonic() > self.deadline - 1:
                break
            made = self.offspring(turn)
            if not made:
                break
            self.hunt(self.learn(made))
        self.shrink()
        self.complete()

    def learn_instances(self, classes):
        """Makes objects of each class, for its methods to be called on."""
        every = []
        for entry in classes:
            made = self.first(entry)
            before = {candidate.key(): (candidate.call, candidate) for candidate in made}
            good = self.learn(made)
            every += good
            fit = [before_call for key, (before_call, candidate) in before.items() if candidate in good and candidate.kind == "value"]
            if not fit:
                fit = self.silent_instances(made)
            self.instances[entry.owner] = sorted(fit, key=lambda text: (len(text) < len(entry.name) + 3, len(text)))[:MOST_RECEIVERS]
            self.pools = {key: pool for key, pool in self.pools.items() if key[0] == entry.name}
        return every

    def silent_instances(self, made):
        """Calls that make an object of which nothing can be shown."""

        def work(say):
            stage = trial.Stage(self.names, self.path, self.root)
            for index, candidate in enumerate(made):
                say(["at", index])
                try:
                    if stage.run(candidate)[0] == "value":
                        say(["fit", index])
                except (trial.TooSlow, trial.Unfit):
                    continue

        return [made[message[1]].call for message in trial.in_child(work, self.deadline) if message and message[0] == "fit"]

    def offspring(self, turn):
        """Candidates like those that reach what is still alive."""
        made = []
        rng = self.rng("turn", turn)
        for number in self.alive:
            lines = self.variants[number][1]
            parents = [candidate for candidate in self.candidates if candidate.lines & lines]
            if not parents:
                parents = rng.sample(self.candidates, min(len(self.candidates), 10)) if turn % 5 == 0 else []
            for _ in range(12 if parents else 0):
                self.mutate(rng.choice(parents), rng, made)
            named = [entry for name, entry in self.entries.items() if self.is_in(entry, lines)]
            for entry in named:
                receivers = self.receivers(entry)
                for _ in range(6 if receivers else 0):
                    arguments, keywords = self.draw(entry, rng, 0.5)
                    prefix = self.steps(entry, rng) if entry.kind in ("method", "property") and rng.random() < 0.6 else ()
                    self.add(entry, rng.choice(receivers), arguments, keywords, made, prefix)
        rng.shuffle(made)
        return made[: BATCH * 2]

    def is_in(self, entry, lines):
        """Whether lines belong to an entry."""
        code = entries.code_of(entry.function)
        return code is not None and any(line in lines for _, _, line in code.co_lines() if line)

    def answer(self):
        """What was found: of those that kill the same the cheapest ones, and what reaches lines that nothing else does."""
        kept, seen, covered = [], {}, set(self.request.get("covered") or ())
        for candidate in sorted(self.candidates, key=trial.Candidate.cost):
            new = candidate.lines - covered
            same = tuple(sorted(candidate.kills))
            if same and seen.get(same, 0) < 3 or new:
                seen[same] = seen.get(same, 0) + 1
                covered |= new
                kept.append(candidate)
        return {
            "cases": [self.case(candidate) for candidate in kept],
            "tried": len(self.known),
            "unloadable": sorted(self.unloadable),
        }

    def case(self, candidate):
        symbols, lines = candidate.uses
        return {
            "function": candidate.entry.name, "setup": list(candidate.setup), "call": candidate.call, "kind": candidate.kind,
            "expected": candidate.expected, "symbols": sorted(symbols), "preamble": sorted(lines), "kills": sorted(candidate.kills),
            "lines": sorted(candidate.lines), "cost": candidate.cost(),
        }  # fmt: skip


def main(request_path, answer_path):
    with open(request_path, encoding="utf-8") as file:
        request = json.load(file)
    sys.dont_write_bytecode = True
    sys.path.insert(0, os.path.abspath(request["root"]))
    try:
        exploration = Exploration(request)
        exploration.work()
        answer = exploration.answer()
    except trial.Unfit as error:
        answer = {"unfit": str(error)}
    except Exception as error:  # the module may do anything when it is loaded
        if os.environ.get("HEPHAESTUS_EXPLORE_DEBUG"):
            raise
        answer = {"unfit": "%s: %s" % (type(error).__name__, error)}
    with open(answer_path, "w", encoding="utf-8") as file:
        json.dump(answer, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
