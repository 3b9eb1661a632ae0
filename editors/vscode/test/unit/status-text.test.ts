// What the status bar says for every state there is, and for servers of other versions.
import * as assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { Status } from '../../src/protocol.js';
import { statusText } from '../../src/status-text.js';

const RUNNING = { kind: 'running' } as const;

function status(more: Partial<Status>): Status {
  return { state: 'idle', message: 'ready', proven: 0, goals: 0, ...more };
}

describe('the status of a running server', () => {
  const rows: [string, Partial<Status>, string][] = [
    ['idle', {}, '$(hephaestus-anvil) Hephaestus'],
    ['idle with offers', { proven: 3 }, '$(hephaestus-anvil) Hephaestus: 3 proven'],
    ['indexing', { state: 'indexing' }, '$(sync~spin) Hephaestus: indexing'],
    ['forging, old server', { state: 'forging' }, '$(loading~spin) Hephaestus: forging'],
    ['forging, nothing counted yet', { state: 'forging', done: 0, total: 0 }, '$(loading~spin) Hephaestus: forging'],
    ['forging the first', { state: 'forging', done: 0, total: 5 }, '$(loading~spin) Hephaestus: forging 1 of 5'],
    ['forging, all dealt with', { state: 'forging', done: 5, total: 5 }, '$(loading~spin) Hephaestus: forging 5 of 5'],
    ['paused by typing', { state: 'paused', reason: 'typing' }, '$(debug-pause) Hephaestus: paused while you type'],
    ['paused by the user', { state: 'paused', reason: 'user' }, '$(debug-pause) Hephaestus: paused'],
    ['untrusted', { state: 'untrusted' }, '$(workspace-untrusted) Hephaestus: not trusted'],
    ['error', { state: 'error' }, '$(error) Hephaestus'],
    ['a word of a newer server', { state: 'polishing' }, '$(hephaestus-anvil) Hephaestus: polishing'],
  ];
  for (const [name, more, text] of rows) {
    it(name, () => {
      assert.equal(statusText(RUNNING, status(more)).text, text);
    });
  }

  it('is coloured for errors and for less protection, errors first', () => {
    assert.equal(statusText(RUNNING, status({})).background, undefined);
    assert.equal(statusText(RUNNING, status({ degraded: 'no namespaces' })).background, 'warning');
    assert.equal(statusText(RUNNING, status({ state: 'error', degraded: 'no namespaces' })).background, 'error');
  });

  it('tells what the server says, as text and not as markup', () => {
    const { tooltip } = statusText(RUNNING, status({ message: 'a [link](command:x) `y`\nz', degraded: '*no* sandbox' }));
    assert.match(tooltip, /a \\\[link\\\]\\\(command:x\\\) \\?`y\\?` z/);
    assert.match(tooltip, /\\\*no\\\* sandbox/);
    assert.match(tooltip, /0 proven improvements · 0 goals in open files/);
  });

  it('counts one as one', () => {
    assert.match(statusText(RUNNING, status({ proven: 1, goals: 1 })).tooltip, /1 proven improvement · 1 goal in open files/);
  });
});

describe('the status without a word of the server', () => {
  it('is starting until it speaks', () => {
    assert.equal(statusText(RUNNING, undefined).state, 'starting');
    assert.equal(statusText({ kind: 'starting' }, undefined).state, 'starting');
  });

  it('is an error where there is no server', () => {
    const missing = statusText({ kind: 'missing' }, undefined);
    assert.deepEqual([missing.state, missing.background], ['missing', 'error']);
    const failed = statusText({ kind: 'failed', message: 'it broke' }, status({}));
    assert.deepEqual([failed.state, failed.background], ['error', 'error']);
    assert.match(failed.tooltip, /it broke/);
  });

  it('is no error where it was stopped', () => {
    assert.equal(statusText({ kind: 'stopped' }, undefined).background, undefined);
  });
});
