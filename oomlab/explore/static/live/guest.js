// A guest in v86: its three serial lines, its memory, its state. No page is needed: it runs in a worker and in Node.

import { SparseDisk } from "./disk.js";

const MIB = 2 ** 20;
const LINES = ["console", "answers", "samples"]; // ttyS0, ttyS1, ttyS2
const OVER = /---\[ end Kernel panic.*\n/; // from here on the kernel does nothing more
const ANSWER = /\[begin\]\n([^]*?)\[end \d+\]\n/;

export class Guest {
  // files: wasm, bios, vgabios, and to boot from kernel and initramfs, each an ArrayBuffer.
  // machine: memory in MiB, disks in bytes, the kernel's cmdline. heard(line, text) is told what comes.
  constructor(V86, files, machine, heard) {
    this.heard = heard;
    this.texts = { console: "", answers: "", samples: "" };
    this.waiting = new Set(); // functions that look at what has come
    this.emulator = new V86(options(files, machine));
    LINES.forEach((line, number) => this.listen(line, number));
  }

  listen(line, number) {
    let row = [];
    const decoder = new TextDecoder();
    this.emulator.add_listener(`serial${number}-output-byte`, (byte) => {
      if (byte === 13) return;
      row.push(byte);
      if (byte !== 10) return;
      this.take(line, decoder.decode(Uint8Array.from(row)));
      row = [];
    });
  }

  take(line, text) {
    this.texts[line] += text;
    if (line !== "answers") this.heard(line, text);
    if (line === "console" && OVER.test(text)) this.emulator.stop();
    for (const look of this.waiting) look();
  }

  // Resolve when the emulator has loaded; then the guest may run.
  ready() {
    return new Promise((resolve) => this.emulator.add_listener("emulator-ready", resolve));
  }

  // Go on from a saved state. v86 would first write zeros over all of the memory, which is new and holds
  // nothing else: as it is, the host gives memory only for what the guest uses.
  async restore(state) {
    this.emulator.v86.cpu.zero_memory = () => {};
    await this.emulator.restore_state(state);
    await this.emulator.run();
  }

  // Run until the guest's shell answers.
  async boot(seconds) {
    await this.emulator.run();
    await this.until("answers", 0, /\[ready\]\n/, seconds);
    await pause(1000); // what is sent at once can be lost
    await this.command(":", seconds);
  }

  // Run a line of shell in the guest, and resolve with what it prints.
  async command(line, seconds) {
    const from = this.texts.answers.length;
    this.emulator.serial_send_bytes(1, new TextEncoder().encode(`\n${line}\n`));
    return (await this.until("answers", from, ANSWER, seconds))[1];
  }

  until(line, from, pattern, seconds) {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = this.texts[line].slice(from).match(pattern);
        if (found) finish(resolve, found);
      };
      const finish = (settle, value) => {
        this.waiting.delete(look);
        clearTimeout(timer);
        settle(value);
      };
      const late = () => finish(reject, new Error(`the guest does not answer within ${seconds} s`));
      const timer = setTimeout(late, seconds * 1000);
      this.waiting.add(look);
      look();
    });
  }

  read(address, size) {
    return [...this.emulator.read_memory(address, size)];
  }

  write(address, bytes) {
    this.emulator.write_memory(Uint8Array.from(bytes), address);
  }
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const options = ({ wasm, bios, vgabios, kernel, initramfs }, { memory, disks, cmdline }) => ({
  wasm_fn: async (imports) => (await WebAssembly.instantiate(wasm, imports)).instance.exports,
  bios: { buffer: bios },
  vga_bios: { buffer: vgabios },
  bzimage: kernel && { buffer: kernel },
  initrd: initramfs && { buffer: initramfs },
  cmdline,
  memory_size: memory * MIB,
  vga_memory_size: 2 * MIB,
  hda: new SparseDisk(disks[0]),
  hdb: new SparseDisk(disks[1]),
  uart1: true,
  uart2: true,
  acpi: false,
  disable_keyboard: true,
  disable_mouse: true,
  disable_speaker: true,
  autostart: false,
});
