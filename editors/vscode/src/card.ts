// The evidence card as HTML. It must not import the editor's API, and must let no text of the server become markup.
import * as l10n from '@vscode/l10n';

import { scoresPart, strengthPart } from './card-charts.js';
import { stateName } from './goal-tree.js';
import { escapeHtml as text, section } from './html.js';
import type { ChangedFile, Check, Evidence, Gate, Suspect } from './protocol.js';
import { readDiff, type FileDiff, type Row } from './unified-diff.js';

/** What a button of the card asks for. */
export const ACTIONS = ['apply', 'preview', 'verify', 'forge', 'dismiss', 'restore'] as const;
export type Action = (typeof ACTIONS)[number];

/** Where the page may load from, and what its one script is marked with. */
export interface Page {
  readonly nonce: string;
  readonly source: string;
  readonly style: string;
  readonly script: string;
  readonly language: string;
}

/** The whole page around a card. */
export function cardPage(title: string, body: string, page: Page): string {
  const policy = `default-src 'none'; style-src ${page.source}; script-src 'nonce-${page.nonce}'`;
  return `<!DOCTYPE html>
<html lang="${text(page.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${text(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${text(page.style)}">
<title>${text(title)}</title>
</head>
<body>
<main data-testid="card" aria-live="off">${body}</main>
<script nonce="${text(page.nonce)}" src="${text(page.script)}"></script>
</body>
</html>`;
}

/** What stands in the page while nothing is known, or when asking failed. */
export function cardMessage(message: string, isError: boolean): string {
  return `<h1 data-testid="title">${text(l10n.t('Evidence'))}</h1>
<p data-testid="message"${isError ? ' role="alert"' : ' role="status"'}>${text(message)}</p>`;
}

/** The card. */
export function cardBody(evidence: Evidence): string {
  // A server that knows no more than text names no rule.
  const isTextOnly = evidence.rule === '' && evidence.markdown !== '';
  const parts = isTextOnly
    ? [head(evidence), `<pre class="markdown" data-testid="markdown">${text(evidence.markdown)}</pre>`]
    : [
        head(evidence),
        paragraphs('why', l10n.t('Why'), evidence.why),
        listPart('questions', l10n.t('Questions for you'), evidence.questions, 'callout'),
        diffPart(evidence),
        scoresPart(evidence.scores),
        checksPart(evidence.checks),
        gatesPart(evidence.gates),
        strengthPart(evidence.strength),
        listPart('failing', l10n.t('Tests that fail'), evidence.failing),
        suspectsPart(evidence.suspects),
        listPart('alternatives', l10n.t('How it was found, and what else would pass'), evidence.alternatives),
        listPart('notes', l10n.t('Notes'), evidence.notes),
        notCheckedPart(evidence),
      ];
  return parts.join('\n');
}

function head(evidence: Evidence): string {
  const marks = [evidence.kind, evidence.rule, evidence.engine ?? '']
    .filter((word) => word !== '')
    .map((word) => `<span class="mark">${text(word)}</span>`);
  const state = `<span class="state state-${text(evidence.state)}" data-testid="state">${text(stateName(evidence.state))}</span>`;
  const summary = evidence.summary === '' ? '' : `<p class="summary" data-testid="summary">${text(evidence.summary)}</p>`;
  return `<header>
<p class="marks">${state}${marks.join('')}</p>
<h1 data-testid="title">${text(evidence.title)}</h1>
${summary}
${toolbar(evidence)}
</header>`;
}

/** Which buttons make sense for a state; the first one is the one most people want. */
export function actionsOf(evidence: Evidence): Action[] {
  const preview: Action[] = evidence.files.length > 0 ? ['preview'] : [];
  switch (evidence.state) {
    case 'proven':
      return ['apply', ...preview, 'verify', 'dismiss'];
    case 'stale':
      return ['verify', ...preview, 'dismiss'];
    case 'open':
      return ['forge', ...preview, 'dismiss'];
    case 'applied':
      return preview;
    case 'dismissed':
      return ['restore', ...preview];
    default:
      return preview;
  }
}

function toolbar(evidence: Evidence): string {
  const actions = actionsOf(evidence);
  if (actions.length === 0) return '';
  const buttons = actions.map((action, index) => {
    const look = index === 0 ? 'primary' : 'secondary';
    return `<button type="button" class="${look}" data-action="${action}" data-testid="${action}">${text(actionName(action))}</button>`;
  });
  return `<div class="toolbar" role="group" aria-label="${text(l10n.t('What to do with it'))}">${buttons.join('')}</div>`;
}

function actionName(action: Action): string {
  switch (action) {
    case 'apply':
      return l10n.t('Apply');
    case 'preview':
      return l10n.t('Preview');
    case 'verify':
      return l10n.t('Prove Again');
    case 'forge':
      return l10n.t('Forge');
    case 'dismiss':
      return l10n.t('Dismiss');
    case 'restore':
      return l10n.t('Restore');
  }
}

function paragraphs(id: string, title: string, words: string): string {
  if (words.trim() === '') return '';
  const lines = words
    .split(/\n\s*\n/)
    .map((paragraph) => `<p>${inlineCode(paragraph.trim())}</p>`)
    .join('');
  return section(id, title, lines);
}

/** Text with what stands between backquotes as code, as the server's sentences have it. */
function inlineCode(words: string): string {
  return words
    .split('`')
    .map((part, index, all) => {
      if (index % 2 === 0) return text(part);
      return index === all.length - 1 ? text(`\`${part}`) : `<code>${text(part)}</code>`;
    })
    .join('');
}

function listPart(id: string, title: string, items: readonly string[], look = ''): string {
  if (items.length === 0) return '';
  const lines = items.map((item) => `<li>${inlineCode(item)}</li>`).join('');
  return section(id, title, `<ul>${lines}</ul>`, look);
}

function notCheckedPart(evidence: Evidence): string {
  if (evidence.notChecked.length === 0) return '';
  return listPart('not-checked', l10n.t('Not checked'), evidence.notChecked, 'callout');
}

function diffPart(evidence: Evidence): string {
  if (evidence.diff === null || evidence.diff === '') return '';
  const files = readDiff(evidence.diff).map((file) => fileDiff(file, evidence.files));
  return section('diff', l10n.t('What changes'), files.join(''));
}

function fileDiff(file: FileDiff, files: readonly ChangedFile[]): string {
  const known = files.find((one) => one.path === file.path);
  const fate =
    known?.before === null ? l10n.t('is created') : known?.after === null ? l10n.t('is deleted') : '';
  const counts = l10n.t('{0} lines added, {1} removed', file.added, file.removed);
  const caption = `<p class="file"><span class="path">${text(file.path)}</span>${fate === '' ? '' : ` <span>${text(fate)}</span>`}
<span class="counts" aria-label="${text(counts)}" role="img"><span class="plus">+${file.added}</span> <span class="minus">−${file.removed}</span></span></p>`;
  const rows = file.rows.map(diffRow).join('');
  const label = l10n.t('Change of {0}', file.path);
  return `<div class="diff-file">${caption}
<div class="scroll" role="region" tabindex="0" aria-label="${text(label)}">
<table class="diff"><thead class="hidden"><tr><th scope="col">${text(l10n.t('Line before'))}</th><th scope="col">${text(l10n.t('Line after'))}</th><th scope="col">${text(l10n.t('Kind'))}</th><th scope="col">${text(l10n.t('Text'))}</th></tr></thead>
<tbody>${rows}</tbody></table></div></div>`;
}

const SIGNS: Readonly<Record<Row['kind'], string>> = { same: ' ', added: '+', removed: '−', hunk: '', note: '' };

function diffRow(row: Row): string {
  if (row.kind === 'hunk' || row.kind === 'note') {
    return `<tr class="${row.kind}"><td></td><td></td><td></td><td>${text(row.text)}</td></tr>`;
  }
  const spoken =
    row.kind === 'added' ? l10n.t('added') : row.kind === 'removed' ? l10n.t('removed') : l10n.t('unchanged');
  return `<tr class="${row.kind}"><td class="number">${row.before ?? ''}</td><td class="number">${row.after ?? ''}</td><td class="sign"><span aria-hidden="true">${SIGNS[row.kind]}</span><span class="hidden">${text(spoken)}</span></td><td class="code">${text(row.text)}</td></tr>`;
}

function checksPart(checks: readonly Check[]): string {
  if (checks.length === 0) return '';
  const rows = checks
    .map(
      (check) =>
        `<tr><th scope="row">${text(check.stage)}</th><td>${text(check.what)}</td><td class="number">${text(seconds(check.seconds))}</td></tr>`,
    )
    .join('');
  const total = checks.reduce((sum, check) => sum + check.seconds, 0);
  const table = `<table class="plain"><thead><tr><th scope="col">${text(l10n.t('Stage'))}</th><th scope="col">${text(l10n.t('What was run'))}</th><th scope="col" class="number">${text(l10n.t('Time'))}</th></tr></thead>
<tbody>${rows}</tbody>
<tfoot><tr><th scope="row" colspan="2">${text(l10n.t('Together'))}</th><td class="number">${text(seconds(total))}</td></tr></tfoot></table>`;
  return section('checks', l10n.t('What was run'), table);
}

/** Milliseconds below a second, otherwise seconds with as many digits as mean something. */
export function seconds(value: number): string {
  if (value < 0.001) return l10n.t('under 1 ms');
  if (value < 1) return l10n.t('{0} ms', Math.round(value * 1000));
  return l10n.t('{0} s', value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0));
}

function gatesPart(gates: readonly Gate[]): string {
  if (gates.length === 0) return '';
  const lines = gates
    .map((gate) => {
      const spoken = gate.passed ? l10n.t('passed') : l10n.t('failed');
      const detail = gate.detail === '' ? '' : ` <span class="detail">${text(gate.detail)}</span>`;
      return `<li class="${gate.passed ? 'passed' : 'failed'}"><span class="verdict" aria-hidden="true">${gate.passed ? '✓' : '✗'}</span><span class="hidden">${text(spoken)}: </span><span>${text(gate.gate)}${detail}</span></li>`;
    })
    .join('');
  return section('gates', l10n.t('Conditions'), `<ul class="gates">${lines}</ul>`);
}

function suspectsPart(suspects: readonly Suspect[]): string {
  if (suspects.length === 0) return '';
  const rows = suspects
    .map(
      (suspect) =>
        `<tr><td>${text(suspect.path)}:${suspect.line}</td><td class="number">${Math.round(suspect.suspicion * 100)} %</td></tr>`,
    )
    .join('');
  const table = `<table class="plain"><thead><tr><th scope="col">${text(l10n.t('Place'))}</th><th scope="col" class="number">${text(l10n.t('Suspicion'))}</th></tr></thead><tbody>${rows}</tbody></table>`;
  return section('suspects', l10n.t('Where the reason is suspected'), table);
}
