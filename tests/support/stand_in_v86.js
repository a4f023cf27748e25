// Stands in for the emulator: it replays a recorded guest as soon as a copy begins, at 20 samples a second.
// RECORDING is put before this text. "crash" at its shell fails as v86 does; a write to its memory is kept.

self.V86 = class {
  constructor(options) {
    this.listeners = {};
    this.v86 = { cpu: {} };
    this.written = {};
    this.rows = RECORDING.samples.split("\n").slice(1, -1);
    setTimeout(() => this.tell("emulator-ready"));
  }
  add_listener(name, heard) {
    (this.listeners[name] ??= []).push(heard);
  }
  tell(name, value) {
    for (const heard of this.listeners[name] ?? []) heard(value);
  }
  say(line, text) {
    for (const byte of new TextEncoder().encode(text)) this.tell(`serial${line}-output-byte`, byte);
  }
  async restore_state(state) {
    if (new Uint8Array(state)[0] === 0xff) throw new RangeError("could not allocate memory");
  }
  async run() {
    this.isOn = true;
    this.beat ??= setInterval(() => this.isOn && this.step(), 50);
  }
  async stop() {
    this.isOn = false;
  }
  is_running() {
    return this.isOn;
  }
  step() {
    if (!this.isCopying || this.isSaved()) return;
    if (this.rows.length) return this.say(2, `${this.rows.shift()}\n`);
    if (!this.isOver) this.say(0, RECORDING.report);
    this.isOver = true;
  }
  isSaved() {
    return this.written[OVER_AT] === 1;
  }
  serial_send_bytes(line, bytes) {
    const text = new TextDecoder().decode(bytes).trim();
    if (text.includes("crash")) setTimeout(() => { throw new Error("Unimplemented: #GP handler"); });
    if (text.includes("dd if=")) this.isCopying = true;
    setTimeout(() => this.say(1, `[begin]\n${text.startsWith("echo ") ? text.slice(5) : ""}\n[end 0]\n`));
  }
  write_memory(bytes, address) {
    this.written[address] = new DataView(bytes.buffer).getUint32(0, true);
  }
  read_memory(address, size) {
    return new Uint8Array(size);
  }
};
