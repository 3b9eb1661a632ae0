// How long a key takes to appear on the screen while improvements are forged, beside nothing being forged: rounds of both
// in turn in one window. It judges the difference, not the machine.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { PATIENCE_MS, codeServer, until, workspace } from './surroundings.mjs';

const ROUNDS = 4;
const KEYS = 50;
const KEY_INTERVAL_MS = 60;
/** One frame at 60 Hz: what nobody sees. */
const FRAME_MS = 1000 / 60;

/** A suite that keeps a processor busy, so that a run is still under way when the typing ends. */
const BUSY_TEST = `
import time

import shelf


def test_busy():
    end = time.process_time() + 3
    while time.process_time() < end:
        assert shelf.is_empty([])
`;

/** Measures each key from its event's time to the end of the first frame after it. */
function measureKeys() {
  globalThis.keyTimes = [];
  const channel = new MessageChannel();
  const waiting = [];
  channel.port1.onmessage = () => globalThis.keyTimes.push(performance.now() - waiting.shift());
  const onKey = ({ key, timeStamp }) => {
    if (key.length !== 1) return;
    requestAnimationFrame(() => {
      waiting.push(timeStamp);
      channel.port2.postMessage(undefined);
    });
  };
  document.addEventListener('keydown', onKey, { capture: true });
}

function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

async function round(bench, isBusy) {
  if (!isBusy) await bench.untilStatus(/^(?!.*paused)/);
  await bench.pickFromStatus(isBusy ? 'Resume' : 'Pause');
  await bench.untilStatus(isBusy ? /^(?!.*paused)/ : /paused/);
  await bench.clickLine('Books on a shelf');
  await bench.press('End');
  await bench.page.keyboard.type('\n# ');
  await bench.save();
  if (isBusy) await bench.untilStatus(/forging/);
  await bench.page.evaluate(() => (globalThis.keyTimes.length = 0));
  await bench.page.keyboard.type('a'.repeat(KEYS), { delay: KEY_INTERVAL_MS });
  await until('every key was shown', () => bench.page.evaluate((keys) => globalThis.keyTimes.length >= keys, KEYS));
  return bench.page.evaluate(() => globalThis.keyTimes);
}

test('keys appear as fast while improvements are forged', { timeout: 20 * PATIENCE_MS }, async () => {
  const server = await codeServer();
  const folder = await workspace('python-pytest', { 'test_busy.py': BUSY_TEST });
  const bench = await server.open(folder, { files: ['shelf.py'] });
  await bench.showGoals();
  await bench.untilRow(/Return the condition itself/);
  await bench.page.evaluate(measureKeys);
  const times = { off: [], busy: [] };
  for (let turn = 0; turn < ROUNDS; turn++) {
    times.off.push(...(await round(bench, false)));
    times.busy.push(...(await round(bench, true)));
  }
  console.log(`key to paint, ${ROUNDS * KEYS} keys each\n            p50 ms   p95 ms`);
  for (const [name, values] of Object.entries(times)) {
    const [middle, high] = [0.5, 0.95].map((share) => percentile(values, share).toFixed(1).padStart(8));
    console.log(`${`forge ${name}`.padEnd(10)}${middle} ${high}`);
  }
  const [off, busy] = [percentile(times.off, 0.95), percentile(times.busy, 0.95)];
  assert.ok(busy <= 1.5 * off + FRAME_MS, `p95 of ${busy.toFixed(1)} ms beside ${off.toFixed(1)} ms`);
  await bench.close();
});
