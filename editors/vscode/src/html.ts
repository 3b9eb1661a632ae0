// The two pieces of HTML every part of the card is made of. It must not know what is said in them.

/** Text as HTML has it, also between quotes. */
export function escapeHtml(value: string): string {
  return value
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** A part with a heading of its own; `content` is HTML already. */
export function section(id: string, title: string, content: string, look = ''): string {
  return `<section id="${id}" data-testid="${id}" class="${look}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${escapeHtml(title)}</h2>
${content}
</section>`;
}
