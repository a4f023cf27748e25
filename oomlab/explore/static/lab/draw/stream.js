// The cause, to scale: pages of the file fall into their zone, and from each a record drops into lowmem. A
// square's area is its bytes. While the film runs the squares move; otherwise they stand as a key.

import { grouped } from "../model/format.js";

const PAGE = 20; // the side of a page's square
const FALL = 700; // ms from one page to the next

export function drawStream(svg, scene, place, unit) {
  const { run, phase } = scene;
  const bytes = run.plan.pinned * 4096;
  const side = Math.max(1.5, PAGE * Math.sqrt(bytes / 4096));
  const [first, second] = place.rows;
  const { x, width } = place.glass;
  const middle = x + width / 2;
  const share = phase === null ? null : (phase % FALL) / FALL;
  drawPages(svg, middle, place.isWide ? first.y - PAGE - 2 : first.y, share);
  const hasTwo = second && run.user !== run.kernel;
  if (hasTwo) drawRecords(svg, middle, first, second, side, share);
  if (scene.drains) drawTap(svg, place, first, share ?? 0.5, side, hasTwo && second);
  drawWords(svg, place, hasTwo ? first : null, bytes, side);
}

function drawPages(svg, middle, from, share) {
  const y = share === null ? from : from + share * (PAGE + 14);
  svg.rect(middle - PAGE / 2, y, PAGE, PAGE, { fill: svg.fill("cache"), class: "square", "data-thing": "cache" });
}

// From the floor of one vessel to the brim of the next.
function drawRecords(svg, middle, first, second, side, share) {
  const way = second.y - first.bottom - 8;
  svg.path(`M${middle} ${first.bottom + 3}v${way}m-4 -6l4 6l4 -6`, { class: "flow", "data-thing": "records" });
  for (const part of share === null ? [0.5] : [share * 0.5, 0.5 + share * 0.5]) {
    const y = first.bottom + 3 + part * (way - side);
    svg.rect(middle - side / 2, y, side, side, { fill: svg.fill("records"), class: "square" });
  }
}

// kswapd has opened the tap: pages leave their zone, and their records lowmem.
function drawTap(svg, { glass }, row, share, side, lower) {
  const x = glass.x + glass.width;
  drawDrain(svg, x, row.bottom - 14, share, PAGE / 2, "cache");
  if (lower) drawDrain(svg, x, lower.bottom - 14, share, side, "records");
}

function drawDrain(svg, x, y, share, side, key) {
  svg.path(`M${x} ${y - 4}h9v12`, { class: "tap" });
  svg.rect(x + 9 - side / 2, y + 8 + share * 12 - side / 2, side, side, { fill: svg.fill(key), class: "square" });
}

// In the gap between the two rows, or above the only one.
function drawWords(svg, place, first, bytes, side) {
  const { glass, left, right, rows } = place;
  const sum = grouped(bytes);
  if (!first) {
    const x = glass.x + glass.width / 2 + PAGE;
    const texts = [`each page of the file: 4,096 bytes + ${sum} of records, in the same zones`, `each page: 4,096 bytes + ${sum} of records`];
    if (place.isWide) svg.text(x, rows[0].y - 7, svg.fit(right - x, texts), { class: "muted" });
    return;
  }
  const y = first.bottom + (place.isWide ? 22 : 17);
  const start = place.isWide ? left : glass.x + glass.width / 2 + 14;
  const texts = [
    `each page of the file, 4,096 bytes, needs ${sum} bytes of records down here (squares to scale)`,
    `each page of the file, 4,096 bytes, needs ${sum} bytes of records down here`,
    `each page, 4,096 bytes, needs ${sum} bytes down here`,
    `4,096 bytes need ${sum} down here`,
    `${sum} bytes for each page`,
  ];
  svg.text(start, y, svg.fit(right - start, texts, "strong"), { class: "strong", "data-thing": "records" });
}
