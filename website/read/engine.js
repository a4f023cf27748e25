// The library in a worker: every question is a promise, and a long reading can be ended.

export class Engine {
  // ready and broken are called when Python is there, or cannot be had.
  constructor({ ready, broken }) {
    Object.assign(this, { ready, broken, asked: new Map(), last: 0 });
    this.start();
  }

  start() {
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.hear(data);
    this.worker.onerror = (event) => this.broken(event.message || "the worker could not be started");
  }

  // Ask for something; whoever asked for a reading hears of its progress through `hears`.
  ask(verb, given, hears = {}) {
    const id = ++this.last;
    return new Promise((done, failed) => {
      this.asked.set(id, { ...hears, done, failed: (reason) => failed(new Error(reason)) });
      this.worker.postMessage({ id, verb, given });
    });
  }

  hear({ id, what, value }) {
    if (id === undefined) this[what](value);
    else this.asked.get(id)?.[what]?.(value);
    if (what === "done" || what === "failed") this.asked.delete(id);
  }

  // End whatever runs: a new worker takes the old one's place.
  restart() {
    this.worker.terminate();
    this.asked.clear();
    this.start();
  }
}
