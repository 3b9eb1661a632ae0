/* Wires the page together; the mutants' own page is opened in a frame when it is asked for. */

/** The page about mutants travels as text and becomes a document of its own, under the same policy as this one. */
function setUpMutants() {
  const source = document.getElementById('mutants-page');
  if (!source) return;
  document.getElementById('mutants').hidden = false;
  const place = document.getElementById('mutants-place');
  const open = action('Open the mutants', () => {
    const chosen = document.documentElement.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
    const page = string(JSON.parse(source.textContent)[0]).replace('data-theme=""', `data-theme="${chosen}"`);
    // Not a blob: in a page opened from disk, those may not go from one of their own places to another.
    const frame = el('iframe', { class: 'mutants', title: 'Mutants, at their places in the code', srcdoc: page });
    open.replaceWith(frame);
    frame.focus();
  }, true);
  place.append(open);
}

function setUpPlaces() {
  const links = [...document.querySelectorAll('main > section.part')].filter((part) => !part.hidden)
    .map((part) => el('a', { href: `#${part.id}` }, part.querySelector('h2').textContent));
  document.querySelector('.places').append(...links);
}

/** `report.html#GOAL` and `report.html#CANDIDATE` show that one. */
function openFromAddress() {
  const id = decodeURIComponent(location.hash.slice(1));
  const goal = id && goals.find((it) => it.id === id);
  const candidate = id && candidates.find((it) => it.id === id);
  if (goal) say('shown', goal);
  else if (candidate) say('shown', goals[candidate.goal], candidate.place);
}

listen('shown', (goal, candidate) => {
  choose(goal, candidate);
  document.getElementById('split').scrollIntoView();
  panel.node.focus({ preventScroll: true });
});

function start() {
  setUpTheme();
  for (const radio of document.querySelectorAll('input[name="theme"]')) radio.addEventListener('change', () => say('theme'));
  document.documentElement.classList.add('scripted');
  setUpPanel();
  drawTimes();
  setUpGoals();
  setUpLineage();
  setUpStrength();
}

// The pieces and the mutants' page stand behind this script.
function startLater() {
  if (list.rows.length) choose(list.rows[0]);
  setUpMutants();
  setUpPlaces();
  openFromAddress();
  addEventListener('hashchange', openFromAddress);
}

start();
if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', startLater);
else startLater();
