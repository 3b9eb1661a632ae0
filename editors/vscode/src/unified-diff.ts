// Rows with line numbers out of a unified diff. It must not fail on what is no diff: that is shown as text.
import { parsePatch, type StructuredPatch, type StructuredPatchHunk } from 'diff';

/** A row of a diff as it is shown; numbers count from 1. */
export interface Row {
  readonly kind: 'same' | 'added' | 'removed' | 'hunk' | 'note';
  readonly before: number | undefined;
  readonly after: number | undefined;
  readonly text: string;
}

/** The part of a diff that is about one file. */
export interface FileDiff {
  readonly path: string;
  readonly rows: readonly Row[];
  readonly added: number;
  readonly removed: number;
}

/** The files of a unified diff with `a/` and `b/` before its paths. */
export function readDiff(diff: string): FileDiff[] {
  return patches(diff).map((patch) => {
    const rows = patch.hunks.flatMap((hunk, index) => [...separator(hunk, index), ...hunkRows(hunk)]);
    return { path: pathOf(patch), rows, added: countOf(rows, 'added'), removed: countOf(rows, 'removed') };
  });
}

function patches(diff: string): StructuredPatch[] {
  try {
    return parsePatch(diff).filter((patch) => patch.hunks.length > 0);
  } catch {
    const lines = diff.split('\n').map((line) => ` ${line}`);
    const hunk = { oldStart: 1, oldLines: lines.length, newStart: 1, newLines: lines.length, lines };
    return [{ oldFileName: '', newFileName: '', oldHeader: '', newHeader: '', hunks: [hunk] }];
  }
}

/** What stands above a stretch: where it is. The first line of a file needs no such word. */
function separator(hunk: StructuredPatchHunk, index: number): Row[] {
  if (index === 0 && hunk.oldStart <= 1) return [];
  return [{ kind: 'hunk', before: undefined, after: undefined, text: '⋯' }];
}

function hunkRows(hunk: StructuredPatchHunk): Row[] {
  let before = hunk.oldStart;
  let after = hunk.newStart;
  return hunk.lines.map((line): Row => {
    const text = line.slice(1).replace(/\r$/, '');
    switch (line[0]) {
      case '+':
        return { kind: 'added', text, before: undefined, after: after++ };
      case '-':
        return { kind: 'removed', text, before: before++, after: undefined };
      case '\\':
        return { kind: 'note', text: text.trim(), before: undefined, after: undefined };
      default:
        return { kind: 'same', text, before: before++, after: after++ };
    }
  });
}

/** The name after the change, or before it where the file is deleted. */
function pathOf(patch: StructuredPatch): string {
  const names = [patch.newFileName, patch.oldFileName].filter((name) => name !== undefined && name !== '/dev/null');
  return (names[0] ?? '').replace(/^[ab]\//, '');
}

function countOf(rows: readonly Row[], kind: Row['kind']): number {
  return rows.filter((row) => row.kind === kind).length;
}
