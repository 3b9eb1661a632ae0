// What users download and wait for: the size of the package, the time until the extension is active, and the tests that
// run inside the editor itself.
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';

import { EXTENSION, VSIX, codeServer, until, workspace } from './surroundings.mjs';

const MOST_BYTES = 500_000;
const MOST_MS = 300;

describe('the package', () => {
  it('is small', async () => {
    const { size } = await stat(VSIX);
    console.log(`# the package has ${size} bytes`);
    assert.ok(size < MOST_BYTES, `${size} bytes`);
  });

  it('is active quickly', async () => {
    const server = await codeServer();
    const bench = await server.open(await workspace('python-pytest'), { files: ['shelf.py'] });
    await bench.showGoals();
    await bench.untilRow(/Return the condition itself/);
    const times = await bench.activationTimes();
    const ours = times.find(({ name }) => name === 'Hephaestus');
    const others = times.filter(({ name }) => name !== 'Hephaestus').map(({ ms }) => ms);
    console.log(`# active after ${ours?.ms} ms; the editor's own extensions: ${others.join(', ')} ms`);
    assert.ok(ours !== undefined, 'it is not among the running extensions');
    // On a machine that is busy everything is slow: then it may be about as slow as the slowest of the editor's own.
    assert.ok(ours.ms < Math.max(MOST_MS, 1.5 * Math.max(...others)), `${ours.ms} ms`);
    await bench.close();
  });
});

describe('inside the editor', () => {
  it('the extension passes its own tests', async (test) => {
    const server = await codeServer();
    const lines = [];
    let outcome;
    const bench = await server.open(await workspace('python-pytest'), {
      payload: [
        ['extensionDevelopmentPath', server.uri(EXTENSION)],
        ['extensionTestsPath', server.uri(path.join(EXTENSION, 'dist/test/index.js'))],
      ],
      prepare: async (page) => {
        await page.exposeFunction('codeAutomationLog', (_kind, words) => lines.push(...words.map(String).join(' ').split('\n')));
        await page.exposeFunction('codeAutomationExit', (code) => (outcome = { code }));
      },
    });
    await until('the tests end', () => outcome, { otherwise: () => `${lines.join('\n')}\n${bench.shown()}` });
    const results = lines.map((line) => /^(not )?ok \d+ - (.*)$/.exec(line)).filter((found) => found !== null);
    const told = lines.slice(Math.max(0, lines.findIndex((line) => line.startsWith('TAP version')))).join('\n');
    for (const [, failed, name] of results) {
      await test.test(name, () => assert.ok(!failed, told));
    }
    assert.ok(results.length > 0 && outcome.code === 0, told);
    await bench.close();
  });
});
