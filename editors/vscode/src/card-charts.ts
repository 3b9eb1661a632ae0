// The card's two small charts: measures before and after, and how strong the tests are. It must let no text of the
// server become markup, and use no inline styles, which the page's policy forbids.
import * as l10n from '@vscode/l10n';

import { escapeHtml as text, section } from './html.js';
import type { Score, Strength } from './protocol.js';

/** How wide the bars' room is, in the drawing's own units. */
const WIDTH = 200;

/** Measures before and after, each with two bars and its numbers; what stayed as it was is named below. */
export function scoresPart(scores: readonly Score[]): string {
  if (scores.length === 0) return '';
  const changed = [...scores.filter((score) => score.before !== score.after)].sort((a, b) => rank(a) - rank(b));
  const same = scores.filter((score) => score.before === score.after);
  const rows = changed.map(scoreRow).join('');
  const table =
    rows === ''
      ? ''
      : `<table class="plain scores"><thead><tr><th scope="col">${text(l10n.t('Measure'))}</th><th scope="col" class="number">${text(l10n.t('Before'))}</th><th scope="col" class="number">${text(l10n.t('After'))}</th><th scope="col">${text(l10n.t('Change'))}</th></tr></thead><tbody>${rows}</tbody></table>`;
  const names = same.map((score) => `${score.dimension} (${amount(score.after, unitOf(score))})`).join(', ');
  const rest = same.length === 0 ? '' : `<p class="rest">${text(l10n.t('Unchanged: {0}', names))}</p>`;
  return section('scores', l10n.t('Measures'), table + rest);
}

/** What got better comes first, what is only shown last. */
function rank(score: Score): number {
  return score.improved === null ? 2 : Number(!score.improved);
}

/** The unit of what is measured; everything else is counted. */
function unitOf(score: Score): string {
  return score.unit ?? (score.dimension === 'run-time' ? 's' : '');
}

function scoreRow(score: Score): string {
  const verdict = score.improved === null ? 'shown' : score.improved ? 'better' : 'worse';
  const unit = unitOf(score);
  return `<tr class="${verdict}"><th scope="row">${text(score.dimension)}</th><td class="number">${text(amount(score.before, unit))}</td><td class="number after">${text(amount(score.after, unit))}</td><td class="change">${bars(score)}<span class="verdict">${text(verdictName(score))}</span></td></tr>`;
}

function bars(score: Score): string {
  const most = Math.max(Math.abs(score.before), Math.abs(score.after));
  const share = (value: number): string => (most === 0 ? 0 : (Math.abs(value) / most) * WIDTH).toFixed(1);
  return `<svg class="bars" viewBox="0 0 ${WIDTH} 16" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="before" x="0" y="1" height="6" width="${share(score.before)}"/><rect class="after" x="0" y="9" height="6" width="${share(score.after)}"/></svg>`;
}

function verdictName(score: Score): string {
  const change = percent(score);
  if (score.improved === null) return change === '' ? l10n.t('not judged') : l10n.t('{0}, not judged', change);
  if (change === '') return score.improved ? l10n.t('better') : l10n.t('worse');
  return score.improved ? l10n.t('{0}, better', change) : l10n.t('{0}, worse', change);
}

function percent(score: Score): string {
  if (score.before === 0) return '';
  const change = Math.round(((score.after - score.before) / Math.abs(score.before)) * 100);
  return change === 0 ? '' : `${change > 0 ? '+' : '−'}${Math.abs(change)}\u00a0%`;
}

/** A number with at most three digits behind the point, and its unit. */
export function amount(value: number, unit: string): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 1 ? 2 : 3;
  const number = Number.isInteger(value) ? String(value) : String(Number(value.toFixed(digits)));
  return unit === '' ? number : `${number} ${unit}`;
}

/** What share of deliberate faults the tests noticed, against the limit that was asked for. */
export function strengthPart(strength: Strength | null): string {
  if (strength === null) return '';
  const all = strength.killed + strength.survived;
  const share = Math.round(strength.score * 100);
  const words = l10n.t('{0} of {1} deliberate faults were noticed by the tests ({2} %).', strength.killed, all, share);
  const limit =
    strength.limit === null ? '' : ` ${l10n.t('{0} % are asked for.', Math.round(strength.limit * 100))}`;
  const isWeak = strength.limit !== null && strength.score < strength.limit;
  const killed = Math.max(0, Math.min(1, strength.score)) * WIDTH;
  const mark =
    strength.limit === null
      ? ''
      : `<rect class="limit" x="${(Math.max(0, Math.min(1, strength.limit)) * WIDTH - 1).toFixed(1)}" y="0" width="2" height="16"/>`;
  const meter = `<svg class="meter ${isWeak ? 'weak' : 'strong'}" viewBox="0 0 ${WIDTH} 16" preserveAspectRatio="none" aria-hidden="true" focusable="false"><rect class="survived" x="0" y="3" width="${WIDTH}" height="10"/><rect class="killed" x="0" y="3" width="${killed.toFixed(1)}" height="10"/>${mark}</svg>`;
  return section('strength', l10n.t('How strong the tests are here'), `${meter}<p>${text(words)}${text(limit)}</p>`);
}
