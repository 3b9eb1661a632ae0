// The tests of the unchanged suite: files, their units (what can be left out of a run) and the ids of each unit, in order; and
// what a run of chosen tests must consist of. It must not know how a runner works.

const NUMBER = / #\d+$/;

export class Listing {
  constructor(files, root) {
    this.root = root;
    this.files = files.map(file => ({ file, units: [] }));
    this.outcomes = new Map();
    this.here = [0, 0];
    this.entangled = false;
    this.dynamic = false;
  }

  /** The plan of a run of these files, or of all; a later file is told which ids the ones left out would have taken. */
  plan(chosen) {
    const wanted = chosen ?? this.files.map((_, at) => at);
    const left = new Set(this.files.map((_, at) => at).filter(at => !wanted.includes(at)));
    return wanted.map(at => ({ file: this.files[at].file, at, reserve: this.reserve(at, left) }));
  }

  reserve(at, left) {
    if (left.size === 0 || !this.located) return [];
    const bases = new Set(this.located.filter(([file]) => file === at).map(([, , id]) => id.replace(NUMBER, "")));
    return this.located.filter(([file, , id]) => file < at && left.has(file) && bases.has(id.replace(NUMBER, ""))).map(([, , id]) => id);
  }

  hear(message) {
    if (message.k === "at") this.here = [message.at, message.unit];
    if (message.k !== "results") return;
    for (const [id, outcome, , , file] of message.results) {
      const [at, unit] = file === undefined ? this.here : [file, 0];
        const { units } = this.files[at];
      (units[unit] ??= []).push(id);
      this.outcomes.set(id, outcome);
    }
  }

  close() {
    this.located = this.files.flatMap(({ units }, at) => units.flatMap((ids, unit) => ids.map(id => [at, unit, id])));
    this.where = new Map(this.located.map(([at, unit, id]) => [id, [at, unit]]));
  }

  ids() {
    return this.located.map(([, , id]) => id);
  }

  same(other) {
    const flat = listing => JSON.stringify([listing.located, [...listing.outcomes]]);
    return flat(this) === flat(other);
  }

  /** Whether a run of one file alone gave what the whole suite gave for it. */
  alike(at, got) {
    const ids = this.files[at].units.flat();
    return ids.length === got.size && ids.every(id => got.get(id) === this.outcomes.get(id));
  }

  /** The plan for chosen tests (all when undefined), and the ids whose outcome does not count. */
  choose(tests) {
    const wanted = new Set(tests === undefined || tests === null ? this.ids() : tests.filter(id => this.where.has(id)));
    const last = new Map();
    for (const id of wanted) {
      const [at, unit] = this.where.get(id);
      last.set(at, Math.max(last.get(at) ?? 0, unit));
    }
    let chosen = [...last.keys()].sort((a, b) => a - b);
    if (chosen.length > 0 && this.entangled) chosen = Array.from({ length: chosen.at(-1) + 1 }, (_, at) => at);
    const plan = this.plan(chosen);
    const whole = tests === undefined || tests === null || this.dynamic;
    for (const part of plan) {
      const { units } = this.files[part.at];
      const upto = last.get(part.at) ?? Infinity;
      const tail = this.entangled && part !== plan.at(-1);
      if (!whole && !tail && upto < units.length - 1) part.upto = upto;
    }
    const ignore = plan.flatMap(({ at }) => this.files[at].units.flat().filter(id => !wanted.has(id)));
    return { plan, ignore, only: ignore.length > 0 ? [...wanted] : null };
  }

  /** The first test that has not been heard of in the unit that was begun last. */
  next(chosen, at, done) {
    if (chosen.plan.length === 0) return null;
    const seen = new Set(done);
    if (at?.id && this.where.has(at.id)) return at.id;
    const file = this.files[chosen.plan[at?.at ?? 0].at];
    const ignore = new Set(chosen.ignore);
    const here = file.units[at?.unit ?? 0] ?? [];
    const rest = [...here, ...file.units.slice(at?.unit ?? 0).flat()];
    return rest.find(id => !seen.has(id) && !ignore.has(id)) ?? here.find(id => !seen.has(id)) ?? here.at(-1) ?? null;
  }
}
