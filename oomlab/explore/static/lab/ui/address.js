// The settings and the moment as an address that can be read, typed and sent: #ram=16G&mem=8G&t=12.

import { PAGES_PER_GIB } from "../model/format.js";
import { accepts, controlsFor, differences } from "./settings.js";

const KB = { K: 1, M: 2 ** 10, G: 2 ** 20 };
const SIZE = /^(\d+(?:\.\d+)?)([KMG])$/;

// time is in pages copied; null is the end, which is not said.
export function written(facts, settings, time) {
  const rows = controlsFor(facts).all;
  const parts = Object.entries(differences(facts, settings)).map(([name, value]) => {
    const row = rows.find((each) => each.name === name);
    return `${row.short ?? name}=${encoded(toText(row, value))}`;
  });
  if (time !== null) parts.push(`t=${Number((time / PAGES_PER_GIB).toFixed(2))}`);
  return parts.join("&");
}

// {settings, time}: what reads as a setting; the rest is left.
export function read(facts, hash) {
  const rows = controlsFor(facts).all;
  const settings = {};
  let time = null;
  for (const [name, text] of new URLSearchParams(hash)) {
    const row = rows.find((each) => each.short === name || each.name === name);
    const value = row && fromText(row, text);
    if (row && accepts(facts, row.name, value)) settings[row.name] = value;
    if (name === "t" && /^\d+(\.\d+)?$/.test(text)) time = Number(text) * PAGES_PER_GIB;
  }
  return { settings, time };
}

// Slashes may stand in the part of an address behind the #.
const encoded = (text) => encodeURIComponent(text).replaceAll("%2F", "/");

function toText(row, value) {
  if (row.kind === "toggle") return value ? "on" : "off";
  if (row.kind === "choice") return inWords(row.options.find(([each]) => each === value));
  return value === null ? "own" : size(value * row.unit * 4);
}

// A choice is named by its third word, by its label, or by what it is.
function inWords([value, label, word]) {
  return word ?? (typeof value === "number" ? label : `${value ?? label}`.replace("true", "present").replace("false", "absent"));
}

// The largest unit that holds it with few digits; kilobytes hold anything.
function size(kb) {
  for (const unit of ["G", "M"]) {
    const number = Number((kb / KB[unit]).toFixed(4));
    if (number >= 1 && number * KB[unit] === kb) return `${number}${unit}`;
  }
  return kb ? `${kb}K` : "0";
}

function fromText(row, text) {
  if (row.kind === "toggle") return { on: true, off: false }[text] ?? parsed(text);
  if (row.kind === "choice") {
    const found = row.options.find((option) => inWords(option) === text);
    return found ? found[0] : parsed(text);
  }
  const match = SIZE.exec(text);
  if (match) return (Number(match[1]) * KB[match[2]]) / 4 / row.unit;
  return text === "own" ? null : parsed(text);
}

// As addresses were written before: plain numbers, and words in quotation marks.
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
