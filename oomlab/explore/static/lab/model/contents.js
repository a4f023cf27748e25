// What each zone holds now, and what reclaim can take from it at once:
// oomlab/simulation/contents.py in the browser.

import { sum } from "./format.js";

export const EPSILON = 1e-3; // pages that count as nothing

export class ZoneContents {
  constructor(plan, start) {
    this.plan = plan;
    Object.assign(this, copyOf(start));
    this.balanced = start.free.map(() => false); // zones where reclaim answers every page taken
  }

  snapshot(done) {
    return { done, ...copyOf(this) };
  }

  swapLeft() {
    return this.plan.swap - this.swapUsed;
  }

  // Pages that a zone gains with each cached page that goes: in lowmem, its metadata too.
  gain(zone) {
    return zone <= this.plan.kernel ? 1 + this.plan.pinned : 1;
  }

  // Whether a kernel shortage may evict HighMem's cache: the 2012 fix, and too many buffer_heads.
  overLimit() {
    const limit = this.plan.evictableAbove;
    return limit !== null && sum(this.cache) >= limit - EPSILON;
  }

  // The HighMem cache that may go before the buffer_heads are no longer too many.
  spareHighCache() {
    const { evictableAbove: limit, user } = this.plan;
    return limit === null ? 0 : Math.max(0, Math.min(this.cache[user], sum(this.cache) - limit));
  }

  reclaimable(zone) {
    const swappable = Math.min(this.anon[zone], this.swapLeft()) > EPSILON;
    const rescued = zone === this.plan.kernel && this.spareHighCache() > EPSILON;
    return this.cache[zone] > EPSILON || swappable || rescued;
  }

  // Reclaim until a zone has target free pages or nothing is left; tell whether it got any.
  refill(zone, target) {
    const { plan } = this;
    const before = this.free[zone];
    this.evict(zone, Math.min(this.cache[zone], (target - this.free[zone]) / this.gain(zone)));
    this.swapOut(zone, Math.min(this.anon[zone], this.swapLeft(), target - this.free[zone]));
    if (zone === plan.kernel && plan.pinned) {
      this.evict(plan.user, Math.min(this.spareHighCache(), (target - this.free[zone]) / plan.pinned));
    }
    return this.free[zone] > before;
  }

  evict(zone, wanted) {
    const pages = Math.max(0, wanted);
    this.cache[zone] -= pages;
    this.free[zone] += pages;
    this.unpin(zone, pages * this.plan.pinned);
  }

  // Give back metadata: from beside its page in lowmem, for HighMem from Normal and then below.
  unpin(zone, pages) {
    for (let low = Math.min(zone, this.plan.kernel); low >= 0; low -= 1) {
      const given = Math.min(pages, this.pinned[low]);
      this.pinned[low] -= given;
      this.free[low] += given;
      pages -= given;
    }
  }

  swapOut(zone, wanted) {
    const pages = Math.max(0, wanted);
    this.anon[zone] -= pages;
    this.free[zone] += pages;
    this.swapUsed += pages;
  }

  // The lowmem zone that gets back the metadata of HighMem's cache.
  metadataZone() {
    for (let zone = this.plan.kernel; zone >= 0; zone -= 1) if (this.pinned[zone] > EPSILON) return zone;
    return this.plan.kernel;
  }
}

const copyOf = ({ free, cache, anon, pinned, swapUsed }) => ({
  free: [...free],
  cache: [...cache],
  anon: [...anon],
  pinned: [...pinned],
  swapUsed,
});
