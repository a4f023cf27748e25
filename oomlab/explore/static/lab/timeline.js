// The copy from its first page to its last, in lanes that share one axis. A lane shows how much room a
// zone has left above the mark that decides; the finish at the right shows the end again, larger.

import { gib, human, times } from "./format.js";

const TOP = 18, LANE = 52, GAP = 30, AXIS = 24;
const FINISH = 0.26; // of the width
const LEAST_FINISH = 560; // narrower than this, the finish is left out

export const PAD = 10; // so that the scrubber's thumb can stand above both ends

export function drawTimeline(pen, run, written, width) {
  const hasFinish = width >= LEAST_FINISH && run.finish;
  const split = hasFinish ? width * (1 - FINISH) - 24 : width;
  const whole = { left: PAD, right: split - PAD, from: 0, to: run.file };
  const finish = hasFinish && { left: split + 24, right: width - PAD, ...run.finish };
  const height = TOP + run.lanes.length * (LANE + GAP) - GAP + 8 + AXIS;
  pen.begin(width, height);
  run.lanes.forEach((lane, n) => {
    const y = TOP + n * (LANE + GAP);
    drawLane(pen, run, lane, y, whole, written);
    if (finish) drawLane(pen, run, lane, y, finish, written, lane.most / largest(run, lane, finish));
  });
  drawAxis(pen, whole, height);
  if (finish) drawFinish(pen, run, finish, whole, height);
  for (const view of [whole, finish]) drawHead(pen, view, written, height);
  pen.end();
  return whole;
}

const toX = (view, at) => view.left + ((view.right - view.left) * (at - view.from)) / (view.to - view.from);
const inside = (view, at) => at >= view.from && at <= view.to;
const largest = (run, lane, view) => Math.max(1, ...run.knots.filter((knot) => knot.written >= view.from).map(lane.room), lane.room(run.at(view.from)));

function drawLane(pen, run, lane, y, view, written, taller = 1) {
  const base = y + LANE;
  const points = pointsOf(run, lane, view).map(([at, room]) => [toX(view, at), base - Math.max(0, (LANE * taller * room) / lane.most)]);
  const line = points.map(([x, height]) => `${x.toFixed(1)} ${height.toFixed(1)}`).join("L");
  pen.path(`M${points[0][0]} ${base}L${line}L${points.at(-1)[0]} ${base}Z`, { class: "room" });
  pen.path(`M${line}`, { class: "level" });
  pen.line(view.left, base, view.right, base, { class: `mark ${lane.mark}` });
  if (run.end < view.to) pen.rect(toX(view, run.end), y, view.right - toX(view, run.end), LANE, { class: "never" });
  if (taller === 1) pen.text(view.left, y - 6, lane.title, { class: "lane" });
  for (const flag of lane.flags) if (inside(view, flag.at)) drawFlag(pen, flag, toX(view, flag.at), base);
}

function pointsOf(run, lane, view) {
  const last = Math.min(run.end, view.to);
  const between = run.knots.filter((knot) => knot.written > view.from && knot.written < last);
  return [run.at(view.from), ...between, run.at(last)].map((knot) => [knot.written, lane.room(knot)]);
}

// What the lane runs towards: reached, or where it would have been reached.
function drawFlag(pen, { kind, reached }, x, base) {
  const look = { class: `flag ${kind} ${reached ? "" : "hollow"}` };
  if (kind === "death") pen.path(`M${x - 5} ${base - 5}l10 10m0 -10l-10 10`, look);
  else pen.path(`M${x} ${base}v-15l10 4l-10 4`, look);
}

function drawAxis(pen, view, height) {
  const y = height - AXIS + 16;
  const step = [1, 2, 5, 10, 20, 50].find((each) => (each * 2 ** 18) / (view.to / 6) >= 1) ?? 100;
  for (let at = 0; at * 2 ** 18 <= view.to; at += step) {
    const x = toX(view, at * 2 ** 18);
    pen.line(x, height - AXIS, x, height - AXIS + 4, { class: "rule" });
    pen.text(x, y, at === 0 ? "0 GiB copied" : `${at}`, { anchor: at === 0 ? "start" : "middle", class: "muted" });
  }
}

function drawFinish(pen, run, view, whole, height) {
  const scale = (whole.to - whole.from) / (whole.right - whole.left) / ((view.to - view.from) / (view.right - view.left));
  pen.text(view.left, TOP - 6, `The finish, drawn ${times(scale)}`, { class: "lane" });
  for (const at of [view.from, view.to]) {
    pen.text(toX(view, at), height - AXIS + 16, gib(at), { anchor: at === view.from ? "start" : "end", class: "muted" });
  }
}

function drawHead(pen, view, written, height) {
  if (!view || !inside(view, written)) return;
  const x = toX(view, written);
  pen.line(x, TOP - 2, x, height - AXIS, { class: "head" });
}
