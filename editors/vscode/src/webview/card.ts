// The script of the evidence card's page: passes on what buttons ask for, and takes over newer cards without losing the
// reader's place. It must not build markup.

interface Host {
  postMessage(message: unknown): void;
  setState(state: unknown): void;
}
declare function acquireVsCodeApi(): Host;

type Message =
  | { readonly type: 'card'; readonly title: string; readonly body: string; readonly state: unknown }
  | { readonly type: 'busy'; readonly isBusy: boolean };

const host = acquireVsCodeApi();
const card = document.querySelector('main');

document.addEventListener('click', (event) => {
  const button = event.target instanceof Element ? event.target.closest('button[data-action]') : null;
  if (button instanceof HTMLButtonElement && !button.disabled) {
    host.postMessage({ type: 'action', action: button.dataset['action'] });
  }
});

window.addEventListener('message', (event: MessageEvent<Message>) => {
  if (event.data.type === 'card') take(event.data);
  else setBusy(event.data.isBusy);
});

function take(message: Message & { readonly type: 'card' }): void {
  host.setState(message.state);
  document.title = message.title;
  if (card === null) return;
  const focused = document.activeElement?.getAttribute('data-testid');
  const [left, top] = [window.scrollX, window.scrollY];
  // The extension escapes whatever is not its own, and the page's policy runs no script but this one.
  card.innerHTML = message.body;
  window.scrollTo(left, top);
  if (focused !== null && focused !== undefined) {
    card.querySelector<HTMLElement>(`[data-testid="${CSS.escape(focused)}"]`)?.focus();
  }
}

function setBusy(isBusy: boolean): void {
  card?.setAttribute('aria-busy', String(isBusy));
  for (const button of document.querySelectorAll<HTMLButtonElement>('button[data-action]')) button.disabled = isBusy;
}

host.postMessage({ type: 'ready' });
