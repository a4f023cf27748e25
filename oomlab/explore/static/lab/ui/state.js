// What is set, what comes of it, and which moment is shown. There are no elements here.

import { toldBy } from "../model/scenes.js";
import { fateOf } from "../model/simulation.js";
import { at, present } from "../model/view_model.js";
import { built, presets, usualSettings } from "./settings.js";

export class LabState {
  // facts are Python's; settings may leave out what is as usual. time is in pages copied; null is the end.
  constructor(facts, settings, time = 0) {
    Object.assign(this, { facts, usual: usualSettings(facts), pinned: null, task: null });
    this.isIncident = presets(facts)[0].label === "The incident";
    this.isPredicting = false; // whether the outcome stays covered until the learner has said one
    this.guess = null; // {fate, at}; at is in pages copied
    this.flag = null; // where the learner would put it, before there is a guess
    this.isAnswering = false; // whether the film that answers the guess still runs
    this.set(settings);
    this.isPoster = time === 0; // nobody has touched time yet
    this.time = time;
  }

  // Take settings from outside.
  set(settings, time = null) {
    this.settings = { ...this.usual, ...settings };
    this.computed = null; // the run of these settings, computed when it is first asked for
    this.isPoster = false;
    this.film = null; // what the film says of this moment; null when it is off
    this.time = time;
  }

  // Change some settings. Time stays where it is. Another machine asks for another prediction.
  change(values) {
    const { time, isPoster } = this;
    this.set({ ...this.settings, ...values }, isPoster ? null : time);
    this.guess = null;
    this.isAnswering = false;
    if (!this.run.error && this.time >= this.run.end) this.time = null;
  }

  pin(isPinned) {
    this.pinned = isPinned ? { settings: this.settings, run: this.run } : null;
  }

  predict(isPredicting, guess = null) {
    Object.assign(this, { isPredicting, guess, film: null, isPoster: false, isAnswering: guess !== null });
    this.time = isPredicting ? 0 : null;
    if (isPredicting && guess === null) this.flag = this.run.error ? null : this.run.file / 2;
  }

  // What comes of the settings, as view_model.js has it.
  get run() {
    this.computed ??= this.runOf(this.settings);
    return this.computed;
  }

  // What a run is compared with, {run, name}: the pinned machine, or the one that the lab begins with; null for itself.
  get reference() {
    if (this.pinned) return this.pinned.run === this.run ? null : { run: this.pinned.run, name: "A" };
    if (this.has(this.usual)) return null;
    this.first ??= this.runOf(this.usual);
    return { run: this.first, name: this.isIncident ? "the incident" : "as given" };
  }

  runOf(settings) {
    const { machine, workload } = built(this.facts, settings);
    return present(machine, workload, this.facts.words);
  }

  // Only what comes of other settings.
  fateOf(settings) {
    const { machine, workload } = built(this.facts, settings);
    return fateOf(machine, workload);
  }

  // Whether the outcome must not be seen.
  get isCovered() {
    return this.isPredicting && this.guess === null;
  }

  // Whether it must not be told.
  get isSilent() {
    return this.isCovered || this.isAnswering;
  }

  // The moment that is shown, in pages copied.
  get written() {
    if (this.run.error || this.isCovered) return 0;
    return Math.min(this.time ?? this.run.end, this.run.end);
  }

  // How many events are known by then.
  get told() {
    return this.film?.told ?? (this.run.error ? 0 : toldBy(this.run, this.written));
  }

  // film: what the film says of this moment, or null.
  moveTo(written, film = null) {
    if (this.run.error) return;
    this.isPoster = false;
    this.film = film;
    if (this.isCovered) this.flag = Math.min(Math.max(written, 0), this.run.file);
    else this.time = Math.min(Math.max(written, 0), this.run.end);
  }

  // What each zone holds at that moment.
  get moment() {
    return at(this.run, this.written);
  }

  // Whether these settings are the ones now set.
  has(settings) {
    return Object.entries(settings).every(([name, value]) => this.settings[name] === value);
  }
}
