"""What a person who cannot see well, or uses no mouse, would stumble over: names of controls, contrast, headings, ids. In the spirit of
axe-core's rules, by a small script that runs in the page."""

SCRIPT = r"""
const found = [];
const seen = (e) => e.checkVisibility({opacityProperty: true, visibilityProperty: true});
const called = (e) => e.id ? `${e.tagName.toLowerCase()}#${e.id}` : `${e.tagName.toLowerCase()}.${(e.getAttribute('class') || '').replace(/ /g, '.')}`;

// A name for every control and every place that can have the focus.
const nameOf = (e) => {
  const by = e.getAttribute('aria-labelledby');
  if (by) return by.split(' ').map((id) => (document.getElementById(id) || {}).textContent || '').join(' ').trim();
  if (e.getAttribute('aria-label')) return e.getAttribute('aria-label').trim();
  if (e.labels && e.labels.length) return [...e.labels].map((l) => l.textContent).join(' ').trim();
  return ['INPUT', 'SELECT', 'TEXTAREA'].includes(e.tagName) ? (e.getAttribute('title') || '').trim() : e.textContent.trim();
};
for (const e of document.querySelectorAll('button, input, select, textarea, a[href], summary, [tabindex="0"], [role=region], [role=search], nav, section')) {
  if (seen(e) && !nameOf(e)) found.push(`${called(e)} has no name`);
}
for (const e of document.querySelectorAll('[tabindex]')) if (Number(e.getAttribute('tabindex')) > 0) found.push(`${called(e)} jumps the order of the focus`);
for (const e of document.querySelectorAll('th')) if (!e.getAttribute('scope')) found.push('a th without a scope');
for (const e of document.querySelectorAll('[aria-labelledby]')) {
  for (const id of e.getAttribute('aria-labelledby').split(' ')) if (!document.getElementById(id)) found.push(`${called(e)} is labelled by ${id}, which is not there`);
}

// Ids once, one h1, no level left out, the language, one main.
const ids = new Set();
for (const e of document.querySelectorAll('[id]')) { if (ids.has(e.id)) found.push(`the id ${e.id} is there twice`); ids.add(e.id); }
if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
if (document.querySelectorAll('main').length !== 1) found.push('not one main');
if (!document.documentElement.lang) found.push('no language');
let level = 0;
for (const e of document.querySelectorAll('h1, h2, h3, h4, h5')) {
  const now = Number(e.tagName[1]);
  if (now > level + 1) found.push(`${called(e)} "${e.textContent.slice(0, 20)}" is h${now} behind h${level}`);
  level = now;
}

// Contrast: 4.5 to 1 of text, by the colours that are computed.
const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
const parse = (color) => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data; return [r, g, b, a / 255]; };
const light = ([r, g, b]) => { const [x, y, z] = [r, g, b].map((c) => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * x + 0.7152 * y + 0.0722 * z; };
const ground = (e) => {
  for (let at = e; at; at = at.parentElement) { const c = parse(getComputedStyle(at).backgroundColor); if (c[3] > 0.99) return c; }
  return parse(getComputedStyle(document.documentElement).colorScheme === 'dark' ? '#000' : '#fff');
};
const told = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const e = walker.currentNode.parentElement;
  if (!walker.currentNode.textContent.trim() || ['SCRIPT', 'STYLE', 'TITLE', 'OPTION'].includes(e.tagName.toUpperCase()) || !seen(e) || e.closest(':disabled')) continue;
  const style = getComputedStyle(e);
  const svg = e.namespaceURI.endsWith('svg');
  const [a, b] = [light(parse(svg ? (style.fill === 'none' ? style.color : style.fill) : style.color)), light(svg && e.closest('.box') ? parse(getComputedStyle(e.closest('.box').querySelector('rect')).fill) : ground(svg ? e.closest('div') : e))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5 && !told.has(called(e))) { told.add(called(e)); found.push(`${called(e)} "${walker.currentNode.textContent.trim().slice(0, 20)}" has a contrast of ${ratio.toFixed(2)}`); }
}
return found;
"""


def findings(page):
    return page.script(SCRIPT)
