// What the server and we say to each other beyond the common protocol. It must not import the editor's API: pure parts
// and their tests use it.

/** A place in a text; lines and characters count from 0, characters in UTF-16 units. */
export interface Place {
  readonly line: number;
  readonly character: number;
}

/** A stretch of a text. */
export interface Stretch {
  readonly start: Place;
  readonly end: Place;
}

/** The parameters of `hephaestus/status`. Servers of older versions leave out what is optional. */
export interface Status {
  readonly state: string;
  readonly message: string;
  readonly proven: number;
  readonly goals: number;
  readonly done?: number;
  readonly total?: number;
  readonly reason?: string;
  readonly degraded?: string;
}

/** What has become of a goal. New words may be added by a newer server. */
export type GoalState = 'open' | 'forging' | 'proven' | 'stale' | 'applied' | 'dismissed';

/** The states in the order they are shown in. */
export const GOAL_STATES: readonly GoalState[] = ['forging', 'proven', 'stale', 'open', 'applied', 'dismissed'];

/** A goal in the answer of `hephaestus/goals`. */
export interface Goal {
  readonly id: string;
  readonly title: string;
  readonly rule: string;
  readonly kind: string;
  readonly range: Stretch;
  readonly state: GoalState;
  readonly detail: string;
}

/** A file in the answer of `hephaestus/goals`. */
export interface GoalFile {
  readonly uri: string;
  readonly path: string;
  readonly folder: string;
  readonly goals: readonly Goal[];
}

/** The answer of `hephaestus/goals`. */
export interface GoalsAnswer {
  readonly files: readonly GoalFile[];
}

/** A file of a change: `before` is null where it is created, `after` where it is deleted. */
export interface ChangedFile {
  readonly uri: string;
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** One measure before and after; `improved` is null where nothing changed or nothing is judged. */
export interface Score {
  readonly dimension: string;
  readonly before: number;
  readonly after: number;
  readonly unit?: string;
  readonly better: string;
  readonly improved: boolean | null;
}

/** A condition a change had to meet. */
export interface Gate {
  readonly gate: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** Something that was run. */
export interface Check {
  readonly stage: string;
  readonly what: string;
  readonly seconds: number;
}

/** How many small deliberate faults the tests notice at the place; shares from 0 to 1. */
export interface Strength {
  readonly killed: number;
  readonly survived: number;
  readonly score: number;
  readonly limit: number | null;
}

/** Where the reason of a failing test is suspected. `line` counts from 1. */
export interface Suspect {
  readonly path: string;
  readonly line: number;
  readonly suspicion: number;
}

/** The answer of `hephaestus/evidence`. */
export interface Evidence {
  readonly goal: string;
  readonly title: string;
  readonly rule: string;
  readonly kind: string;
  readonly why: string;
  readonly state: GoalState;
  readonly engine: string | null;
  readonly summary: string;
  readonly diff: string | null;
  readonly files: readonly ChangedFile[];
  readonly scores: readonly Score[];
  readonly gates: readonly Gate[];
  readonly checks: readonly Check[];
  readonly strength: Strength | null;
  readonly alternatives: readonly string[];
  readonly questions: readonly string[];
  readonly failing: readonly string[];
  readonly suspects: readonly Suspect[];
  readonly notes: readonly string[];
  readonly notChecked: readonly string[];
  readonly markdown: string;
}

/** The commands the server knows, by `workspace/executeCommand`. */
export const SERVER_COMMANDS = {
  forgeFile: 'hephaestus.forgeFile',
  forgeWorkspace: 'hephaestus.forgeWorkspace',
  forgeGoal: 'hephaestus.forgeGoal',
  apply: 'hephaestus.apply',
  applyAll: 'hephaestus.applyAll',
  pause: 'hephaestus.pause',
  resume: 'hephaestus.resume',
  cancel: 'hephaestus.cancel',
  dismiss: 'hephaestus.dismiss',
  restore: 'hephaestus.restore',
  ignoreRule: 'hephaestus.ignoreRule',
  showEvidence: 'hephaestus.showEvidence',
  trust: 'hephaestus.trust',
  verify: 'hephaestus.verify',
} as const;

/** The methods beyond the common protocol. */
export const METHODS = {
  status: 'hephaestus/status',
  goalsChanged: 'hephaestus/goalsChanged',
  goals: 'hephaestus/goals',
  evidence: 'hephaestus/evidence',
} as const;

/** JSON-RPC's code for a request the server does not know: it is older than we are. */
export const METHOD_NOT_FOUND = -32601;

/** What a server told of a goal, with nothing in the place of what an older one does not tell. */
export function evidenceOf(told: Partial<Evidence>): Evidence {
  return {
    goal: '',
    title: '',
    rule: '',
    kind: '',
    why: '',
    state: 'open',
    engine: null,
    summary: '',
    diff: null,
    files: [],
    scores: [],
    gates: [],
    checks: [],
    strength: null,
    alternatives: [],
    questions: [],
    failing: [],
    suspects: [],
    notes: [],
    notChecked: [],
    markdown: '',
    ...told,
  };
}
