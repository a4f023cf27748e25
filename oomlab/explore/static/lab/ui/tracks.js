// The track below each slider: which settings are tried along it, and in what words its change of fate is told.

import { edgeTracks } from "../draw/edge.js";
import { EDGE_ROWS } from "./options.js";
import { withValue } from "./settings.js";

const SAMPLES = 24;

const hasTrack = ({ kind }) => ["size", "slider", "share"].includes(kind);

// By name, for fates.js: every slider's, and those of the map of the edge.
export function tracksFor(rows) {
  const own = rows.filter(hasTrack).map((row) => {
    const last = row.steps.length - 1;
    return {
      name: row.name,
      last,
      step: Math.max(1, Math.floor(last / SAMPLES)),
      put: (place, settings) => ({ ...settings, ...withValue(row, valueAt(row, place), settings) }),
      key: (settings) => JSON.stringify(without(row, settings)),
    };
  });
  return Object.fromEntries([...own, ...edgeTracks(EDGE_ROWS)].map((track) => [track.name, track]));
}

function without(row, settings) {
  const { [row.name]: _, ...rest } = settings;
  if (row.put) return { ...rest, ...row.put(row.steps.at(-1), settings), [row.name]: row.name === "read" ? 0 : null };
  return rest;
}

// The value at a place between two steps of a slider.
export function valueAt({ steps, kind }, place) {
  const n = Math.min(Math.floor(place), steps.length - 1);
  const [low, high] = [steps[n], steps[Math.min(n + 1, steps.length - 1)]];
  if (low === null) return place < 0.5 ? null : high;
  const value = low + (high - low) * (place - n);
  return kind === "share" ? value : Math.round(value);
}

// "lives up to 31.68 GiB": the change that is nearest to where the slider stands.
export function boundaryInWords(row, stretches, place) {
  if (!stretches.length) return "";
  if (stretches.length === 1) return { survives: "lives at any", oom: "dies at any", "no boot": "does not start" }[stretches[0].fate];
  const changes = stretches.slice(1).map(({ from, fate }, n) => ({ from, fate, before: stretches[n].fate }));
  const near = changes.reduce((a, b) => (Math.abs(a.from - place) <= Math.abs(b.from - place) ? a : b));
  const size = row.read(valueAt(row, near.from));
  if (near.before === "survives") return `lives up to ${size}`;
  if (near.fate === "survives") return `lives from ${size}`;
  return near.before === "oom" ? `starts up to ${size}` : `starts from ${size}`;
}
