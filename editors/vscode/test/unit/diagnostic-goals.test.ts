// Goals out of diagnostics, for servers that tell no more.
import * as assert from 'node:assert/strict';
import { it } from 'node:test';

import { goalsOfDiagnostics, type Told } from '../../src/diagnostic-goals.js';

const range = { start: { line: 1, character: 4 }, end: { line: 4, character: 20 } };

function goals(told: Told): unknown[] {
  const files = goalsOfDiagnostics([{ uri: 'file:///a.py', path: 'a.py', folder: '', told: [told] }]);
  return files.flatMap((file) => file.goals);
}

it('what is proven is told by the words of the message', () => {
  const message = 'Return the condition itself (proven improvement: cognitive 2 → 0; 1 test passed twice)';
  const code = { value: 'python/return-condition' };
  assert.deepEqual(goals({ message, code, source: 'hephaestus', range, data: { goal: 'cb22' } }), [
    {
      id: 'cb22',
      title: 'Return the condition itself',
      rule: 'python/return-condition',
      kind: '',
      range,
      state: 'proven',
      detail: 'cognitive 2 → 0; 1 test passed twice',
    },
  ]);
});

it('everything else of ours is open', () => {
  assert.deepEqual(goals({ message: 'Simplify', code: 'x/y', source: 'hephaestus', range, data: { goal: 'a' } }), [
    { id: 'a', title: 'Simplify', rule: 'x/y', kind: '', range, state: 'open', detail: '' },
  ]);
});

it("other tools' diagnostics, and those without a goal, are none", () => {
  assert.deepEqual(goals({ message: 'm', source: 'pylint', range, data: { goal: 'a' } }), []);
  assert.deepEqual(goals({ message: 'm', source: 'hephaestus', range }), []);
  assert.deepEqual(goals({ message: 'm', source: 'hephaestus', range, data: null }), []);
});
