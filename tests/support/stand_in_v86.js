// Stands in for the emulator: it replays a recorded guest as soon as a copy begins, at 20 samples a second.
// A copy that names its size goes no further. RECORDING is put before this text. "crash" at its shell fails as v86 does; a write to its memory is kept.

globalThis.V86 = class {
  constructor(options) {
    this.isBooting = options.bzimage !== undefined;
    this.listeners = {};
    this.v86 = { cpu: {} };
    this.written = {};
    [this.columns, ...this.rows] = RECORDING.samples.split("\n").slice(0, -1).map((row) => row.split(","));
    this.row = this.rows[0];
    this.goal = 0; // how much page cache is copied, in pages
    this.reached = [];
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
    if (this.isBooting) setTimeout(() => this.boot());
    this.isBooting = false;
    this.isOn = true;
    this.beat ??= setInterval(() => this.isOn && this.step(), 50);
  }
  boot() {
    this.say(0, RECORDING.boot);
    this.say(1, "[ready]\n");
  }
  async stop() {
    this.isOn = false;
  }
  is_running() {
    return this.isOn;
  }
  step() {
    if (this.isSaved() || this.isOver || !(this.isSampling || this.goal)) return;
    if (this.cache() >= this.goal) for (const tell of this.reached.splice(0)) tell();
    else if (this.rows.length) this.row = this.rows.shift();
    else {
      this.isOver = true;
      return this.say(0, RECORDING.report);
    }
    this.say(2, `${this.row}\n`);
  }
  cache() {
    const files = this.row.filter((_, n) => /actf$/.test(this.columns[n]));
    return files.reduce((pages, more) => pages + Number(more), 0);
  }
  isSaved() {
    return this.written[RECORDING.over_at] === 1;
  }
  serial_send_bytes(line, bytes) {
    const text = new TextDecoder().decode(bytes).trim();
    if (text.includes("crash")) setTimeout(() => { throw new Error("Unimplemented: #GP handler"); });
    if (text.includes("sampler")) {
      this.isSampling = true;
      this.say(2, `${this.columns}\n${this.row}\n`);
    }
    const reply = () => this.say(1, `[begin]\n${answer(text)}\n[end 0]\n`);
    const count = text.match(/count=(\d+)/);
    if (text.includes("dd if=")) this.goal = count ? this.cache() + 256 * count[1] : Infinity;
    if (count) this.reached.push(reply);
    else setTimeout(reply);
  }
  write_memory(bytes, address) {
    this.written[address] = new DataView(bytes.buffer).getUint32(0, true);
  }
  read_memory(address, size) {
    if (address === RECORDING.limit_at) return new Uint8Array(new Uint32Array([RECORDING.limit]).buffer);
    return Uint8Array.from({ length: size }, (_, n) => RECORDING.code[n] ?? 0);
  }
  async save_state() {
    return new TextEncoder().encode("a saved machine").buffer;
  }
};

function answer(line) {
  if (line.includes("kallsyms")) return RECORDING.symbols;
  if (line.includes("zoneinfo")) return RECORDING.zoneinfo;
  return line.startsWith("echo ") ? line.slice(5) : "";
}
