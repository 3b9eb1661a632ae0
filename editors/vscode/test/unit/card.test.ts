// The evidence card: what stands on it, which buttons it has, and that no text of the server becomes markup.
import * as assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { amount, scoresPart, strengthPart } from '../../src/card-charts.js';
import { actionsOf, cardBody, cardMessage, cardPage, seconds } from '../../src/card.js';
import { evidenceOf, type Evidence } from '../../src/protocol.js';

const EVIL = `</script><img src=x onerror=alert(1)>"'&`;

function proven(more: Partial<Evidence> = {}): Evidence {
  return evidenceOf({
    goal: 'g1',
    title: 'Return the condition itself',
    rule: 'python/return-condition',
    kind: 'simplify',
    why: 'It says `the same`.',
    state: 'proven',
    engine: 'rewrite',
    summary: 'cognitive 2 → 0',
    diff: '--- a/shelf.py\n+++ b/shelf.py\n@@ -1 +1 @@\n-a\n+b\n',
    files: [{ uri: 'file:///w/shelf.py', path: 'shelf.py', before: 'a\n', after: 'b\n' }],
    scores: [{ dimension: 'cognitive', before: 2, after: 0, better: 'lower', improved: true }],
    gates: [{ gate: 'tests-pass', passed: true, detail: '3 tests' }],
    checks: [{ stage: 'full suite', what: '3 tests passed', seconds: 0.318 }],
    strength: { killed: 8, survived: 2, score: 0.8, limit: 0.8 },
    notChecked: ['speed'],
    markdown: '# card',
    ...more,
  });
}

/** The ids of a card's parts, in order. */
function parts(html: string): string[] {
  return [...html.matchAll(/<section id="([^"]+)"/g)].map(([, id]) => id ?? '');
}

describe('the card', () => {
  it('has a part for everything that is known, in the order of questions people ask', () => {
    assert.deepEqual(parts(cardBody(proven())), ['why', 'diff', 'scores', 'checks', 'gates', 'strength', 'not-checked']);
    const more = proven({
      questions: ['q'],
      failing: ['test_a'],
      suspects: [{ path: 'a.py', line: 3, suspicion: 0.5 }],
      alternatives: ['x'],
      notes: ['n'],
    });
    for (const part of ['questions', 'failing', 'suspects', 'alternatives', 'notes']) {
      assert.ok(parts(cardBody(more)).includes(part), part);
    }
  });

  it('has no part for what is not known', () => {
    assert.deepEqual(parts(cardBody(evidenceOf({ rule: 'x', title: 't' }))), []);
  });

  it('has one heading of the first order, and each part one of the second', () => {
    const html = cardBody(proven());
    assert.equal(html.match(/<h1/g)?.length, 1);
    assert.equal(html.match(/<h2/g)?.length, parts(html).length);
  });

  it('shows text as text wherever it comes from', () => {
    const html = cardBody(
      proven({
        title: EVIL,
        rule: EVIL,
        kind: EVIL,
        why: EVIL,
        summary: EVIL,
        engine: EVIL,
        diff: `--- a/${EVIL}\n+++ b/${EVIL}\n@@ -1 +1 @@\n-${EVIL}\n+${EVIL}\n`,
        files: [{ uri: EVIL, path: EVIL, before: EVIL, after: EVIL }],
        scores: [{ dimension: EVIL, before: 1, after: 2, unit: EVIL, better: 'lower', improved: false }],
        gates: [{ gate: EVIL, passed: false, detail: EVIL }],
        checks: [{ stage: EVIL, what: EVIL, seconds: 1 }],
        alternatives: [EVIL],
        questions: [EVIL],
        failing: [EVIL],
        suspects: [{ path: EVIL, line: 1, suspicion: 1 }],
        notes: [EVIL],
        notChecked: [EVIL],
        state: EVIL as Evidence['state'],
      }),
    );
    assert.doesNotMatch(html, /<img|<\/script|onerror=alert\(1\)>/);
    assert.match(html, /&lt;img src=x onerror=alert\(1\)&gt;&quot;&#39;&amp;/);
  });

  it('shows the text alone where the server sends no more', () => {
    const html = cardBody(evidenceOf({ title: 't', markdown: `**${EVIL}**` }));
    assert.match(html, /<pre class="markdown" data-testid="markdown">\*\*&lt;\/script&gt;/);
  });

  it('sets what stands in backquotes as code, and leaves a single one alone', () => {
    assert.match(cardBody(proven({ why: 'say `a<b`, not `c' })), /say <code>a&lt;b<\/code>, not `c/);
  });

  it('names files that come or go', () => {
    const files = [{ uri: 'file:///w/shelf.py', path: 'shelf.py', before: null, after: 'b\n' }];
    assert.match(cardBody(proven({ files })), /is created/);
  });
});

describe('the buttons', () => {
  const rows: [Evidence['state'], string[]][] = [
    ['proven', ['apply', 'preview', 'verify', 'dismiss']],
    ['stale', ['verify', 'preview', 'dismiss']],
    ['open', ['forge', 'preview', 'dismiss']],
    ['forging', ['preview']],
    ['applied', ['preview']],
    ['dismissed', ['restore', 'preview']],
  ];
  for (const [state, actions] of rows) {
    it(`of a goal that is ${state}`, () => {
      assert.deepEqual(actionsOf(proven({ state })), actions);
    });
  }

  it('show nothing where there is no change', () => {
    assert.deepEqual(actionsOf(proven({ state: 'open', files: [] })), ['forge', 'dismiss']);
  });
});

describe('the page', () => {
  const page = cardPage('a <title>', cardMessage('wait <b>', true), {
    nonce: 'N0',
    source: 'https://host',
    style: 'https://host/card.css',
    script: 'https://host/card.js',
    language: 'de',
  });

  it('runs one script, and no other', () => {
    assert.match(page, /default-src &#39;none&#39;; style-src https:\/\/host; script-src &#39;nonce-N0&#39;/);
    assert.equal(page.match(/<script/g)?.length, 1);
    assert.doesNotMatch(page + cardBody(proven()), / style="| on[a-z]+="/);
  });

  it('names its language and escapes what it says', () => {
    assert.match(page, /<html lang="de">/);
    assert.match(page, /<title>a &lt;title&gt;<\/title>/);
    assert.match(page, /role="alert">wait &lt;b&gt;/);
  });
});

describe('measures', () => {
  const score = (before: number, after: number, improved: boolean | null, dimension = 'd'): Evidence['scores'][number] => ({
    dimension,
    before,
    after,
    better: 'lower',
    improved,
  });

  it('that got better come first, those that stayed are one line', () => {
    const html = scoresPart([score(1, 1, null, 'same'), score(1, 2, false, 'worse'), score(4, 1, true, 'better')]);
    assert.ok(html.indexOf('>better<') < html.indexOf('>worse<'));
    assert.match(html, /Unchanged: same \(1\)/);
    assert.match(html, /−75\u00a0%, better/);
    assert.match(html, /\+100\u00a0%, worse/);
  });

  it('are drawn in proportion', () => {
    const html = scoresPart([score(4, 1, true)]);
    assert.match(html, /class="before"[^>]* width="200.0"/);
    assert.match(html, /class="after"[^>]* width="50.0"/);
  });

  it('from nothing have no percentage', () => {
    assert.match(scoresPart([score(0, 5, null)]), />not judged</);
  });

  it('are numbers people read', () => {
    assert.deepEqual([amount(0.30612, 's'), amount(2, ''), amount(123.456, 'ms'), amount(1.2345, '')], ['0.306 s', '2', '123 ms', '1.23']);
    assert.deepEqual([seconds(0), seconds(0.088), seconds(1.5), seconds(12.34), seconds(300)], ['under 1 ms', '88 ms', '1.50 s', '12.3 s', '300 s']);
  });

  it('of strength are marked where they miss the limit', () => {
    assert.match(strengthPart({ killed: 1, survived: 1, score: 0.5, limit: 0.8 }), /class="meter weak"/);
    assert.match(strengthPart({ killed: 8, survived: 2, score: 0.8, limit: 0.8 }), /class="meter strong"/);
    assert.doesNotMatch(strengthPart({ killed: 1, survived: 1, score: 0.5, limit: null }), /class="limit"/);
    assert.equal(strengthPart(null), '');
  });
});
