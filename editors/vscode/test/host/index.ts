// The tests that run inside the extension host of a real editor: its entry is `run`, as `extensionTestsPath` wants it.
// They must not need a person, nor a network.
import { activation } from './activation.js';
import { commandsAndViews } from './commands.js';
import { settings } from './settings.js';

/** Runs everything; fails with all that failed. Results go to the console, as TAP. */
export async function run(): Promise<void> {
  const all = Object.entries({ ...activation, ...commandsAndViews, ...settings });
  const failures: string[] = [];
  console.log(`TAP version 13\n1..${all.length}`);
  for (const [index, [name, test]] of all.entries()) {
    try {
      await test();
      console.log(`ok ${index + 1} - ${name}`);
    } catch (error) {
      const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
      console.log(`not ok ${index + 1} - ${name}\n  ${why.replaceAll('\n', '\n  ')}`);
      failures.push(`${name}: ${why}`);
    }
  }
  if (failures.length > 0) throw new Error(failures.join('\n\n'));
}
