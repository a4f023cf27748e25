// The fates under the sliders: which tracks can be seen, which must be computed now, and their drawing.

import { say } from "../../dom.js";
import { drawRamStrip } from "../draw/ram_strip.js";
import { Svg } from "../draw/svg.js";
import { drawTrack } from "../draw/track.js";
import { EDGE_ROWS, RAM } from "./options.js";
import { valueOf } from "./settings.js";
import { boundaryInWords, valueAt } from "./tracks.js";

const EDGE = EDGE_ROWS.map(([size]) => `edge ${size}`);

export class TrackView {
  constructor(view, rows, ids) {
    const { rails, elements } = view.controls;
    this.view = view;
    this.rows = rows
      .filter(({ name }) => rails[name])
      .map((row) => ({ row, ...rails[row.name], rail: elements[row.name].querySelector(".rail"), svg: new Svg(rails[row.name].track, ids) }));
    for (const { row, rail } of this.rows) if (row === RAM) rail.classList.add("ram");
  }

  // Bring what can be seen up to date; return whether more remains. The track of RAM and the row of the dot are always
  // those of this very moment.
  work(state) {
    if (state.isSilent) return false;
    const { fates, sizes, parts } = this.view;
    const seen = this.rows.filter(({ rail, row }) => sizes.of(rail)[0] > 0 || row === RAM).map(({ row }) => row.name);
    const map = parts.edge.open ? EDGE : [];
    return fates.work(state.settings, [...seen, ...map], ["ram", `edge ${state.settings.block_size}`]);
  }

  draw(state) {
    const { sizes, fates, svg } = this.view;
    for (const { row, words, rail, svg: track } of this.rows) {
      const [width, unit] = sizes.of(rail);
      const known = state.isSilent ? [] : fates.of(row.name);
      const place = row.steps.indexOf(valueOf(row, state.settings));
      say(words, row !== RAM && known.length && fates.isFresh(row.name) ? boundaryInWords(row, known, Math.max(0, place)) : "");
      if (!width) continue;
      if (row !== RAM) {
        drawTrack(track, known, row.steps.length - 1, width, unit);
        continue;
      }
      const fate = known.length ? { stretches: known, valueAt: (at) => valueAt(row, at) } : null;
      const { run, settings } = state;
      const shown = state.isCovered && run.error ? { ...run, error: "covered" } : run;
      drawRamStrip(svg.strip, { run: shown, state: run.error ? null : state.moment, settings }, row.steps, fate, width, unit);
    }
  }
}
