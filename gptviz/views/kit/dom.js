// What every view needs to build a page. Text reaches the DOM as text nodes only.

/**
 * An element with attributes (false and null leave one out) and children; strings become text nodes.
 * @param {string} tag
 * @param {Record<string, string | number | boolean | null>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null) node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children);
  return node;
}

/**
 * A sentence with its {{placeholders}} filled, as gptviz/text.py fills them.
 * @param {string} template
 * @param {Record<string, string | number>} values
 */
export function fill(template, values) {
  return template.replace(/\{\{(\w+)\}\}/g, (whole, name) =>
    known(template, name, values) ? String(values[name]) : whole,
  );
}

/** Whether there is a value to fill in; what is missing is an error of the program. */
function known(/** @type {string} */ template, /** @type {string} */ name, /** @type {Record<string, any>} */ values) {
  if (values[name] === undefined) console.error(`nothing to fill in for ${name}: ${template}`);
  return values[name] !== undefined;
}

/**
 * The same with nodes: the sentence's parts in order, to be appended.
 * @param {string} template
 * @param {Record<string, Node | string>} values
 * @returns {(Node | string)[]}
 */
export function fillNodes(template, values) {
  return template
    .split(/\{\{(\w+)\}\}/)
    .map((part, i) => (i % 2 ? (known(template, part, values) ? values[part] : `{{${part}}}`) : part));
}

/**
 * Give a shadow root or a document stylesheets, complete before anything is built, so that nothing jumps.
 * @param {ShadowRoot | HTMLElement} root
 * @param {URL[]} urls
 */
export async function adoptStyles(root, urls) {
  const home = /** @type {ShadowRoot | Document} */ (root.getRootNode());
  const sheets = await Promise.all(
    urls.map(async (url) => {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`${response.status} for ${url}`);
      return new CSSStyleSheet().replace(await response.text());
    }),
  );
  home.adoptedStyleSheets = [...home.adoptedStyleSheets, ...sheets];
}

/**
 * A text as the host will have it: half of a character becomes "\ufffd".
 * @param {string} text
 */
export const wellFormed = (text) => new TextDecoder().decode(new TextEncoder().encode(text));
