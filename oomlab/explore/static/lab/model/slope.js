// How fast everything changes, and how long it can go on like that:
// oomlab/simulation/slope.py in the browser.

import { sum } from "./format.js";
import { EPSILON } from "./contents.js";

export class Slope {
  constructor(contents, user) {
    const { plan } = contents;
    const zeros = () => contents.free.map(() => 0);
    Object.assign(this, { contents, free: zeros(), cache: zeros(), anon: zeros(), pinned: zeros(), swap: 0 });
    const inLowmem = user <= plan.kernel;
    const beside = plan.anon * plan.tablesBeside + (inLowmem ? plan.file * plan.pinned : 0);
    this.cache[user] += plan.file;
    this.anon[user] += plan.anon;
    this.pinned[user] += beside;
    this.take(user, plan.file + plan.anon + beside);
    this.wanted = plan.other + plan.anon * plan.tables; // of lowmem; below zero it is given back
    if (!inLowmem) this.wanted += plan.pinned * this.cache[user];
  }

  // Take what the kernel wants from this zone, or give it back.
  addKernel(zone) {
    this.pinned[zone] += this.wanted;
    this.take(zone, this.wanted);
  }

  // Take pages from a zone: those that reclaim there answers, and the rest from its free memory.
  take(zone, pages) {
    if (pages > 0 && this.contents.balanced[zone]) {
      pages = this.evict(zone, pages);
      pages = this.swapOut(zone, pages);
      pages = this.evictHighCache(zone, pages);
    }
    this.free[zone] -= pages;
  }

  // Take pages from the zone's own cache; an empty one still gives each page that is being added to it.
  evict(zone, pages) {
    const gain = this.contents.gain(zone);
    let evicted = pages / gain;
    if (this.contents.cache[zone] <= EPSILON) evicted = Math.min(evicted, Math.max(0, this.cache[zone]));
    this.cache[zone] -= evicted;
    this.pinned[zone] -= evicted * (gain - 1);
    return pages - evicted * gain;
  }

  // Take pages from the zone's anonymous memory, in the same way, while there is swap.
  swapOut(zone, pages) {
    if (this.contents.swapLeft() <= EPSILON) return pages;
    let swapped = pages;
    if (this.contents.anon[zone] <= EPSILON) swapped = Math.min(pages, Math.max(0, this.anon[zone]));
    this.anon[zone] -= swapped;
    this.swap += swapped;
    return pages - swapped;
  }

  // Answer a kernel shortage with HighMem's cache: the 2012 fix, down to its limit.
  evictHighCache(zone, pages) {
    const { plan } = this.contents;
    if (zone !== plan.kernel || !this.contents.overLimit()) return pages;
    let evicted = pages / plan.pinned;
    if (this.contents.spareHighCache() <= EPSILON)
      evicted = Math.min(evicted, Math.max(0, this.cache[plan.user]));
    this.cache[plan.user] -= evicted;
    this.free[plan.user] += evicted;
    this.pinned[zone] -= evicted * plan.pinned;
    return pages - evicted * plan.pinned;
  }

  // The work after which some rate must change, at most the work that is left.
  reach(left) {
    const { contents } = this;
    const { plan } = contents;
    const ends = [left];
    const meet = (amount, rate) => {
      if (rate < 0 && amount > EPSILON) ends.push(-amount / rate);
    };
    this.free.forEach((rate, zone) => {
      for (const asked of [plan.user, plan.kernel]) {
        for (const levels of [plan.low, plan.min])
          meet(contents.free[zone] - levels[zone] - plan.reserve[zone][asked], rate);
      }
      for (const held of ["cache", "anon", "pinned"]) meet(contents[held][zone], this[held][zone]);
    });
    meet(contents.swapLeft(), -this.swap);
    if (plan.evictableAbove !== null) meet(sum(contents.cache) - plan.evictableAbove, sum(this.cache));
    return Math.min(...ends);
  }

  // Go along the line for so much work.
  follow(work) {
    for (const held of ["free", "cache", "anon", "pinned"]) {
      this[held].forEach((rate, zone) => {
        this.contents[held][zone] += rate * work;
      });
    }
    this.contents.swapUsed += this.swap * work;
  }
}
