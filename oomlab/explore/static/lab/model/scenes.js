// A run as a film: where it stands at each moment that is shown, and what has been told by then.

const CROSSING = 4000; // ms for the whole way, as far as nothing happens
const LEAST = 500; // ms between two events, however close they are
const HOLD = 1300; // ms for a caption to be read before the next
const GATE = 700; // ms for a gate to close

// The moments at which something happens: {written, told}, told the number of events that are known.
export function scenes(run) {
  const events = run.events.map(({ written }, n) => ({ written, told: n + 1 }));
  const end = { written: run.end, told: run.events.length };
  return [{ written: 0, told: 0 }, ...events, ...(events.at(-1)?.written < run.end || !events.length ? [end] : [])];
}

// How many events have happened by then.
export const toldBy = (run, written) => run.events.filter((event) => event.written <= written + 0.5).length;

// The film: {length, at(ms)}; at gives {written, told, gates, flow}: gates is how many gates have closed,
// null where all are as they are; flow is whether the file is being copied at that moment.
export function filmOf(run) {
  const keys = keysOf(run);
  const length = keys.at(-1).ms;
  return {
    length,
    at(ms) {
      const n = Math.max(1, keys.findIndex((key) => key.ms > ms));
      const [a, b] = ms >= length ? [keys.at(-1), keys.at(-1)] : [keys[n - 1], keys[n]];
      const part = b.ms > a.ms ? (ms - a.ms) / (b.ms - a.ms) : 1;
      return { ...a, written: a.written + (b.written - a.written) * part, flow: b.written > a.written };
    },
    // The moment of the film at which so much is copied.
    when: (written) => whenOf(keys, written),
  };
}

function keysOf(run) {
  const keys = [{ ms: 0, written: 0, told: 0, gates: run.outcome === "oom" ? 0 : null }];
  const add = (ms, change) => keys.push({ ...keys.at(-1), ...change, ms: keys.at(-1).ms + ms });
  for (const { written, told } of scenes(run).slice(1)) {
    const way = written - keys.at(-1).written;
    if (way > 0) add(Math.max(LEAST, (CROSSING * way) / run.end), { written });
    add(0, { told });
    add(HOLD, {});
  }
  const count = run.sizes.filter(Boolean).length;
  if (run.outcome === "oom") for (let gates = 1; gates <= count; gates += 1) add(GATE, { gates });
  return keys;
}

function whenOf(keys, written) {
  const n = keys.findIndex((key) => key.written > written);
  if (n < 1) return 0;
  const [a, b] = [keys[n - 1], keys[n]];
  return a.ms + ((written - a.written) / (b.written - a.written)) * (b.ms - a.ms);
}
