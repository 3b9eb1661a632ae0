// Short words for failures: what was thrown, and at which line of the test file. It must not keep anything of a failure.

const patterns = new Map();

function pattern(path) {
  let found = patterns.get(path);
  if (!found) {
    found = new RegExp(`${path.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}:(\\d+)`);
    patterns.set(path, found);
  }
  return found;
}

/** The mark of a failure in a test of one of these files: `TypeError:12`. */
export function mark({ error, mark: known }, files) {
  if (known) return known;
  try {
    if (error === null || (typeof error !== "object" && typeof error !== "function")) return `thrown ${typeof error}`;
    const name = String(error.name ?? error.code ?? "Error").slice(0, 60);
    const stack = String(error.stack ?? "");
    for (const file of files) {
      const line = pattern(file).exec(stack);
      if (line) return `${name}:${line[1]}`;
    }
    return `${name}:`;
  } catch {
    return "Error:";
  }
}
