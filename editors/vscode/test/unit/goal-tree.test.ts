// How goals are grouped, ordered, filtered and named.
import * as assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { contextOf, countOf, failingTests, goalDescription, goalLabel, groups, stateIcon, type View } from '../../src/goal-tree.js';
import type { Goal, GoalFile, GoalState } from '../../src/protocol.js';

function goal(id: string, line: number, state: GoalState, more: Partial<Goal> = {}): Goal {
  const range = { start: { line, character: 0 }, end: { line, character: 5 } };
  return { id, title: `title of ${id}`, rule: 'python/x', kind: 'simplify', range, state, detail: '', ...more };
}

function file(path: string, goals: Goal[], folder = 'file:///work'): GoalFile {
  return { uri: `${folder}/${path}`, path, folder, goals };
}

const ALL: View = { grouping: 'file', hidden: new Set() };

function ids(files: readonly GoalFile[], view: View): [string, string[]][] {
  return groups(files, view).map((group) => [group.label, group.children.map((node) => node.goal.id)]);
}

describe('groups by file', () => {
  const files = [
    file('b.py', [goal('late', 9, 'open'), goal('done', 1, 'applied'), goal('early', 2, 'proven')]),
    file('a.py', [goal('only', 0, 'dismissed')]),
  ];

  it('stand by path, goals by place, what is done with last', () => {
    assert.deepEqual(ids(files, ALL), [
      ['a.py', ['only']],
      ['b.py', ['early', 'late', 'done']],
    ]);
  });

  it('say how many goals and offers they have', () => {
    assert.deepEqual(
      groups(files, ALL).map((group) => group.description),
      ['1 goal', '3 goals · 1 proven'],
    );
  });

  it('go when all of their goals are hidden', () => {
    assert.deepEqual(ids(files, { grouping: 'file', hidden: new Set(['dismissed', 'applied']) }), [
      ['b.py', ['early', 'late']],
    ]);
  });

  it('carry the folder where there are several', () => {
    const other = file('a.py', [goal('x', 0, 'open')], 'file:///some%20where/else/');
    assert.deepEqual(ids([file('a.py', [goal('y', 0, 'open')]), other], ALL), [
      ['else/a.py', ['x']],
      ['work/a.py', ['y']],
    ]);
  });

  it('do not mind a folder that cannot be decoded', () => {
    const odd = file('a.py', [goal('x', 0, 'open')], 'file:///50%');
    assert.equal(groups([odd, file('b.py', [goal('y', 0, 'open')])], ALL)[0]?.label, '50%/a.py');
  });
});

describe('groups by state', () => {
  const files = [
    file('b.py', [goal('open', 0, 'open'), goal('proven', 3, 'proven')]),
    file('a.py', [goal('forging', 0, 'forging'), goal('other', 4, 'proven')]),
  ];

  it('stand in the order of how urgent they are, goals by file and place', () => {
    assert.deepEqual(ids(files, { grouping: 'state', hidden: new Set() }), [
      ['Being forged', ['forging']],
      ['Proven', ['other', 'proven']],
      ['To be tried', ['open']],
    ]);
  });

  it('show states of a newer server last', () => {
    const odd = file('c.py', [goal('odd', 0, 'queued' as GoalState)]);
    assert.equal(groups([...files, odd], { grouping: 'state', hidden: new Set() }).at(-1)?.label, 'queued');
  });
});

describe('a goal', () => {
  const detail = { detail: 'cognitive 2 → 0' };
  const proven = goal('x', 11, 'proven', detail);
  const node = { type: 'goal', file: file('src/a.py', [proven]), goal: proven } as const;

  it('says where it is and what gets better', () => {
    assert.equal(goalDescription(node, 'file'), ':12 · cognitive 2 → 0');
    assert.equal(goalDescription(node, 'state'), 'src/a.py:12 · cognitive 2 → 0');
  });

  it('is read out in full', () => {
    assert.equal(goalLabel(node), 'title of x, Proven, src/a.py, line 12, cognitive 2 → 0');
  });

  it('has the menus of its state', () => {
    assert.equal(contextOf(node), 'goal.proven');
  });

  it('of a failing test looks like one until it is dealt with', () => {
    assert.equal(stateIcon('open', 'repair').icon, 'error');
    assert.equal(stateIcon('proven', 'repair').icon, 'verified-filled');
  });
});

it('counts by state', () => {
  const files = [file('a.py', [goal('1', 0, 'proven')]), file('b.py', [goal('2', 0, 'proven'), goal('3', 0, 'open')])];
  assert.equal(countOf(files, 'proven'), 2);
  assert.equal(countOf(files, 'stale'), 0);
});

it('lists failing tests until they are dealt with', () => {
  const red = (id: string, state: GoalState): Goal => goal(id, 0, state, { kind: 'repair' });
  const files = [file('test_a.py', [red('1', 'open'), red('2', 'proven'), red('3', 'applied'), red('4', 'dismissed')])];
  const listed = failingTests([file('a.py', [goal('5', 0, 'open')]), ...files]);
  assert.deepEqual(listed.map((node) => node.goal.id), ['1', '2']);
});
