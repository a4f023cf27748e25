// The nearest machines that start: for each setting that can make it start by itself, the value that does.

import { nearest } from "./controls.js";
import { valueOf, withValue } from "./settings.js";
import { valueAt } from "./tracks.js";

// Rows of {row, values}: RAM, and whatever was changed from the usual settings.
export function remedies(rows, settings, usual, fates) {
  const starts = (values) => fates.fate({ ...settings, ...values }) !== "no boot";
  return rows
    .filter((row) => row.name === "ram" || settings[row.name] !== usual[row.name])
    .map((row) => ({ row, values: fates.tracks[row.name] ? along(row, settings, fates, starts) : { [row.name]: usual[row.name] } }))
    .filter(({ values }) => values && starts(values));
}

// The step of a slider nearest to where it stands at which the machine starts; between steps if there is none.
function along(row, settings, fates, starts) {
  fates.compute(row.name, settings);
  const here = nearest(row.steps, valueOf(row, settings));
  const distance = (place) => Math.abs(place - here);
  const places = fates
    .of(row.name)
    .filter(({ fate }) => fate !== "no boot")
    .flatMap(({ from, to }) => [Math.ceil(from), Math.floor(to), from, to].filter((place) => place >= from && place <= to));
  for (const place of places.toSorted((a, b) => distance(a) - distance(b) || Number.isInteger(b) - Number.isInteger(a))) {
    const values = withValue(row, valueAt(row, place), settings);
    if (starts(values)) return values;
  }
  return null;
}
