/* Light, dark, or as the system has it. */

function storedTheme(value) {
  try {
    if (value === undefined) return localStorage.getItem('hephaestus-theme');
    localStorage.setItem('hephaestus-theme', value);
  } catch { /* storage may be closed to files: the choice then lasts as long as the page */ }
  return null;
}

function setUpTheme() {
  const root = document.documentElement;
  const stored = storedTheme();
  for (const radio of document.querySelectorAll('input[name="theme"]')) {
    const show = () => {
      if (radio.value === 'auto') delete root.dataset.theme;
      else root.dataset.theme = radio.value;
    };
    if (radio.value === stored) radio.checked = true;
    if (radio.checked) show();
    radio.addEventListener('change', () => { storedTheme(radio.value); show(); });
  }
}
