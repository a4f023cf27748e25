// Where the vessels of a run stand, how large each is, and its outline. A body holds most of a zone; a
// narrow neck holds the last pages, where the watermarks are, drawn larger. DMA and the swap are plain tubes.

import { populated } from "../model/view_model.js";

export const SWAP = -1; // the number of the swap, which is no zone
export const NECK = 96;
export const BODY = 168;
export const ROUND = 14; // radius of the lower corners
const TOP = 44;
const SHOULDER = 8;
const SMALL_SLOT = 96; // room for DMA and for the swap
const SMALL_WIDTH = 40;
const SMALL_TALL = { wide: NECK + BODY, narrow: 110 };
const NARROW = 520; // below this width, the tubes stand in a row of their own
const NECK_HOLDS = 5; // times the high watermark

// Every vessel of a run: where it stands, how large it is, and what is written below it. footOf(vessel,
// magnified) gives those lines, heightOf(lines) their height.
export function layout(run, width, footOf, heightOf) {
  const isNarrow = width < NARROW;
  const numbers = populated(run);
  const isSmall = (i) => run.zones[i].name === "DMA" && numbers.length > 1;
  const big = numbers.filter((i) => !isSmall(i));
  const small = [...numbers.filter(isSmall), SWAP];
  const slot = (isNarrow ? width : width - SMALL_SLOT * small.length) / big.length;
  const start = isNarrow || small.length === 1 ? 0 : SMALL_SLOT;
  const bigs = big.map((i, n) => vessel(run, i, { slot, left: start + n * slot, isNarrow }));
  const tubes = small.map((i) => tube(run, i, isNarrow));
  const largest = Math.min(...[...bigs, ...tubes].map(scaleOf));
  for (const each of [...bigs, ...tubes]) each.foot = footOf(each, scaleOf(each) / largest);
  const below = TOP + NECK + BODY + Math.max(...bigs.map(({ foot }) => heightOf(foot))) + 12;
  const smallSlot = isNarrow ? width / small.length : SMALL_SLOT;
  tubes.forEach((each, n) => {
    const isLast = n === small.length - 1;
    each.middle = (isNarrow ? n * smallSlot : isLast ? width - smallSlot : 0) + smallSlot / 2;
    each.y = isNarrow ? below : TOP;
    each.bottom = each.y + each.tall;
  });
  return [...bigs, ...tubes];
}

function vessel(run, number, { slot, left, isNarrow }) {
  const zone = run.zones[number];
  const size = run.sizes[number];
  const body = Math.min(190, Math.max(44, slot - (isNarrow ? 112 : 150)));
  const middle = left + (isNarrow ? 10 : 24) + body / 2;
  return {
    ...{ isBig: true, number, zone, size, body, middle },
    reserve: zone.lowmem_reserve[run.user],
    neck: Math.max(24, body * 0.3),
    inNeck: size * Math.min(0.3, Math.max(0.02, (NECK_HOLDS * zone.watermark_high) / size)),
    y: TOP,
    bottom: TOP + NECK + BODY,
    right: left + slot - 4,
    room: left + slot - 4 - (middle - body / 2), // for what is written below
  };
}

function tube(run, number, isNarrow) {
  const zone = number === SWAP ? { name: "Swap" } : run.zones[number];
  const size = number === SWAP ? run.machine.swap : run.sizes[number];
  const tall = SMALL_TALL[isNarrow ? "narrow" : "wide"];
  return {
    ...{ isBig: false, number, zone, size, tall, body: SMALL_WIDTH, neck: SMALL_WIDTH, inNeck: 0 },
    reserve: 0,
  };
}

// Pixels of area for each page, in the body.
function scaleOf({ isBig, size, body, inNeck, tall }) {
  return size ? (body * (isBig ? BODY : tall)) / (size - inNeck) : Infinity;
}

// How much taller a page stands in the neck than in the body.
export const neckScale = ({ size, inNeck }) => NECK / inNeck / (BODY / (size - inNeck));

// The height at which a vessel holds this many pages.
export function level({ isBig, size, inNeck, bottom, tall }, pages) {
  if (!isBig) return bottom - (size ? (tall * pages) / size : 0);
  const inBody = size - inNeck;
  if (pages <= inBody) return bottom - (BODY * pages) / inBody;
  return bottom - BODY - (NECK * (pages - inBody)) / inNeck;
}

// Half of a vessel's width at a height.
export const halfWidth = ({ neck, body, y: top }, y) => (y < top + NECK ? neck : body) / 2;

// The outline, from the right edge of its mouth round to the left.
export function outline({ isBig, middle, body, neck, y, bottom }) {
  const left = middle - body / 2;
  const right = middle + body / 2;
  const foot = bottom - ROUND;
  const corners = `${right} ${bottom} ${right - ROUND} ${bottom}H${left + ROUND}Q${left} ${bottom} ${left} ${foot}`;
  const base = `V${foot}Q${corners}`;
  if (!isBig) return `M${right} ${y}${base}V${y}`;
  const [neckLeft, neckRight] = [middle - neck / 2, middle + neck / 2];
  const s = y + NECK;
  const down = `M${neckRight} ${y}V${s - SHOULDER}Q${neckRight} ${s} ${neckRight + SHOULDER} ${s}`;
  const out = `H${right - SHOULDER}Q${right} ${s} ${right} ${s + SHOULDER}`;
  const back = `V${s + SHOULDER}Q${left} ${s} ${left + SHOULDER} ${s}`;
  const up = `H${neckLeft - SHOULDER}Q${neckLeft} ${s} ${neckLeft} ${s - SHOULDER}V${y}`;
  return down + out + base + back + up;
}
