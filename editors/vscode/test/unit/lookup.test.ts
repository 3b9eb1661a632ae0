// Where the server is looked for, in which order, and what is never run.
import * as assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { findServer, type Surroundings } from '../../src/lookup.js';

function around(programs: string[], more: Partial<Surroundings> = {}): Surroundings {
  return {
    setting: '',
    extensionFolder: '/ext',
    workspaceFolder: '/proj',
    homeFolder: '/users/me',
    platform: 'linux',
    env: { PATH: '/usr/bin:/opt/bin' },
    isProgram: (file) => programs.includes(file),
    ...more,
  };
}

describe('without a setting', () => {
  it('the packaged one comes before the PATH', () => {
    assert.deepEqual(findServer(around(['/ext/server/hephaestus', '/usr/bin/hephaestus'])), {
      kind: 'found',
      file: '/ext/server/hephaestus',
      from: 'packaged',
    });
  });

  it('the first on the PATH is taken', () => {
    assert.deepEqual(findServer(around(['/opt/bin/hephaestus'])), {
      kind: 'found',
      file: '/opt/bin/hephaestus',
      from: 'path',
    });
  });

  it('nothing of the folder that happens to be open is run', () => {
    const env = { PATH: ':.:bin:/usr/bin' };
    const found = findServer(around(['hephaestus', './hephaestus', 'bin/hephaestus', '/proj/hephaestus'], { env }));
    assert.equal(found.kind, 'missing');
  });

  it('it says where it looked', () => {
    assert.deepEqual(findServer(around([])), {
      kind: 'missing',
      looked: ['/ext/server/hephaestus', 'PATH: hephaestus'],
      isSet: false,
    });
  });
});

describe('with a setting', () => {
  it('nothing else is taken, not even when it leads nowhere', () => {
    const found = findServer(around(['/usr/bin/hephaestus'], { setting: '/gone/hephaestus' }));
    assert.deepEqual(found, { kind: 'missing', looked: ['/gone/hephaestus'], isSet: true });
  });

  const rows: [string, string][] = [
    ['/abs/heph', '/abs/heph'],
    ['~/bin/heph', '/users/me/bin/heph'],
    ['${userHome}/heph', '/users/me/heph'],
    ['${workspaceFolder}/target/heph', '/proj/target/heph'],
    ['target/heph', '/proj/target/heph'],
    ['${env:TOOLS}/heph', '/tools/heph'],
    ['heph-dev', '/opt/bin/heph-dev'],
  ];
  for (const [setting, file] of rows) {
    it(`${setting} is ${file}`, () => {
      const env = { PATH: '/usr/bin:/opt/bin', TOOLS: '/tools' };
      assert.deepEqual(findServer(around([file], { setting, env })), { kind: 'found', file, from: 'setting' });
    });
  }

  it('a value is put in as it is, whatever signs it has', () => {
    const found = findServer(around([], { setting: '${env:X}/heph', env: { X: '/a$&b' } }));
    assert.deepEqual(found, { kind: 'missing', looked: ['/a$&b/heph'], isSet: true });
  });
});
