// Bundles the extension, the card's script and the tests. It must not decide what is packaged: `.vscodeignore` does.
import { readdirSync } from 'node:fs';
import { build, context } from 'esbuild';

const what = process.argv[2] ?? 'extension';
const isWatching = process.argv.includes('--watch');

/** What every bundle for the extension host has in common. */
const host = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // The packages' ES modules are smaller once bundled than their CommonJS twins.
  mainFields: ['module', 'main'],
  external: ['vscode'],
  logLevel: 'warning',
};

const bundles = {
  extension: [
    {
      ...host,
      external: ['vscode', './client.js'],
      entryPoints: ['src/extension.ts'],
      outfile: 'dist/extension.js',
      minify: true,
      sourcemap: isWatching,
    },
    { ...host, entryPoints: ['src/client.ts'], outfile: 'dist/client.js', minify: true, sourcemap: isWatching },
    {
      bundle: true,
      platform: 'browser',
      format: 'iife',
      target: 'es2022',
      entryPoints: ['src/webview/card.ts'],
      outfile: 'dist/card.js',
      minify: true,
      logLevel: 'warning',
    },
  ],
  unit: [{ ...host, entryPoints: tests('test/unit'), outdir: 'dist/unit', sourcemap: 'inline' }],
  'host-tests': [{ ...host, entryPoints: ['test/host/index.ts'], outfile: 'dist/test/index.js', sourcemap: 'inline' }],
};

function tests(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => `${folder}/${name}`);
}

const chosen = bundles[what];
if (chosen === undefined) throw new Error(`nothing is called ${what}; known: ${Object.keys(bundles).join(', ')}`);
if (isWatching) {
  await Promise.all(chosen.map(async (options) => (await context(options)).watch()));
} else {
  await Promise.all(chosen.map((options) => build(options)));
}
