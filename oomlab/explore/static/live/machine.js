// A guest in a worker, and all that is known of it: samples, console, what was done to it, how it stands.

import { Samples } from "./samples.js";

const NEVER = 0x7fffffff; // a limit that no count of buffer_heads reaches
const QUICK = "#use-scheduling-api"; // v86 looks for this in the address: without it every millisecond costs two messages
const FILES = { wasm: "v86.wasm", bios: "bios.bin", vgabios: "vgabios-stdvga.bin" };
const DEATH = /Out of memory: Killed process|Kernel panic - not syncing/;
const CLOSING = 300; // milliseconds in which the rest of a report comes
const REPLAY = 150; // milliseconds between two samples of the recording

export class Machine {
  // files(name, told) resolves with a file's bytes; told(bytes) hears how much has come. changed() is called
  // after each change.
  constructor({ facts, files, changed }) {
    Object.assign(this, { facts, files, changed });
    this.clear();
  }

  clear() {
    this.worker?.terminate(); // that frees all of the guest's memory
    clearInterval(this.replay);
    clearTimeout(this.closing);
    Object.assign(this, { worker: null, phase: "idle", error: "", loaded: 0, isRecorded: false });
    this.samples = new Samples(this.facts.per_page);
    this.saved = 0; // how many samples a saved state brought
    this.texts = { console: "", samples: "" };
    this.talk = []; // what was typed at the shell, and what came back
    this.notes = []; // what was done: {seconds, text}
    Object.assign(this, { isFixed: true, isCopying: false, hasSwap: false, hasDied: false });
    this.asked = new Map();
    this.number = 0;
    this.changed();
  }

  // Begin from a saved state, "shell" or "late".
  async start(name) {
    this.clear();
    const state = this.facts.states[name];
    this.phase = "loading";
    this.changed();
    try {
      const { text, ...files } = await this.load(state.file);
      if (this.phase !== "loading") return; // somebody started over
      this.open(text);
      this.hear({ line: "samples", text: state.samples });
      this.saved = this.samples.rows.length;
      this.hear({ line: "console", text: state.console });
      await this.ask("start", { files, machine: this.facts.machine }, Object.values(files));
      this.phase = "running";
      if (name === "late") this.late();
      this.changed();
    } catch (error) {
      this.fail(error.message);
    }
  }

  async load(stateFile) {
    const get = (name) => this.files(name, (bytes) => {
      this.loaded += bytes;
      this.changed();
    });
    const names = Object.entries(FILES);
    const [script, packed, ...others] = await Promise.all(
      ["worker.js", stateFile, ...names.map(([, file]) => file)].map(get),
    );
    const files = Object.fromEntries(names.map(([name], n) => [name, others[n]]));
    return { text: new TextDecoder().decode(script), ...files, state: await unpacked(packed) };
  }

  open(script) {
    const place = URL.createObjectURL(new Blob([script], { type: "text/javascript" }));
    this.worker = new Worker(`${place}${QUICK}`);
    URL.revokeObjectURL(place);
    this.worker.addEventListener("message", ({ data }) => this.hear(data));
    this.worker.addEventListener("error", ({ message }) => this.fail(message || "the worker could not start"));
  }

  // Ask the guest's worker for something, see serve.js.
  ask(what, given = {}, transfer = []) {
    const id = (this.number += 1);
    return new Promise((resolve, reject) => {
      this.asked.set(id, { resolve, reject });
      this.worker.postMessage({ id, ask: what, ...given }, transfer);
    });
  }

  hear({ id, result, error, line, text, died }) {
    if (died !== undefined) this.fail(died);
    else if (id !== undefined) {
      const { resolve, reject } = this.asked.get(id);
      this.asked.delete(id);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    } else {
      this.texts[line] += text;
      if (line === "samples") this.samples.take(text);
      if (line === "console" && DEATH.test(text)) this.die();
    }
    this.changed();
  }

  // The report is all but out: stop when its last lines have come.
  die() {
    if (this.phase !== "running" || this.hasDied) return;
    this.hasDied = true;
    this.closing = setTimeout(() => {
      this.phase = "over";
      if (this.worker) this.ask("stop");
      this.changed();
    }, CLOSING);
  }

  fail(message) {
    if (this.phase === "failed") return;
    this.worker?.terminate();
    Object.assign(this, { worker: null, phase: "failed", error: message });
    this.changed();
  }

  note(text) {
    this.notes.push({ seconds: this.samples.last?.seconds ?? 0, text });
    this.changed();
  }

  // --- what a hand does

  async pause(isPaused) {
    await this.ask(isPaused ? "stop" : "run");
    this.phase = isPaused ? "paused" : "running";
    this.changed();
  }

  // Write the limit of buffer_heads, and whether it counts as exceeded: that needs no help from the guest.
  async setFix(isOn) {
    const { limit_at, over_at, limit } = this.facts.fix;
    await this.ask("write", { address: limit_at, bytes: word(isOn ? limit : NEVER) });
    await this.ask("write", { address: over_at, bytes: word(isOn ? 1 : 0) });
    this.isFixed = isOn;
    this.note(isOn ? "fix on" : "fix off");
  }

  async copy() {
    this.isCopying = true;
    this.note("copy");
    for (const line of this.facts.beginning) await this.ask("command", { line });
  }

  async addSwap() {
    this.hasSwap = true;
    this.note("swap");
    await this.ask("command", { line: this.facts.swapon });
  }

  async dropCaches() {
    this.note("drop_caches");
    await this.ask("command", { line: "echo 3 >/proc/sys/vm/drop_caches" });
  }

  async type(line) {
    const entry = { line, answer: null };
    this.talk.push(entry);
    this.changed();
    entry.answer = await this.ask("command", { line }).catch((error) => `(${error.message})`);
    this.changed();
  }

  late() {
    Object.assign(this, { isFixed: false, isCopying: true });
  }

  // Replay what a real kernel did, where none can run.
  play() {
    const { rows, kernel } = this.cue();
    this.replay = setInterval(() => {
      const row = rows.shift();
      if (row !== undefined) return this.hear({ line: "samples", text: `${row}\n` });
      clearInterval(this.replay);
      this.hear({ line: "console", text: kernel });
    }, REPLAY);
    this.changed();
  }

  // The same at once: how it ends.
  end() {
    const { rows, kernel } = this.cue();
    this.hear({ line: "samples", text: `${rows.join("\n")}\n` });
    this.hear({ line: "console", text: kernel });
  }

  // Begin the recording; return what is still to come of it.
  cue() {
    this.clear();
    const { console: kernel, samples } = this.facts.recording;
    const [header, ...rows] = samples.split("\n").filter(Boolean);
    Object.assign(this, { phase: "running", isRecorded: true });
    this.late();
    this.hear({ line: "samples", text: `${header}\n` });
    return { rows, kernel };
  }
}

const word = (value) => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  try {
    return await new Response(stream).arrayBuffer();
  } catch {
    throw new Error("the saved state is damaged, or was not received whole");
  }
}
