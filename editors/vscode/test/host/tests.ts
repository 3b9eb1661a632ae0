// What a test in the extension host is.

/** Tests: their names, and what they do. */
export type Tests = Readonly<Record<string, () => Promise<void>>>;
