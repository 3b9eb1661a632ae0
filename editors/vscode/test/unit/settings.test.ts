// That only what was set is sent, and that an untrusted workspace has no say in what can run programs.
import * as assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { explicitSettings, serverKeys, type Inspected } from '../../src/settings.js';

const KEYS = ['editor.forge', 'editor.severity', 'testing.command', 'fixers'];

function settings(values: Record<string, Inspected>, isTrusted = true): Record<string, unknown> {
  return explicitSettings(KEYS, (key) => values[key], new Set(['testing.command']), isTrusted);
}

describe('settings for the server', () => {
  it('are nothing where nothing is set', () => {
    assert.deepEqual(settings({ 'editor.forge': {}, 'testing.command': { globalValue: undefined } }), {});
  });

  it('are objects within objects', () => {
    const set = { 'editor.forge': { globalValue: 'on-demand' }, 'editor.severity': { globalValue: { speed: 'off' } } };
    assert.deepEqual(settings(set), { editor: { forge: 'on-demand', severity: { speed: 'off' } } });
  });

  it('are the innermost ones, also where they are false or empty', () => {
    assert.deepEqual(settings({ 'editor.forge': { globalValue: 'a', workspaceValue: 'b', workspaceFolderValue: 'c' } }), {
      editor: { forge: 'c' },
    });
    assert.deepEqual(settings({ 'editor.forge': { globalValue: true, workspaceValue: false } }), { editor: { forge: false } });
    assert.deepEqual(settings({ 'testing.command': { globalValue: 'x', workspaceValue: '' } }), { testing: { command: '' } });
  });

  it('leave out null: it is as good as no key', () => {
    assert.deepEqual(settings({ 'testing.command': { globalValue: null } }), {});
  });

  it('of an untrusted workspace do not count where they can run programs', () => {
    const set = {
      'testing.command': { globalValue: 'mine', workspaceValue: 'theirs', workspaceFolderValue: 'theirs' },
      'editor.forge': { workspaceValue: 'on-demand' },
    };
    assert.deepEqual(settings(set, false), { testing: { command: 'mine' }, editor: { forge: 'on-demand' } });
    assert.deepEqual(settings(set, true), { testing: { command: 'theirs' }, editor: { forge: 'on-demand' } });
  });

  it('may be one key for a whole section', () => {
    assert.deepEqual(settings({ fixers: { globalValue: { ruff: { enabled: false } } } }), { fixers: { ruff: { enabled: false } } });
  });
});

it('the keys of the server are those that are not about the extension', () => {
  const contributed = ['hephaestus.server.path', 'hephaestus.trace.server', 'hephaestus.forge.jobs', 'hephaestus.fixers', 'other.x'];
  assert.deepEqual(serverKeys(contributed), ['forge.jobs', 'fixers']);
});
