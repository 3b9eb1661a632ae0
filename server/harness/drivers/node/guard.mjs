// Keeps the process going while variants run in it: ends what does not end, and lets nobody else end the process. It must not
// decide what that means for a variant.

import vm from "node:vm";
import { expose } from "./stage.mjs";

/** The code of the error that tells of a call that was ended. */
export const HALTED = "ERR_SCRIPT_EXECUTION_TIMEOUT";
const EXIT = { name: "Exit" };
const SYMBOL = Symbol.for("hephaestus.chunk");
const script = new vm.Script('globalThis[Symbol.for("hephaestus.chunk")]()');
const { ceil } = Math;
let pending = null;

/** Calls a function, and ends it when it takes longer than `timeout` milliseconds: then this throws. */
export function guarded(act, timeout) {
  pending = act;
  script.runInThisContext({ timeout: ceil(timeout) });
}

/** Has `exited` called in place of what would end the process. Answers how to take that back. */
export function cover(exited) {
  const own = { exit: process.exit, reallyExit: process.reallyExit, abort: process.abort };
  const exit = () => {
    exited();
    throw EXIT;
  };
  for (const key of Object.keys(own)) process[key] = exit;
  const hide = expose();
  Object.defineProperty(globalThis, SYMBOL, { value: () => pending(), configurable: true, enumerable: false });
  return () => {
    Object.assign(process, own);
    hide();
    delete globalThis[SYMBOL];
  };
}
