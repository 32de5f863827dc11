// Streamlit as a host of the views: the other half of streamlit.py.
//
// Streamlit calls the default export at mount and again whenever the data or the theme change, with the same
// parent element, and calls what it returned when the element goes, or at once if a newer call overtook it.

import { unpack } from "./wire.js";
import { adoptStyles } from "./dom.js";

/**
 * @typedef {object} Instance
 * @property {number} calls
 * @property {Promise<void>} queue calls of one element take effect one after the other
 * @property {(name: string, value: any) => void} send
 * @property {{update: Function, destroy: Function}} [view]
 * @property {string} [digest] of the payload that the view has
 * @property {number} [revision] of the values that the view has
 */

/** @type {WeakMap<ShadowRoot | HTMLElement, Instance>} */
const instances = new WeakMap();

/**
 * What readers have settled on, by key: Streamlit may build an element anew without Python noticing.
 * @type {Map<string, {revision: number, values: any}>}
 */
const settled = new Map();

/** @param {{data: Uint8Array, parentElement: ShadowRoot | HTMLElement, setStateValue: (name: string, value: any) => void}} component */
export default async function show({ data, parentElement: root, setStateValue }) {
  const instance = instances.get(root) ?? { calls: 0, queue: Promise.resolve(), send: setStateValue };
  instances.set(root, instance);
  instance.send = setStateValue;
  const call = ++instance.calls;
  const shown = instance.queue.then(() => refresh(instance, root, data));
  instance.queue = shown.catch(() => {}); // Streamlit shows what went wrong; the next call starts afresh
  await shown;
  return () => {
    if (call !== instance.calls) return;
    instance.view?.destroy();
    instances.delete(root);
  };
}

/**
 * @param {Instance} instance
 * @param {ShadowRoot | HTMLElement} root
 * @param {Uint8Array} data
 */
async function refresh(instance, root, data) {
  const { header, arrays } = unpack(data);
  const payload = () => unpack(/** @type {Uint8Array} */ (arrays.payload.data));
  if (!instance.view) {
    const { mount, css } = await import(`./${header.view}/view.js`);
    await adoptStyles(root, css);
    instance.view = mount(root, payload(), (values) => {
      settled.set(header.key, { revision: instance.revision, values });
      instance.send("settled", settled.get(header.key));
    });
    const known = settled.get(header.key);
    instance.view.update(null, known?.revision === header.revision ? known.values : header.values);
  } else {
    instance.view.update(
      header.digest === instance.digest ? null : payload(),
      header.revision === instance.revision ? null : header.values,
    );
  }
  instance.digest = header.digest;
  instance.revision = header.revision;
}
