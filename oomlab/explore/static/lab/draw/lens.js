// The finish through a lens: the last stretch of the race, so much larger that it can be seen who comes first.

import { human, times } from "../model/format.js";
import { at } from "../model/view_model.js";
import { roomAboveLow, roomAboveMin } from "../model/race.js";

const HEIGHT = 148;
const LANE = 46;

export function drawLens(svg, { run, written }, width, unit) {
  const { finish, rescue, death } = run.race;
  svg.begin(width, HEIGHT, unit);
  const toX = (moment) => 8 + ((width - 16) * (moment - finish.from)) / (finish.to - finish.from);
  const larger = times(run.file / (finish.to - finish.from));
  svg.rect(0.5, 0.5, width - 1, HEIGHT - 1, { class: "lens", rx: 8 });
  svg.text(10, 19, svg.fit(width - 20, [`Room left at the end, ${larger} wider`, `Room left, ${larger} wider`], "strong"), { class: "strong" });
  const high = { y: 30, room: roomAboveLow, mark: "low", ...rescue, kind: "flag" };
  const low = { y: 30 + LANE + 12, room: roomAboveMin, mark: "min", ...death, kind: "death" };
  for (const lane of [high, low]) drawLane(svg, run, lane, finish, toX, width);
  const now = Math.max(8, toX(written));
  const end = toX(Math.min(run.end, finish.to));
  for (const { y } of [high, low]) svg.rect(now, y - 4, end - now, LANE - 15, { class: "later" });
  if (now > 8 && now < width - 8)
    for (const { y } of [high, low]) svg.rimmed(now, y - 2, now, y + LANE - 18, { class: "head" });
  svg.end();
}

// The room that is left, running out towards its mark.
function drawLane(svg, run, lane, finish, toX, width) {
  const { y, room, mark, kind, isReached } = lane;
  const floor = y + LANE - 18;
  const end = Math.min(run.end, finish.to);
  const moments = [finish.from, ...run.states.map((each) => each.written), end]
    .filter((moment) => moment >= finish.from && moment <= end)
    .toSorted((a, b) => a - b);
  const most = room(run, at(run, finish.from)) || 1;
  const points = moments.map((moment) => `${toX(moment)} ${floor - ((LANE - 22) * room(run, at(run, moment))) / most}`);
  svg.path(`M8 ${floor}L${points.join("L")}L${toX(end)} ${floor}Z`, { class: "room" });
  svg.rect(toX(end), y, width - 8 - toX(end), LANE - 18, { class: "never" });
  svg.line(8, floor, width - 8, floor, { class: `mark ${mark}` });
  drawFlag(svg, toX(Math.min(lane.at, finish.to)), floor, kind, isReached);
  svg.text(10, floor + 17, svg.fit(width - 20, wordsOf(run, lane)), { class: kind === "death" && isReached ? "danger" : "safe" });
}

function drawFlag(svg, x, y, kind, isReached) {
  if (kind === "death" && isReached) svg.path(`M${x - 6} ${y - 6}l12 12m0 -12l-12 12`, { class: "death" });
  else if (kind === "flag") svg.path(`M${x} ${y}v-18h11l-3 4l3 4h-11`, { class: isReached ? "flag" : "flag hollow" });
}

function wordsOf(run, { kind, isReached, left }) {
  const size = human(Math.abs(left));
  if (kind === "flag" && run.race.rescue.isFix) return ["the fix: kswapd recycles", "the fix"];
  if (kind === "flag") return isReached ? ["low reached: kswapd wakes"] : [`low not reached: ${size} to go`, `${size} to go`];
  return isReached
    ? [`${size} more would have saved it`, `${size} short`]
    : [`min not reached: ${size} to spare`, `${size} to spare`];
}
