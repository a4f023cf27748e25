// An explorer as a page: the widget of the notebooks, with a worker for its kernel.

import explorer from "./explorer.js";

const place = document.getElementById("explorer");
const worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
const name = place.dataset.explorer;
const state = {};
const listeners = {};

// What the widget asks of a notebook's model.
const model = {
  get: (key) => state[key],
  set: (key, value) => (state[key] = value),
  save_changes: () => worker.postMessage({ name, request: state._request }),
  on: (event, listener) => (listeners[event] = listener),
  off: (event) => delete listeners[event],
};

const failed = (reason) => (place.textContent = `This page could not start Python (${reason}).`);

worker.onerror = (event) => failed(event.message || "no worker");
worker.onmessage = ({ data }) => {
  if (data.failed) return failed(data.failed);
  const first = state._shown === undefined;
  Object.assign(state, data);
  if (first) begin();
  else listeners["change:_shown"]?.();
};

function begin() {
  state._request = {};
  place.replaceChildren();
  explorer.render({ model, el: place });
}

worker.postMessage({ name });
