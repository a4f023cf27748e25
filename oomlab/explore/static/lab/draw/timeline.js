// The copy from its first page to its last, in lanes that share one axis. A lane shows how much room a
// zone has left above the mark that decides; the finish, at the right, shows the end again, larger.

import { PAGES_PER_GIB, gib, times } from "../model/format.js";
import { at } from "../model/view_model.js";

const TOP = 18;
const LANE = 52;
const GAP = 30;
const TITLE = 18; // of the finish
const AXIS = 24;
const FINISH = 0.27; // of the width
const BETWEEN = 40; // the whole and the finish
const STEPS = [0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50]; // GiB from one number of the axis to the next
const MIN_FINISH = 620; // narrower than this, the finish is left out

export const PAD = 9; // half of the scrubber's thumb

// Draws, and gives the width that the whole copy takes: the scrubber below is as wide.
export function drawTimeline(svg, run, written, width) {
  const isWide = width >= MIN_FINISH;
  const split = isWide ? width * (1 - FINISH) - BETWEEN / 2 : width;
  const whole = { left: PAD, right: split - PAD, from: 0, to: run.file };
  const hasFinish = isWide && run.finish !== null;
  const views = hasFinish
    ? [whole, { left: split + BETWEEN / 2, right: width - PAD, ...run.finish }]
    : [whole];
  const top = hasFinish ? TOP + TITLE : TOP;
  const height = top + run.lanes.length * (LANE + GAP) - GAP + 8 + AXIS;
  svg.begin(width, height);
  run.lanes.forEach((lane, n) => {
    const y = top + n * (LANE + GAP);
    drawTitle(svg, run, lane, views, y);
    for (const view of views) drawLane(svg, run, lane, y, view);
    for (const view of views) drawHead(svg, view, written, y);
  });
  drawAxis(svg, whole, height - AXIS);
  if (hasFinish) drawFinish(svg, views[1], whole, height - AXIS);
  svg.end();
  return split;
}

// What the lane is, and at the right by how much its flag was missed: both above the lane.
function drawTitle(svg, run, lane, views, y) {
  const [whole, finish] = views;
  const view = finish ?? whole;
  const flag = lane.flags.find(({ note }) => note);
  const note = flag ? `${flag.note}${flag.at > view.to ? " →" : ""}` : "";
  svg.text(view.right, y - 6, note, { anchor: "end", class: "lane" });
  const taken = note && !finish ? svg.textWidth(note, "lane") + 12 : 0;
  const room = whole.right - whole.left - taken;
  svg.text(whole.left, y - 6, svg.fit(room, lane.titles, "lane"), { class: "lane" });
}

const toX = (view, written) =>
  view.left + ((view.right - view.left) * (written - view.from)) / (view.to - view.from);
const isIn = (view, written) => written >= view.from && written <= view.to;

function drawLane(svg, run, lane, y, view) {
  const base = y + LANE;
  const points = pointsOf(run, lane, view);
  const most = view.from === 0 ? lane.most : Math.max(1, ...points.map(([, room]) => room));
  const places = points.map(([written, room]) => [
    toX(view, written),
    base - (LANE * Math.max(0, room)) / most,
  ]);
  const line = places.map(([x, top]) => `${x.toFixed(1)} ${top.toFixed(1)}`).join("L");
  const end = toX(view, Math.min(run.end, view.to));
  svg.rect(end, y, view.right - end, LANE, { class: "never" });
  svg.path(`M${places[0][0]} ${base}L${line}L${end} ${base}Z`, { class: "room" });
  svg.path(`M${line}`, { class: "level" });
  svg.line(view.left, base, view.right, base, { class: `mark ${lane.mark}` });
  for (const flag of lane.flags) if (isIn(view, flag.at)) drawFlag(svg, flag, toX(view, flag.at), base);
}

function pointsOf(run, lane, view) {
  const last = Math.min(run.end, view.to);
  const between = run.states.filter(({ written }) => written > view.from && written < last);
  return [at(run, view.from), ...between, at(run, last)].map((state) => [state.written, lane.room(state)]);
}

// What the lane runs towards: reached, or where it would have been reached.
function drawFlag(svg, { kind, reached }, x, base) {
  const look = { class: `flag ${kind} ${reached ? "" : "hollow"}` };
  if (kind === "death") svg.path(`M${x - 5} ${base - 5}l10 10m0 -10l-10 10`, look);
  else svg.path(`M${x} ${base}v-16l11 4.5l-11 4.5`, look);
}

function drawAxis(svg, view, y) {
  const most = Math.min(8, (view.right - view.left) / 60);
  const step = STEPS.find((each) => view.to / PAGES_PER_GIB / each <= most) ?? 100;
  for (let n = 0; n * step * PAGES_PER_GIB <= view.to; n += 1) {
    const x = toX(view, n * step * PAGES_PER_GIB);
    svg.line(x, y, x, y + 4, { class: "rule" });
    svg.text(Math.min(x, view.right), y + 17, n === 0 ? "0 GiB" : `${Number((n * step).toFixed(2))}`, {
      anchor: n === 0 ? "start" : x > view.right - 12 ? "end" : "middle",
      class: "muted",
    });
  }
}

function drawFinish(svg, view, whole, y) {
  const perPixel = ({ from, to, left, right }) => (to - from) / (right - left);
  const scale = times(perPixel(whole) / perPixel(view));
  const title = svg.fit(view.right - view.left, [`The finish, drawn ${scale}`, `drawn ${scale}`], "lane");
  svg.text(view.left, 12, title, { class: "lane" });
  svg.text(view.left, y + 17, gib(view.from), { class: "muted" });
  svg.text(view.right, y + 17, `${gib(view.to)} GiB`, { anchor: "end", class: "muted" });
}

// The moment that is shown, in one lane: it does not run through the words between the lanes.
function drawHead(svg, view, written, y) {
  if (!isIn(view, written)) return;
  const x = toX(view, written);
  svg.line(x, y, x, y + LANE + 4, { class: "head" });
}
