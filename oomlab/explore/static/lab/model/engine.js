// The stepping core, straight lines from event to event: oomlab/simulation/engine.py in the browser.
// Zones are numbers, lowest first; a request of class k may use the zones k down to 0. Amounts are pages.

import { sum } from "./format.js";
import { Slope } from "./slope.js";
import { EPSILON, ZoneContents } from "./contents.js";

const MAX_SEGMENTS = 1_000;

const isNear = (one, other) => Math.abs(one - other) <= EPSILON;
const isClose = (one, other) =>
  isNear(one.swapUsed, other.swapUsed) &&
  ["free", "cache", "anon", "pinned"].every((held) => one[held].every((amount, zone) => isNear(amount, other[held][zone])));

export class Engine {
  constructor(plan, start) {
    Object.assign(this, {
      plan,
      contents: new ZoneContents(plan, start),
      done: start.done,
      snapshots: [],
      events: [],
      failed: null,
      last: null,
    });
  }

  // Go from event to event until the work is done or a request fails.
  run() {
    this.record();
    for (let n = 0; n < MAX_SEGMENTS; n += 1) {
      if (this.plan.length - this.done <= EPSILON || !this.advance()) return;
    }
    throw new Error("the engine does not come to an end: its rates keep changing in place");
  }

  // Go on in a straight line to where its slope must change; false when a request failed.
  advance() {
    const { plan, contents } = this;
    const user = plan.file + plan.anon > 0 ? this.source(plan.user) : plan.user;
    if (user === null) return this.fail(plan.user);
    const slope = new Slope(contents, user);
    const kernel = slope.wanted > 0 ? this.source(plan.kernel) : contents.metadataZone();
    if (kernel === null) return this.fail(plan.kernel);
    slope.addKernel(kernel);
    const work = slope.reach(plan.length - this.done);
    slope.follow(work);
    this.done += work;
    this.record();
    this.skipRepeats(work);
    return true;
  }

  // Skip whole rounds once the state repeats: from there the machine goes on in the same way.
  skipRepeats(work) {
    const here = this.contents.snapshot(0);
    if (this.last !== null && isClose(here, this.last)) {
      const rounds = Math.floor((this.plan.length - this.done) / work);
      if (rounds >= 1) {
        this.done += rounds * work;
        this.record();
      }
    }
    this.last = here;
  }

  // Who serves a request: the zonelist at the low watermarks, kswapd, the zonelist at min, direct reclaim.
  source(asked) {
    const { plan } = this;
    let zone = this.above(plan.low, asked);
    if (zone === null) {
      this.wake(asked);
      zone = this.above(plan.low, asked);
      this.note(zone === null ? "kswapd_falls_behind" : "kswapd_keeps_pace", asked);
    }
    if (zone === null) zone = this.above(plan.min, asked);
    if (zone === null) return this.reclaimDirectly(asked);
    if (zone !== asked) this.note("fallback", asked, zone);
    return zone;
  }

  above(levels, asked) {
    for (let zone = asked; zone >= 0; zone -= 1) {
      if (this.contents.free[zone] > levels[zone] + this.plan.reserve[zone][asked] + EPSILON) return zone;
    }
    return null;
  }

  // Let kswapd bring each zone of the request back to its high watermark, as far as it can.
  wake(asked) {
    this.note("kswapd_wakes", asked);
    for (let zone = asked; zone >= 0; zone -= 1) {
      if (this.contents.free[zone] < this.plan.high[zone]) {
        this.refill(zone, this.plan.high[zone]);
        this.contents.balanced[zone] = true;
      }
    }
  }

  // Make the asking process reclaim for itself, in the zones that its request may use.
  reclaimDirectly(asked) {
    this.note("direct_reclaim", asked);
    for (let zone = asked; zone >= 0; zone -= 1) {
      const target = this.plan.min[zone] + this.plan.reserve[zone][asked];
      this.refill(zone, target);
      if (this.contents.free[zone] >= target - EPSILON && this.contents.reclaimable(zone)) {
        this.contents.balanced[zone] = true;
        return zone;
      }
    }
    return null;
  }

  refill(zone, target) {
    if (this.contents.refill(zone, target)) this.record();
  }

  fail(asked) {
    this.note("allocation_failure", asked);
    this.note("oom", asked);
    this.failed = asked;
    return false;
  }

  record() {
    this.snapshots.push(this.contents.snapshot(this.done));
  }

  // Note an event, the first time that it happens.
  note(kind, asked, zone = asked) {
    const isNews = !this.events.some(
      (event) => event.kind === kind && event.asked === asked && event.zone === zone,
    );
    if (isNews) this.events.push({ kind, done: this.done, cache: sum(this.contents.cache), asked, zone });
  }
}
