/* What every page of ours builds with: odd values made plain, elements, numbers in words. Text of the data goes in as text
   nodes and attributes only, never as markup. Is put together with the other scripts of a page inside one function. */

const array = (value) => (Array.isArray(value) ? value.filter((it) => it !== null && it !== undefined) : []);
const record = (value) => (value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {});
const records = (value) => array(value).filter((it) => typeof it === 'object');
const string = (value) => (typeof value === 'string' ? value : value === null || value === undefined ? '' : String(value));
const finite = (value) => (Number.isFinite(value) ? value : 0);
const SVG = document.getElementById('pen').namespaceURI;

/** The JSON in an element of the page; nothing where there is none. */
function readJson(id) {
  try {
    const value = JSON.parse(document.getElementById(id).textContent);
    return value !== null && typeof value === 'object' ? value : {};
  } catch {
    return {};
  }
}

/** An element with attributes and children; strings become text. */
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

function draw(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** Text in which `code` between backticks is set as code. */
function prose(text) {
  return string(text).split('`').map((part, place, parts) => (place % 2 && place < parts.length - 1 ? el('code', null, part) : place % 2 ? '`' + part : part));
}

function amount(value) {
  if (!Number.isFinite(value)) return '\u2013';
  const digits = Math.abs(value) < 10 ? 3 : 1;
  return value.toLocaleString('en', { maximumFractionDigits: digits }).replace('-', '\u2212');
}

function duration(value) {
  const seconds = finite(value);
  if (seconds > 0 && seconds < 0.01) return '<0.01 s';
  if (seconds < 1) return seconds.toFixed(2) + ' s';
  if (seconds < 59.95) return seconds.toFixed(1) + ' s';
  const whole = Math.round(seconds);
  return whole < 3600 ? `${Math.floor(whole / 60)} min ${whole % 60} s` : `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

const counted = (number, noun) => `${amount(number)} ${noun}${number === 1 ? '' : 's'}`;

// Bars: drawn beside the numbers that say the same, so hidden from assistive technology

const percent = (value, whole) => (whole > 0 ? Math.max(0, Math.min(100, (value / whole) * 100)) : 0);
/** Bars never vanish while there is something to show. */
const share = (value, whole) => (value > 0 ? Math.max(0.8, percent(value, whole)) : 0);
const canvas = (height, attributes, ...shapes) => draw('svg', { height, 'aria-hidden': 'true', focusable: 'false', ...attributes }, ...shapes);

/** Before and after as two bars. */
function pairBars([before, after]) {
  const whole = Math.max(before, after);
  return canvas(16, {},
    draw('rect', { class: 'ink-before', x: 0, y: 1, width: share(before, whole) + '%', height: 6, rx: 1 }),
    draw('rect', { class: 'ink-after', x: 0, y: 9, width: share(after, whole) + '%', height: 6, rx: 1 }));
}
