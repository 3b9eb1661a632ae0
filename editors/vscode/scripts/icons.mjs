// Makes what is drawn from the vector images in `resources`: the font with the status bar's icon, and, where the
// environment variable CHROMIUM names that browser, the extension's icon. Run it after an image was changed; what it
// makes is kept in the repository.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import svg2ttf from 'svg2ttf';
import { SVGIcons2SVGFontStream } from 'svgicons2svgfont';
import ttf2woff from 'ttf2woff';

const resources = fileURLToPath(new URL('../resources', import.meta.url));

const stream = new SVGIcons2SVGFontStream({ fontName: 'hephaestus', fontHeight: 1000, normalize: true, log: () => {} });
const glyph = Readable.from([readFileSync(join(resources, 'anvil.svg'))]);
glyph.metadata = { unicode: ['\uE001'], name: 'anvil' };
stream.write(glyph);
stream.end();
// A fixed time: the same image gives the same bytes.
const font = svg2ttf(await text(stream), { ts: 0 });
writeFileSync(join(resources, 'icons.woff'), ttf2woff(font.buffer));

if (process.env.CHROMIUM) {
  const folder = mkdtempSync(join(tmpdir(), 'hephaestus-icon-'));
  const image = readFileSync(join(resources, 'icon.svg'), 'utf8').replace('<svg ', '<svg style="display:block" ');
  writeFileSync(join(folder, 'icon.html'), `<body style="margin:0">${image}</body>`);
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--window-size=256,256'];
  const colour = '--default-background-color=00000000';
  const target = `--screenshot=${join(resources, 'icon.png')}`;
  execFileSync(process.env.CHROMIUM, [...flags, colour, target, join(folder, 'icon.html')], { stdio: 'ignore' });
  rmSync(folder, { recursive: true });
}
