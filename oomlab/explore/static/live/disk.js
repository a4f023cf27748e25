// A disk that keeps only blocks with something in them: a gigabyte of zeros costs nothing.
// Its methods are what v86 asks of a disk.

const BLOCK = 4096;

export class SparseDisk {
  constructor(byteLength) {
    this.byteLength = byteLength;
    this.blocks = new Map(); // number of the block to its bytes
    this.onload = undefined;
  }

  load() {
    this.onload?.({});
  }

  get_from_cache(start, length) {
    const data = new Uint8Array(length);
    for (const { number, from, at, size } of parts(start, length)) {
      const held = this.blocks.get(number);
      if (held) data.set(held.subarray(from, from + size), at);
    }
    return data;
  }

  get(start, length, done) {
    done(this.get_from_cache(start, length));
  }

  get_and_cache(start, length, done) {
    this.get(start, length, done);
  }

  set(start, data, done) {
    for (const { number, from, at, size } of parts(start, data.length)) {
      this.write(number, from, data.subarray(at, at + size));
    }
    done();
  }

  write(number, from, bytes) {
    let held = this.blocks.get(number);
    if (!held && isZero(bytes)) return;
    if (!held) this.blocks.set(number, (held = new Uint8Array(BLOCK)));
    held.set(bytes, from);
    if (isZero(held)) this.blocks.delete(number);
  }

  get_state() {
    return [[...this.blocks]];
  }

  set_state([blocks]) {
    this.blocks = new Map(blocks.map(([number, bytes]) => [number, new Uint8Array(bytes)]));
  }
}

// The parts of a stretch of bytes that lie in one block each.
function* parts(start, length) {
  for (let at = 0; at < length; ) {
    const from = (start + at) % BLOCK;
    const size = Math.min(BLOCK - from, length - at);
    yield { number: (start + at - from) / BLOCK, from, at, size };
    at += size;
  }
}

function isZero(bytes) {
  if ((bytes.byteOffset | bytes.length) % 4 !== 0) return bytes.every((byte) => byte === 0);
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  for (let at = 0; at < words.length; at += 1) if (words[at] !== 0) return false; // quicker than every()
  return true;
}
