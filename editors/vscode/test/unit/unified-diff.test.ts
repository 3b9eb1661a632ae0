// Diffs as rows: numbers, signs, files, odd ends.
import * as assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { readDiff } from '../../src/unified-diff.js';

const DIFF = `--- a/src/shelf.py
+++ b/src/shelf.py
@@ -10,4 +10,3 @@ def f():
 def is_empty(books):
-    if not books:
-        return True
+    return not books
 \n`;

describe('a diff', () => {
  it('has the numbers of both sides', () => {
    const [file] = readDiff(DIFF);
    assert.equal(file?.path, 'src/shelf.py');
    assert.deepEqual([file.added, file.removed], [1, 2]);
    assert.deepEqual(
      file.rows.map((row) => [row.kind, row.before, row.after, row.text]),
      [
        ['hunk', undefined, undefined, '⋯'],
        ['same', 10, 10, 'def is_empty(books):'],
        ['removed', 11, undefined, '    if not books:'],
        ['removed', 12, undefined, '        return True'],
        ['added', undefined, 11, '    return not books'],
        ['same', 13, 12, ''],
      ],
    );
  });

  it('may have lines that look like headers', () => {
    const [file, ...more] = readDiff('--- a/x.sql\n+++ b/x.sql\n@@ -1,2 +1,2 @@\n--- old remark\n+++ new remark\n same\n');
    assert.deepEqual(more, []);
    assert.deepEqual(
      file?.rows.map((row) => [row.kind, row.text]),
      [
        ['removed', '-- old remark'],
        ['added', '++ new remark'],
        ['same', 'same'],
      ],
    );
  });

  it('of several files is several', () => {
    const created = '--- /dev/null\n+++ b/new.py\n@@ -0,0 +1,1 @@\n+x = 1\n';
    const deleted = '--- a/old.py\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x = 1\n';
    assert.deepEqual(
      readDiff(created + deleted).map((file) => [file.path, file.added, file.removed]),
      [
        ['new.py', 1, 0],
        ['old.py', 0, 1],
      ],
    );
  });

  it('says where the last line has no end', () => {
    const [file] = readDiff('--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n');
    assert.deepEqual(file?.rows.map((row) => row.kind), ['removed', 'note', 'added']);
  });

  it('keeps the carriage returns of the file out of sight', () => {
    const [file] = readDiff('--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\r\n+b\r\n');
    assert.deepEqual(file?.rows.map((row) => row.text), ['a', 'b']);
  });

  it('that is none is shown as text', () => {
    const [file] = readDiff('--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-a\n');
    assert.ok(file?.rows.some((row) => row.text.includes('-a')));
  });
});
