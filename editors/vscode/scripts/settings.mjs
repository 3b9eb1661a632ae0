// Makes the server's settings in `package.json` from the schema of `hephaestus.toml` (`hephaestus schema`), or says that
// they are stale. It must not touch the settings of the extension's own sections, `server` and `trace`. What the settings
// say goes to `package.nls.json`, where translations start from; package.json has keys in its place.
//
//   node scripts/settings.mjs --write [--server PROGRAM]   writes both; with a program also the schema kept here
//   node scripts/settings.mjs --check [--server PROGRAM]   exits with 1 when either is stale
//
// The program may be named by the environment variable HEPHAESTUS_SERVER too.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const MANIFEST = fileURLToPath(new URL('../package.json', import.meta.url));
const TEXTS = fileURLToPath(new URL('../package.nls.json', import.meta.url));
const SCHEMA = fileURLToPath(new URL('../schemas/settings.schema.json', import.meta.url));

const OWN = /^hephaestus\.(server|trace)\./;

/** Keys of texts about the extension's own settings; all other texts of settings come from the schema. */
const OWN_TEXT = /^setting\.(server|trace)\./;

/** What can run programs, or makes running them less safe: an untrusted workspace has no say in it. */
const RESTRICTED = /^hephaestus\.(testing\.(command|env|runner)|sandbox\..*|llm\..*|fixers|external)$/;

/** Secrets and money: the server takes these from the user's own file alone, because an editor's settings may come with
 * a workspace. */
const NOT_FOR_EDITORS = /^hephaestus\.llm\.(key_env|key_command|budget_tokens|budget_usd|price_in|price_out|prompts)$/;

/** Settings about the machine, which are not carried from one to another. */
const OF_THE_MACHINE = /^hephaestus\.(forge\.jobs|sandbox\..*)$/;

/** The contributed settings for a schema, by key. */
export function settingsOf(schema) {
  const settings = {};
  let order = 100;
  for (const [section, about] of Object.entries(schema.properties)) {
    const resolved = resolve(schema, about);
    if (resolved.properties === undefined) {
      // A table of tables with names of the user's choice: one setting.
      settings[`hephaestus.${section}`] = setting(schema, about, `hephaestus.${section}`, order++);
      continue;
    }
    for (const [key, property] of Object.entries(resolved.properties)) {
      const name = `hephaestus.${section}.${key}`;
      if (NOT_FOR_EDITORS.test(name)) continue;
      settings[name] = setting(schema, property, name, order++);
    }
  }
  return settings;
}

function setting(schema, property, name, order) {
  const scope = OF_THE_MACHINE.test(name) ? 'machine-overridable' : 'window';
  return { order, scope, ...described(flattened(schema, property)) };
}

/** A property without references, in the words the editor's settings page understands. */
function flattened(schema, property) {
  const choice = property.anyOf?.find((one) => one.$ref !== undefined);
  if (choice !== undefined) {
    // One of a few words, or nothing.
    const { anyOf: _anyOf, ...rest } = property;
    const flat = flattened(schema, { ...rest, $ref: choice.$ref });
    return { ...flat, type: [flat.type, 'null'], enum: [...flat.enum, null] };
  }
  const { $ref: _ref, format: _format, oneOf, ...rest } = { ...resolve(schema, property), ...property };
  const flat = { ...rest };
  if (oneOf !== undefined) {
    flat.type = 'string';
    flat.enum = oneOf.map((one) => one.const);
    flat.enumDescriptions = oneOf.map((one) => one.description ?? '');
  }
  for (const within of ['items', 'additionalProperties']) {
    if (typeof flat[within] === 'object') flat[within] = flattened(schema, flat[within]);
  }
  if (flat.properties !== undefined) {
    flat.properties = Object.fromEntries(
      Object.entries(flat.properties).map(([key, value]) => [key, flattened(schema, value)]),
    );
  }
  return flat;
}

/** What stands in backquotes is code on the settings page, if the description is Markdown. */
function described({ description, title: _title, ...rest }) {
  return description === undefined ? rest : { ...rest, markdownDescription: description };
}

/** The settings with a key in place of each text, and the texts by key. */
export function withKeys(settings) {
  const texts = {};
  const keyFor = (key, text) => {
    texts[key] = text;
    return `%${key}%`;
  };
  const keyed = (at, about) => {
    const own = { ...about };
    for (const key of ['description', 'markdownDescription']) {
      if (own[key] !== undefined) own[key] = keyFor(at, own[key]);
    }
    own.enumDescriptions &&= own.enumDescriptions.map((text, n) => text && keyFor(`${at}:${own.enum[n]}`, text));
    for (const within of ['items', 'additionalProperties']) {
      if (typeof own[within] === 'object') own[within] = keyed(`${at}.*`, own[within]);
    }
    own.properties &&= mapped(own.properties, (key, value) => keyed(`${at}.${key}`, value));
    return own;
  };
  const result = mapped(settings, (key, about) => keyed(key.replace(/^hephaestus/, 'setting'), about));
  return { settings: result, texts };
}

function mapped(record, change) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(key, value)]));
}

/** The texts with those of the schema's settings instead of the ones they had, behind those of the extension's own. */
export function withTexts(all, texts) {
  const entries = Object.entries(all).filter(([key]) => !key.startsWith('setting.') || OWN_TEXT.test(key));
  const behind = entries.findLastIndex(([key]) => OWN_TEXT.test(key)) + 1;
  return Object.fromEntries([...entries.slice(0, behind), ...Object.entries(texts), ...entries.slice(behind)]);
}

function resolve(schema, property) {
  if (property.$ref === undefined) return property;
  const name = property.$ref.replace('#/$defs/', '');
  const found = schema.$defs[name];
  if (found === undefined) throw new Error(`the schema has no ${property.$ref}`);
  return found;
}

/** The manifest with these settings instead of the ones it had. */
export function withSettings(manifest, settings) {
  const { configuration } = manifest.contributes;
  const own = Object.entries(configuration.properties).filter(([key]) => OWN.test(key));
  const properties = { ...Object.fromEntries(own), ...settings };
  const { untrustedWorkspaces } = manifest.capabilities;
  const restrictedConfigurations = Object.keys(properties).filter(
    (key) => key.startsWith('hephaestus.server.') || RESTRICTED.test(key),
  );
  return {
    ...manifest,
    capabilities: {
      ...manifest.capabilities,
      untrustedWorkspaces: { ...untrustedWorkspaces, restrictedConfigurations },
    },
    contributes: { ...manifest.contributes, configuration: { ...configuration, properties } },
  };
}

function main(args) {
  const isCheck = args.includes('--check');
  const isWrite = args.includes('--write');
  if (isCheck === isWrite) throw new Error('say either --check or --write');
  const named = args.includes('--server') ? args[args.indexOf('--server') + 1] : process.env.HEPHAESTUS_SERVER;
  const kept = existsSync(SCHEMA) ? readFileSync(SCHEMA, 'utf8') : '';
  const schemaText = named ? execFileSync(named, ['schema'], { encoding: 'utf8' }) : kept;
  const manifestText = readFileSync(MANIFEST, 'utf8');
  const allTexts = readFileSync(TEXTS, 'utf8');
  const { settings, texts } = withKeys(settingsOf(JSON.parse(schemaText)));
  const wantedText = json(withSettings(JSON.parse(manifestText), settings));
  const wantedTexts = json(withTexts(JSON.parse(allTexts), texts));
  if (isWrite) {
    writeFileSync(SCHEMA, schemaText);
    writeFileSync(MANIFEST, wantedText);
    writeFileSync(TEXTS, wantedTexts);
    return;
  }
  const stale = [
    schemaText !== kept && 'schemas/settings.schema.json is not what the program prints',
    wantedText !== manifestText && 'the settings in package.json are not those of the schema',
    wantedTexts !== allTexts && 'the texts of settings in package.nls.json are not those of the schema',
  ].filter(Boolean);
  for (const message of stale) console.error(`${message}; mend it with: npm run settings`);
  process.exitCode = stale.length === 0 ? 0 : 1;
}

function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
