// What happens when something is not as it should be: no trust, no server, a server that dies.
import assert from 'node:assert/strict';
import { access, chmod, writeFile } from 'node:fs/promises';
import path from 'node:path';
import process from 'node:process';
import { describe, it } from 'node:test';

import { SERVER, codeServer, until, workspace } from './surroundings.mjs';

const GOAL = 'Return the condition itself';

describe('a workspace that is not trusted', () => {
  it('shows goals and runs nothing of it, also not when asked to', async () => {
    const server = await codeServer('untrusted', { hasTrust: true });
    // A program the workspace would like to have run in the server's place.
    const folder = await workspace('python-pytest', {
      'server.sh': '#!/bin/sh\ntouch "$(dirname "$0")/was-run"\nexec hephaestus "$@"\n',
      '.vscode/settings.json': '',
    });
    await chmod(path.join(folder, 'server.sh'), 0o755);
    const settings = { 'hephaestus.server.path': path.join(folder, 'server.sh') };
    await writeFile(path.join(folder, '.vscode/settings.json'), JSON.stringify(settings));
    const bench = await server.open(folder, { files: ['shelf.py'] });
    await bench.untilStatus(/not trusted/);
    await bench.showGoals();
    await bench.untilRow(new RegExp(`${GOAL}, To be tried`));
    await bench.clickLine('Books on a shelf');
    await bench.command('Hephaestus: Forge This File');
    await bench.untilMessage(/trust/i);
    await bench.picture('untrusted');
    assert.match(await bench.statusText(), /not trusted/);
    assert.ok(!(await bench.rows()).some((row) => /Proven|Being forged/.test(row)));
    await assert.rejects(access(path.join(folder, 'was-run')), 'the program of the workspace was run');
    await bench.close();
  });

  it('is forged as soon as it is trusted', async () => {
    const server = await codeServer('untrusted', { hasTrust: true });
    const bench = await server.open(await workspace('python-pytest'), { files: ['shelf.py'] });
    await bench.untilStatus(/not trusted/);
    await bench.showGoals();
    await bench.untilRow(new RegExp(`${GOAL}, To be tried`));
    await bench.trustWorkspace();
    await bench.untilStatus(/^Hephaestus$/);
    await bench.clickLine('Books on a shelf');
    await bench.save();
    await bench.untilStatus(/Hephaestus: \d+ proven/);
    await bench.close();
  });
});

describe('the server', () => {
  it('is started again when it dies, and everything is as before', async () => {
    const server = await codeServer();
    const others = await server.processes(SERVER);
    const ours = async () => (await server.processes(SERVER)).filter((process) => !others.includes(process));
    const bench = await server.open(await workspace('python-pytest'), { files: ['shelf.py'] });
    await bench.showGoals();
    await bench.untilRow(new RegExp(GOAL));
    await bench.untilStatus(/^Hephaestus$/);
    const [first, ...more] = await ours();
    assert.ok(first !== undefined && more.length === 0, 'one server runs');
    process.kill(first, 'SIGKILL');
    await until('another server runs', async () => (await ours()).find((found) => found !== first));
    await bench.untilStatus(/^Hephaestus$/);
    await bench.untilRow(new RegExp(GOAL));
    await bench.clickLine('Books on a shelf');
    await bench.save();
    await bench.untilRow(new RegExp(`${GOAL}, Proven`));
    await bench.close();
  });

  it('that is missing is told, with what helps', async () => {
    const server = await codeServer();
    const nowhere = path.join(path.dirname(SERVER), 'no-such-program');
    const folder = await workspace('python-pytest', {
      '.vscode/settings.json': JSON.stringify({ 'hephaestus.server.path': nowhere }),
    });
    const bench = await server.open(folder, { files: ['shelf.py'] });
    const message = await bench.untilMessage(/no-such-program/);
    for (const button of ['Open Setting', 'How to Install', 'Look Again']) assert.match(message, new RegExp(button));
    await bench.picture('missing-server');
    await bench.messageAction('Open Setting');
    await bench.page.locator('.settings-editor').waitFor();
    await until('the setting is shown', async () =>
      (await bench.page.locator('.settings-editor').innerText()).includes('Server: Path'),
    );
    await bench.picture('setting');
    await bench.close();
  });
});
