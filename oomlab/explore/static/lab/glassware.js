// The shape of the flasks and where each stands. A body holds most of a zone; a narrow neck holds the
// last pages, where the marks are, drawn larger. DMA and the swap are plain tubes.

import { populated } from "./present.js";

export const TOP = 44;
export const NECK = 96;
export const BODY = 168;
export const FOOT = 70;
export const ROUND = 14; // radius of the lower corners
const SHOULDER = 8;
const SMALL_SLOT = 92; // room for DMA and for the swap
const SMALL_WIDTH = 40;
const SMALL_TALL = { wide: NECK + BODY, narrow: 110 };
const NARROW = 520; // below this width, the tubes stand in a row of their own
const TIGHT = 330; // of room for a flask with its words
const NECK_HOLDS = 5; // times the high mark

export const SWAP = -1; // the number of the swap, which is no zone

// Every flask of a run: where it stands, how large it is, and what it holds at most.
export function layout(run, width) {
  const isNarrow = width < NARROW;
  const numbers = populated(run);
  const isSmall = (i) => run.zones[i].name === "DMA";
  const big = numbers.filter((i) => !isSmall(i));
  const small = [...numbers.filter(isSmall), SWAP];
  const slot = (isNarrow ? width : width - SMALL_SLOT * small.length) / big.length;
  const start = isNarrow ? 0 : SMALL_SLOT;
  const smallSlot = isNarrow ? width / small.length : SMALL_SLOT;
  const smallLeft = (n) => (isNarrow ? n * smallSlot : n * (width - SMALL_SLOT));
  return [
    ...big.map((i, n) => flask(run, i, { slot, left: start + n * slot, isNarrow })),
    ...small.map((i, n) => tube(run, i, { slot: smallSlot, left: smallLeft(n), isNarrow })),
  ];
}

function flask(run, number, { slot, left, isNarrow }) {
  const zone = run.zones[number];
  const size = run.sizes[number];
  const body = Math.min(190, Math.max(48, slot - (isNarrow ? 96 : 150)));
  return {
    ...{ isBig: true, isNarrow, isTight: slot < TIGHT, number, zone, size, body },
    reserve: zone.lowmem_reserve[run.user],
    neck: Math.max(26, body * 0.3),
    inNeck: Math.min(size * 0.3, NECK_HOLDS * zone.watermark_high),
    middle: left + (isNarrow ? 4 : 24) + body / 2,
    y: TOP,
    tall: NECK + BODY,
    bottom: TOP + NECK + BODY,
  };
}

function tube(run, number, { slot, left, isNarrow }) {
  const zone = number === SWAP ? { name: "Swap" } : run.zones[number];
  const size = number === SWAP ? run.machine.swap : run.sizes[number];
  const tall = SMALL_TALL[isNarrow ? "narrow" : "wide"];
  const y = isNarrow ? TOP + NECK + BODY + FOOT + 27 : TOP;
  return {
    ...{ isBig: false, isNarrow, number, zone, size, y, tall },
    reserve: number === SWAP ? 0 : zone.lowmem_reserve[run.user],
    body: SMALL_WIDTH,
    neck: SMALL_WIDTH,
    inNeck: 0,
    middle: left + slot / 2,
    bottom: y + tall,
  };
}

// Pixels of area for each page, in the body.
export function scaleOf({ isBig, size, body, inNeck, tall }) {
  return size ? (body * (isBig ? BODY : tall)) / (size - inNeck) : Infinity;
}

// How much taller a page stands in the neck than in the body.
export const neckScale = ({ size, inNeck }) => NECK / inNeck / (BODY / (size - inNeck));

// The height at which a flask holds this many pages.
export function level({ isBig, size, inNeck, bottom, tall }, pages) {
  if (!isBig) return bottom - (size ? (tall * pages) / size : 0);
  const inBody = size - inNeck;
  if (pages <= inBody) return bottom - (BODY * pages) / inBody;
  return bottom - BODY - (NECK * (pages - inBody)) / inNeck;
}

// The glass, from the right edge of its mouth round to the left.
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
