/** Texts come from the page (data attributes), so that they are translated with it. */

/** Puts values into a text: fill("Reconnecting in {n} s", {n: 4}). */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The text for a number, by the plural rules of the page's language: data-more-one, data-more-few, data-more-other. */
export function plural(dataset, name, n) {
  const rule = new Intl.PluralRules(document.documentElement.lang).select(n);
  const key = (kind) => name + kind[0].toUpperCase() + kind.slice(1);
  return fill(dataset[key(rule)] ?? dataset[key("other")], { n });
}
