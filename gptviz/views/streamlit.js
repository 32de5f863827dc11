// Streamlit as a host of the views: the other half of streamlit.py.
//
// Streamlit calls the default export at mount and again whenever the data or the theme change, with the same
// parent element, and calls what it returned when the element goes, or at once if a newer call overtook it.
// An element is a view, or one part of what a view shows (they come in any order), or a piece of news for it.

import { adoptStyles } from "./kit/dom.js";
import { css as shared } from "./kit/view.js";
import { unpack } from "./kit/wire.js";

/**
 * @typedef {object} Envelope of a view
 * @property {string} view folder
 * @property {string} key
 * @property {string} about what text and model `values` are about
 * @property {number} revision of `values`
 * @property {any} values
 * @property {import("./kit/keeper.js").Choices} choices that the stop declares
 * @property {Record<string, string>} parts digests by name
 *
 * @typedef {object} Instance
 * @property {number} calls
 * @property {Promise<void>} queue calls of one element take effect one after the other
 * @property {(name: string, value: any) => void} send
 * @property {Envelope} [wanted] the last envelope
 * @property {{update: Function, destroy: Function, hear?: Function, idle?: Function}} [view]
 * @property {Record<string, string>} [parts] digests of what the view has
 * @property {number} [revision] of the values that the view has
 * @property {string} [about] what they are about
 */

/** @type {WeakMap<ShadowRoot | HTMLElement, Instance>} */
const instances = new WeakMap();

/** Views by key, for those who have news. @type {Map<string, Instance>} */
const listening = new Map();

/** The numbers of the news handled so far: Streamlit may mount an element twice. @type {Set<number>} */
const handled = new Set();

/**
 * What readers have settled on, by key: Streamlit may build an element anew without Python noticing.
 * @type {Map<string, {revision: number, about: string, values: any}>}
 */
const settled = new Map();

/**
 * Parts that have come, by the view's key and their name; and who waits for them.
 * @type {Map<string, Map<string, {digest: string, data: Uint8Array, owner: object}>>}
 */
const arrived = new Map();
/** @type {Map<string, Set<() => void>>} */
const waiting = new Map();

const QUIET = 1000; // ms without a running script, until a view hears that nobody works for it any more

/** @type {Element | null} */
let app = null;
let quiet = 0;

/** Streamlit's own button Stop, or an error, ends a run of the script which then tells the views nothing more. */
function watchApp() {
  const found = document.querySelector('[data-testid="stApp"]');
  if (!found || found === app) return;
  app = found;
  const look = () => {
    clearTimeout(quiet);
    if (found.getAttribute("data-test-script-state") !== "notRunning") return;
    quiet = window.setTimeout(() => {
      for (const { view } of listening.values()) view?.idle?.();
    }, QUIET);
  };
  new MutationObserver(look).observe(found, { attributeFilter: ["data-test-script-state"] });
}

/**
 * @param {object} component
 * @param {Uint8Array} component.data
 * @param {ShadowRoot | HTMLElement} component.parentElement
 * @param {(name: string, value: any) => void} component.setStateValue
 */
export default async function show({ data, parentElement: root, setStateValue }) {
  const { header, arrays } = unpack(data);
  const inner = /** @type {Uint8Array} */ (arrays.data?.data);
  stayBright(root);
  watchApp();
  if (header.part) return showPart(root, header, inner);
  if (header.news !== undefined) return tell(header, inner);
  const instance = instances.get(root) ?? { calls: 0, queue: Promise.resolve(), send: setStateValue };
  instances.set(root, instance);
  instance.send = setStateValue;
  instance.wanted = header;
  listening.set(header.key, instance);
  const call = ++instance.calls;
  const shown = instance.queue.then(() => refresh(instance, root, header));
  instance.queue = shown.catch(() => {}); // Streamlit shows what went wrong; the next call starts afresh
  await shown;
  return () => {
    if (call !== instance.calls) return;
    instance.view?.destroy();
    instances.delete(root);
    if (listening.get(header.key) === instance) listening.delete(header.key);
  };
}

/**
 * Streamlit pales what the running script has not come to yet. A view is as good as ever meanwhile; what it waits for
 * it pales itself.
 * @param {ShadowRoot | HTMLElement} root
 */
function stayBright(root) {
  const element = root instanceof ShadowRoot ? root.host : root;
  const box = /** @type {HTMLElement | null} */ (element.closest('[data-testid="stElementContainer"]'));
  box?.style.setProperty("opacity", "1", "important");
}

/**
 * @param {object} owner
 * @param {{key: string, part: string, digest: string}} header
 * @param {Uint8Array} data
 */
function showPart(owner, { key, part, digest }, data) {
  const parts = arrived.get(key) ?? new Map();
  arrived.set(key, parts);
  parts.set(part, { digest, data, owner });
  for (const tell of waiting.get(key) ?? []) tell();
  return () => {
    if (parts.get(part)?.owner === owner) parts.delete(part);
  };
}

/**
 * Hand a view its news, once it shows what it was given before.
 * @param {{key: string, news: number}} header
 * @param {Uint8Array} data
 */
async function tell({ key, news }, data) {
  if (handled.has(news)) return;
  handled.add(news);
  const instance = listening.get(key);
  await instance?.queue;
  instance?.view?.hear?.(unpack(data));
}

/**
 * The parts an envelope names, once all are here; null if a newer envelope has come meanwhile.
 * @param {Instance} instance
 * @param {Envelope} envelope
 * @returns {Promise<Map<string, {digest: string, data: Uint8Array}> | null>}
 */
function partsOf(instance, envelope) {
  const { key, parts } = envelope;
  return new Promise((resolve) => {
    const listeners = waiting.get(key) ?? new Set();
    waiting.set(key, listeners);
    const look = () => {
      const here = arrived.get(key);
      const overtaken = instance.wanted !== envelope;
      const complete = Object.entries(parts).every(([name, digest]) => here?.get(name)?.digest === digest);
      if (!overtaken && !complete) return;
      listeners.delete(look);
      resolve(overtaken ? null : new Map(here));
    };
    listeners.add(look);
    look();
  });
}

/**
 * @param {Instance} instance
 * @param {ShadowRoot | HTMLElement} root
 * @param {Envelope} envelope
 */
async function refresh(instance, root, envelope) {
  const { revision, parts } = envelope;
  const here = await partsOf(instance, envelope);
  if (!here) return;
  const had = instance.parts ?? {};
  /** @type {Record<string, import("./kit/wire.js").Payload | null>} */
  const news = {};
  for (const name of Object.keys(parts)) {
    if (had[name] !== parts[name]) news[name] = unpack(/** @type {any} */ (here.get(name)).data);
  }
  for (const name of Object.keys(had)) if (!(name in parts)) news[name] = null;
  try {
    await give(instance, root, envelope, news);
  } catch (error) {
    // Whatever it was about, the next call begins anew.
    instance.view?.destroy();
    Object.assign(instance, { view: undefined, parts: {}, revision: undefined });
    throw error;
  }
  Object.assign(instance, { parts, revision, about: envelope.about });
}

/**
 * @param {Instance} instance
 * @param {ShadowRoot | HTMLElement} root
 * @param {Envelope} envelope
 * @param {Record<string, import("./kit/wire.js").Payload | null>} news
 */
async function give(instance, root, { view, key, about, revision, values, choices }, news) {
  if (!instance.view) {
    const module = new URL(`./${view}/view.js`, import.meta.url);
    const { mount, css } = await import(module.href);
    const kit = new URL("./kit/view.js", import.meta.url);
    const own = css.map((/** @type {string} */ path) => new URL(path, module));
    await adoptStyles(root, [...shared.map((path) => new URL(path, kit)), ...own]);
    const report = (/** @type {any} */ chosen) => {
      const said = { revision: instance.revision ?? 0, about: instance.about ?? "", values: chosen };
      settled.set(key, said);
      instance.send("settled", said);
    };
    instance.view = mount(root, news, report, { choices });
    const known = settled.get(key);
    instance.view?.update(news, known?.revision === revision && known.about === about ? known.values : values);
  } else {
    instance.view.update(news, revision === instance.revision ? null : values, about !== instance.about);
  }
}
