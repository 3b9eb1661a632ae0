// The search in a child process: very many variants of one file, one after the other, on the same loaded modules where functions can
// be replaced in them, on new ones where they cannot. It must not tell of a variant what a variant before it may have caused.

import { Original } from "./edits.mjs";
import { HALTED, cover, guarded } from "./guard.mjs";
import { Unsure } from "./slots.mjs";
import { Budget, Stage } from "./stage.mjs";
import { Rewriting } from "./rewriting.mjs";
import { Trials, awaited } from "./trial.mjs";

const now = performance.now.bind(performance);
const cpuUsage = process.cpuUsage.bind(process);
const { setImmediate, setTimeout } = globalThis;
const { max } = Math;
/** So often what is shared may be spoiled before nothing is shared any more. */
const SPOILED = 4;
/** After how many variants the unchanged code is tried again. */
const SENTINEL = 50;
/** How long results are held back at most, and how long the process is away from its event loop, in milliseconds. */
const HELD = 100;
const CHUNK = 40;
/** So often a variant that was ended without having used its time is tried again: the process was frozen, or had no processor. */
const AGAIN = 3;
/** So often the search may fall over without a built-in object being other than it was. */
const UPSETS = 3;

/** The tests cannot be called directly: they do not do what they do under their runner. */
class Unfaithful extends Error {}

class Hunt {
  constructor(host, job, send) {
    Object.assign(this, { host, job, send, held: [], known: new Map(), how: { shared: 0, forked: 0, reloaded: 0 } });
    this.original = new Original(job.file);
    this.queue = job.variants;
    this.at = 0;
    this.since = 0;
    this.current = null;
    this.fresh = job.apart === true;
    this.spoiled = 0;
    this.until = Infinity;
    this.told = now();
    this.upsets = 0;
    this.again = 0;
  }

  async open() {
    const { host, job } = this;
    const { adapter } = await import(`./cases/${job.suite}.mjs`);
    this.budget = new Budget();
    this.rewriting = new Rewriting(host.loader, job.file);
    this.named = host.clean.named(this.rewriting.text);
    const files = job.plan.map(({ file }) => file);
    this.trials = new Trials(host, { red: job.red, green: job.green, ahead: job.ahead ?? 0, budget: this.budget, files });
    const shape = { adapter, plan: job.plan, budget: this.budget };
    this.shared = new Stage(host, { ...shape, slots: this.rewriting.plan.slots.length });
    this.anew = new Stage(host, { ...shape, slots: this.rewriting.plan.slots.length });
  }

  /** Tries everything; answers the end of the job. */
  async go() {
    await this.open();
    let work = this.all();
    let step = { done: false, value: undefined };
    const chunk = () => {
      const until = now() + CHUNK;
      let given = this.given;
      this.given = undefined;
      do {
        step = work.next(given);
        given = undefined;
      } while (!step.done && step.value === undefined && now() < until);
    };
    for (;;) {
      const limit = CHUNK + max(250, 1.5 * (this.trials.allowed ?? 20000));
      const used = cpuUsage();
      try {
        guarded(chunk, limit);
      } catch (error) {
        const end = error?.code === HALTED ? this.halted(limit, cpuUsage(used)) : this.upset(error);
        if (end) return end;
        step = { done: false, value: undefined };
        this.given = undefined;
        work = this.all();
        continue;
      }
      if (step.done) break;
      this.given = step.value === undefined ? undefined : await settled(step.value);
      this.flushed();
      if (step.value === undefined) await turn();
    }
    return step.value;
  }

  /** A variant was ended from outside: its process goes on, with what it left behind looked at first. */
  halted(limit, { user, system }) {
    const { current } = this;
    const busy = (user + system) / 1e3;
    this.current = null;
    this.since = SENTINEL;
    if (busy < limit / 2 && this.again < AGAIN) this.again += 1;
    else if (current === null) throw new Unfaithful("the unchanged code does not end");
    else this.finish(current, ["timeout", this.trials.soFar, "timeout"]);
  }

  /**
   * The search itself fell over: a variant has changed what it is made of. What was changed is put back; what is held back is tried
   * again, and a variant that had everything to itself has failed. Answers the end of the job where this process cannot go on; throws
   * what may be the reason for every variant.
   */
  upset(error) {
    const { current, host } = this;
    if (this.base === undefined || error instanceof Unfaithful) throw error;
    const before = host.clean.mended;
    const clean = host.clean.objects() === null;
    const touched = host.clean.mended > before;
    if (!touched && ++this.upsets > UPSETS) throw error;
    this.current = null;
    const alone = this.job.apart || (this.fresh && current !== null);
    if (current !== null && (alone || !touched)) this.finish(current, ["failed", 0, "Error:"]);
    if (this.job.apart) {
      this.tell();
      return { end: "spoiled" };
    }
    if (!clean || (this.fresh && !alone)) return { end: "spoiled", apart: true };
    if (touched && !this.fresh) this.retry();
    else this.since = SENTINEL;
    return null;
  }

  /** What a variant has changed in built-in objects that the file names is put back at once. */
  mend() {
    for (const noted of this.named) if (!noted.same() && !noted.restore()) this.since = SENTINEL;
  }

  *all() {
    if (!this.base) {
      const why = yield* this.baseline();
      if (why) return why;
    }
    while (this.at < this.queue.length) {
      if (this.since >= SENTINEL || (this.held.length > 0 && now() - this.told > HELD)) {
        const spoiled = yield* this.look();
        if (spoiled) return spoiled;
        continue;
      }
      if (this.fresh && this.at >= this.until && this.held.length === 0) this.share();
      const [number, edits] = this.queue[this.at];
      if (this.job.careful) this.send({ k: "now", number });
      const entry = { number, edits, how: "shared" };
      this.current = entry;
      this.trials.soFar = 0;
      this.trials.exited = false;
      const result = yield* this.one(entry);
      this.host.clean.undeclared();
      this.current = null;
      this.again = 0;
      this.finish(entry, result);
      if (!this.fresh) this.mend();
      yield undefined;
    }
    const spoiled = yield* this.look();
    if (spoiled) return spoiled;
    if (this.at < this.queue.length) return yield* this.all();
    return { end: "finished" };
  }

  /** Goes back to sharing modules, with new ones. */
  share() {
    this.fresh = false;
    this.lasting = false;
    this.shared.begin(new Map());
  }

  finish(entry, result) {
    this.at += 1;
    this.since += this.job.apart ? SENTINEL : this.fresh ? 5 : 1;
    // Where every variant has modules of its own, built-in objects are all that could be shared.
    if (this.fresh && this.host.clean.objects() !== null) this.lasting = true;
    this.held.push([entry, result]);
  }

  /** Gives away what is certain now. */
  tell() {
    if (this.held.length > 0) {
      for (const [{ how }] of this.held) this.how[this.job.apart ? "forked" : how] += 1;
      this.send({ k: "tried", results: this.held.map(([{ number }, result]) => [number, ...result]), how: this.how });
      this.how = { shared: 0, forked: 0, reloaded: 0 };
      this.held = [];
    }
    this.since = 0;
    this.told = now();
    this.alive = this.told;
  }

  flushed() {
    if (now() - (this.alive ?? 0) < HELD) return;
    this.alive = now();
    this.send({ k: "alive" });
  }

  /** What the unchanged code does, and how long it takes: twice, since what it does the second time is what variants are up against. */
  *baseline() {
    const { trials, shared, job } = this;
    const ids = [...new Set([...job.red, ...job.green])];
    const rounds = [];
    let turns = 0;
    let slowest = 0;
    shared.begin(new Map());
    for (let round = 0; round < 2; round += 1) {
      const seen = new Map();
      const said = new Map();
      for (const id of ids) {
        const began = now();
        const { ok, skipped, mark, late } = yield* trials.ask(shared, id, seen);
        if (late) throw new Unfaithful("the unchanged code does not end");
        const outcome = ok ? "passed" : skipped ? "skipped" : "failed";
        if (outcome !== job.expected[id]) throw new Unfaithful(`${id} ${outcome} when it is called directly (${mark})`);
        said.set(id, { ok, mark });
        if (round > 0) slowest = Math.max(slowest, now() - began);
        yield undefined;
      }
      for (const one of seen.values()) turns = Math.max(turns, one.turns);
      rounds.push(said);
    }
    trials.limit(turns, slowest, job);
    const [first, second] = rounds;
    const same = ids.every(id => first.get(id).mark === second.get(id).mark);
    this.stateful = !same || shared.several || this.rewriting.keeps(job.plan.map(({ file }) => file));
    this.base = first;
    this.watched = yield* this.choose(ids);
    this.told = now();
    this.send({ k: "began", slow: trials.wait });
    return null;
  }

  /** The tests that show whether the unchanged code still does what it did: as many as are cheap. */
  *choose(ids) {
    const chosen = [];
    const until = now() + 3;
    const seen = new Map();
    for (const id of ids) {
      if (chosen.length >= 3 && now() > until) break;
      yield* this.trials.ask(this.shared, id, seen);
      chosen.push(id);
    }
    return chosen;
  }

  /** Tries the unchanged code again. What was found since the last time is told, or found again in another way. */
  *look() {
    if (this.held.length === 0) {
      this.since = 0;
      return null;
    }
    const { host } = this;
    const touched = this.fresh ? this.lasting === true : host.clean.touched();
    const stage = this.fresh ? this.anew : this.shared;
    if (this.fresh) stage.begin(new Map());
    else stage.install(null);
    const seen = new Map();
    let same = !touched;
    for (const id of this.watched) {
      if (!same) break;
      const { ok, mark } = yield* this.trials.ask(stage, id, seen);
      const was = this.base.get(id);
      same = ok === was.ok && mark === was.mark;
    }
    if (same) {
      this.tell();
      return null;
    }
    const clean = host.clean.objects() === null;
    if (this.job.apart) {
      // Each had a process to itself: only the next one must not have this.
      this.tell();
      return { end: "spoiled" };
    }
    if (this.fresh || !clean) return { end: "spoiled", apart: true };
    this.retry();
    return null;
  }

  /** What is held back is tried again with modules of its own. */
  retry() {
    this.fresh = true;
    this.spoiled += 1;
    // What left the trace is among these: they are tried again with modules of their own, and if it happens often, all others too.
    this.until = this.spoiled > SPOILED ? Infinity : this.at;
    this.at -= this.held.length;
    this.held = [];
    this.since = 0;
    this.known.clear();
  }

  /** The result of one variant. */
  *one(entry) {
    const edits = this.original.characters(entry.edits);
    if (edits === null) return ["unloadable", 0, ""];
    let texts = null;
    let key;
    try {
      texts = this.replaced(edits);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      return ["unloadable", 0, ""];
    }
    const whole = texts === null || this.fresh ? this.original.edited(entry.edits) : null;
    key = alike(whole ?? [...texts.values()].join("\0"));
    const known = this.known.get(key);
    if (known) return known;
    let result = null;
    if (whole === null) {
      result = yield* this.swapped(texts, edits);
      if (result === null || result[0] === "passed" || result[0] === "broken") result = yield* this.loaded(this.original.edited(entry.edits));
    } else {
      entry.how = "reloaded";
      result = yield* this.loaded(whole);
    }
    this.known.set(key, result);
    return result;
  }

  /** The functions that edits replace, as slot to expression; null where the file must be loaded anew. */
  replaced(edits) {
    if (this.stateful || this.fresh) return null;
    const { plan } = this.rewriting;
    const parts = plan.split(edits);
    if (parts === null) return null;
    const texts = new Map();
    for (const [slot, own] of parts) {
      if (this.shared.calledEarly(slot)) return null;
      try {
        texts.set(slot, plan.variant(slot, own));
      } catch (error) {
        if (error instanceof Unsure) return null;
        throw error;
      }
    }
    return texts;
  }

  *swapped(texts, edits) {
    try {
      this.shared.install(texts);
    } catch (error) {
      this.shared.install(null);
      if (!(error instanceof SyntaxError)) return ["failed", 0, "Error:"];
      // What was put together without a parser may be wrong where the variant is not.
      const parts = [...this.rewriting.plan.split(edits)];
      if (parts.some(([slot, own]) => this.rewriting.plan.breaks(slot, own))) return ["unloadable", 0, ""];
      return null;
    }
    try {
      return yield* this.trials.judge(this.shared);
    } catch (error) {
      // Modules that were loaded only now got the other functions only now.
      if (!(error instanceof SyntaxError) || !this.shared.refused) throw error;
      return null;
    } finally {
      this.shared.install(null);
    }
  }

  /** The result of a variant with every module loaded anew. */
  *loaded(text) {
    const { host, trials } = this;
    trials.exited = false;
    const stray = [];
    host.job.stray = error => stray.push(error);
    this.anew.begin(new Map([[this.job.file, text.charCodeAt(0) === 0xfeff ? text.slice(1) : text]]));
    let result;
    try {
      result = yield* trials.judge(this.anew);
    } catch (error) {
      if (trials.exited) return ["died", 0, "exit"];
      if (this.budget.n < 0 || error?.name === "Late") return ["timeout", 0, "timeout"];
      return ["unloadable", 0, ""];
    }
    if (result[0] === "passed" || result[0] === "broken") {
      yield* awaited(turn().then(turn));
      if (trials.exited) return ["died", result[1], "exit"];
      if (stray.length > 0) return ["failed", 0, "unhandled"];
    }
    return result;
  }
}

/** A text in which space that means nothing is made the same, as far as that is certain. */
function alike(text) {
  return /["'`/]/.test(text) ? text : text.replace(/[ \t]+/g, " ");
}

const turn = () => new Promise(resolve => setImmediate(resolve));
const settled = promise => promise.then(value => ({ failed: false, value }), error => ({ failed: true, value: error }));

export async function hunt(host, job, send) {
  host.setImmediate = setImmediate;
  host.setTimeout = setTimeout;
  const active = () => process.getActiveResourcesInfo().filter(name => name !== "Immediate").length;
  const resources = host.clean.resources.filter(name => name !== "Immediate").length;
  host.idle = () => active() <= resources;
  host.job.stray = () => {};
  host.output = () => {};
  let hunter;
  let uncover = () => {};
  try {
    hunter = new Hunt(host, job, send);
    uncover = cover(() => (hunter.trials.exited = true));
    for (const object of [globalThis, process]) host.clean.renew(object);
    return await hunter.go();
  } catch (error) {
    return { end: "unfaithful", reason: String(error?.message ?? error?.name ?? error), stack: String(error?.stack ?? "") };
  } finally {
    uncover();
    for (const object of [globalThis, process]) host.clean.renew(object);
    host.loader.rewrite = null;
    host.loader.stage = null;
    host.loader.instead.clear();
    for (const known of [host.loader.compiled, host.loader.esm.cached]) known.delete(job.file);
    host.loader.compiled.clear();
    host.loader.esm.cached.clear();
  }
}
