// Gathers the texts of the sources that can be translated into `l10n/bundle.l10n.json`, or says that it is stale; checks
// also that each language has all three (these texts, those of the manifest and the pages of the walkthrough) and exactly
// the texts there are, with the same places for values, and that no text of the manifest is without a key.
//
//   node scripts/l10n.mjs --write | --check
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { getL10nJson } from '@vscode/l10n-dev';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const BUNDLE = join(ROOT, 'l10n', 'bundle.l10n.json');

const sources = readdirSync(join(ROOT, 'src'))
  .filter((name) => name.endsWith('.ts'))
  .sort()
  .map((name) => ({ extension: '.ts', contents: readFileSync(join(ROOT, 'src', name), 'utf8') }));
const found = await getL10nJson(sources);
const sorted = Object.fromEntries(Object.entries(found).sort(([a], [b]) => (a < b ? -1 : 1)));
const wanted = `${JSON.stringify(sorted, null, 2)}\n`;

if (process.argv.includes('--write')) {
  writeFileSync(BUNDLE, wanted);
} else {
  const complaints = [];
  if (readFileSync(BUNDLE, 'utf8') !== wanted) complaints.push('l10n/bundle.l10n.json is stale; mend it with: npm run l10n');
  const bundles = readdirSync(join(ROOT, 'l10n')).filter((name) => /^bundle\.l10n\..+\.json$/.test(name));
  for (const name of bundles) complaints.push(...compare(`l10n/${name}`, sorted));
  const texts = JSON.parse(readFileSync(join(ROOT, 'package.nls.json'), 'utf8'));
  const manifests = readdirSync(ROOT).filter((name) => /^package\.nls\..+\.json$/.test(name));
  for (const name of manifests) complaints.push(...compare(name, texts));
  complaints.push(...references(texts));
  complaints.push(...untranslatable());
  const languages = new Set([...bundles, ...manifests].map((name) => name.split('.').at(-2)));
  for (const language of languages) complaints.push(...without(language));
  for (const complaint of complaints) console.error(complaint);
  process.exitCode = complaints.length === 0 ? 0 : 1;
}

/** What a translation lacks or has too much. */
function compare(name, texts) {
  const translated = JSON.parse(readFileSync(join(ROOT, name), 'utf8'));
  const missing = Object.keys(texts).filter((key) => translated[key] === undefined);
  const gone = Object.keys(translated).filter((key) => texts[key] === undefined);
  const unlike = Object.keys(texts).filter((key) => {
    const places = (text) => [...String(text).matchAll(/\{\d+\}|\(command:[^)]*\)/g)].map(([place]) => place).sort();
    return translated[key] !== undefined && `${places(texts[key])}` !== `${places(translated[key])}`;
  });
  return [
    ...missing.map((key) => `${name} lacks: ${key}`),
    ...gone.map((key) => `${name} has what is not used: ${key}`),
    ...unlike.map((key) => `${name} has other places for values in: ${key}`),
  ];
}

/** Texts that package.json names and nobody wrote, and the other way round. */
function references(texts) {
  const manifest = readFileSync(join(ROOT, 'package.json'), 'utf8');
  const used = new Set([...manifest.matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key));
  return [
    ...[...used].filter((key) => texts[key] === undefined).map((key) => `package.nls.json lacks: ${key}`),
    ...Object.keys(texts).filter((key) => !used.has(key)).map((key) => `package.nls.json has what is not used: ${key}`),
  ];
}

/** What people read in the manifest, and no translation could reach; the product's own name is the same everywhere. */
function untranslatable() {
  const READ = new Set(['title', 'name', 'contents', 'description', 'markdownDescription', 'altText', 'contextualTitle', 'label']);
  const { contributes, capabilities } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const found = [];
  const visit = (key, value) => {
    const isRead = READ.has(key) || key === 'enumDescriptions';
    for (const text of isRead ? [value].flat() : []) {
      if (typeof text === 'string' && !/^(%.+%|Hephaestus|)$/.test(text)) found.push(`package.json says without a key: ${text}`);
    }
    if (typeof value === 'object' && value !== null) Object.entries(value).forEach(([own, inner]) => visit(own, inner));
  };
  visit('', contributes);
  visit('', capabilities);
  return found;
}

/** The files that a language should have and has not. */
function without(language) {
  const pages = readdirSync(join(ROOT, 'walkthrough')).filter((name) => /^[^.]+\.md$/.test(name));
  const wanted = [
    `l10n/bundle.l10n.${language}.json`,
    `package.nls.${language}.json`,
    ...pages.map((name) => `walkthrough/${name.replace(/\.md$/, `.nls.${language}.md`)}`),
  ];
  return wanted.filter((name) => !existsSync(join(ROOT, name))).map((name) => `there is no ${name}`);
}
