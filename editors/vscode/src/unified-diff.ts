// Reads a unified diff into rows with line numbers. It must not fail on what is no diff: such lines are rows of text.

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

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;

interface Reading {
  path: string;
  rows: Row[];
}

/** The files of a unified diff with `a/` and `b/` before its paths. */
export function readDiff(diff: string): FileDiff[] {
  const files: Reading[] = [];
  let current: Reading | undefined;
  // How many lines of the hunk are still to come: a removed line may look like a header (`--- x`).
  let left = { before: 0, after: 0 };
  let at = { before: 0, after: 0 };
  const push = (kind: Row['kind'], text: string, before?: number, after?: number): void => {
    if (current === undefined) files.push((current = { path: '', rows: [] }));
    current.rows.push({ kind, text, before, after });
  };
  for (const line of linesOf(diff)) {
    const hunk = HUNK.exec(line);
    if (left.before > 0 || left.after > 0) {
      const sign = line[0] ?? ' ';
      const text = line.slice(1);
      if (sign === '+') {
        push('added', text, undefined, at.after++);
        left.after--;
      } else if (sign === '-') {
        push('removed', text, at.before++, undefined);
        left.before--;
      } else if (sign === '\\') push('note', text.trim());
      else {
        push('same', text, at.before++, at.after++);
        left = { before: left.before - 1, after: left.after - 1 };
      }
    } else if (hunk !== null) {
      left = { before: Number(hunk[2] ?? 1), after: Number(hunk[4] ?? 1) };
      at = { before: Number(hunk[1]), after: Number(hunk[3]) };
      push('hunk', line);
    } else if (line.startsWith('--- ')) {
      files.push((current = { path: pathOf(line), rows: [] }));
    } else if (line.startsWith('+++ ')) {
      const path = pathOf(line);
      if (current !== undefined && path !== '') current.path = path;
    } else if (line.startsWith('\\')) push('note', line.slice(1).trim());
    else if (current !== undefined && line !== '' && !isHeader(line)) push('note', line);
  }
  return files.map(({ path, rows }) => ({ path, rows, added: countKind(rows, 'added'), removed: countKind(rows, 'removed') }));
}

function linesOf(diff: string): string[] {
  const lines = diff.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function isHeader(line: string): boolean {
  return /^(diff |index |new file|deleted file|similarity|rename |old mode|new mode)/.test(line);
}

/** The path of a `---` or `+++` line; empty for `/dev/null`. */
function pathOf(line: string): string {
  const name = (line.slice(4).split('\t', 1)[0] ?? '').trim();
  return name === '/dev/null' ? '' : name.replace(/^[ab]\//, '');
}

function countKind(rows: readonly Row[], kind: Row['kind']): number {
  return rows.filter((row) => row.kind === kind).length;
}
