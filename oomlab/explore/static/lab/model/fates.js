// What becomes of the machine along one setting: stretches of one fate, their ends found by halving. A few
// settings are looked at in each frame, those under the hand before it is drawn and others after that, so that
// a hand is never slowed.

const FINER = 9;

// Cut 0 … last into stretches {from, to, fate}; fateOf(place) is asked at each sample, a whole number apart.
export function stretches(last, step, fateOf) {
  const found = [{ from: 0, fate: fateOf(0) }];
  for (let n = Math.min(step, last), before = 0; ; before = n, n = Math.min(n + step, last)) {
    const fate = fateOf(n);
    const open = found.at(-1);
    if (fate !== open.fate) {
      open.to = between(before, n, (place) => fateOf(place) === open.fate);
      found.push({ from: open.to, fate });
    }
    if (n === last) break;
  }
  found.at(-1).to = last;
  return found;
}

// The place where it changes: the last that is still as the lower end, and not beyond it.
function between(low, high, isLow) {
  const halvings = FINER + Math.ceil(Math.log2(high - low));
  for (let n = 0; n < halvings; n += 1) {
    const middle = (low + high) / 2;
    if (isLow(middle)) low = middle;
    else high = middle;
  }
  return low;
}

export class Fates {
  // tracks: rows of {name, last, step, put(place, settings)}: a place on a track makes other settings, and
  // key(settings): what the track depends on. fate(settings) is "oom", "survives" or "no boot".
  constructor(tracks, fate) {
    Object.assign(this, { tracks, fate, found: new Map(), keys: new Map(), stale: new Set(), turn: 0 });
  }

  // Bring the first of these names up to date; return whether others remain.
  work(settings, names, first) {
    const stale = names.filter((name) => this.keys.get(name) !== this.tracks[name].key(settings));
    for (const name of stale.filter((each) => first.includes(each))) this.compute(name, settings);
    this.stale = new Set(stale.filter((name) => !first.includes(name)));
    return this.stale.size > 0;
  }

  // Bring one of the others up to date, each in turn.
  workOn(settings) {
    const rest = [...this.stale];
    if (rest.length) this.compute(rest[this.turn++ % rest.length], settings);
  }

  compute(name, settings) {
    const { last, step, put, key } = this.tracks[name];
    this.found.set(name, stretches(last, step, (place) => this.fate(put(place, settings))));
    this.keys.set(name, key(settings));
  }

  // What is known of a track, out of date or not; whether it can be told: not while some are out of date.
  of(name) {
    return this.found.get(name) ?? [];
  }

  isFresh(name) {
    return this.found.has(name) && !this.stale.has(name);
  }
}
