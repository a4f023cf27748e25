// What is set, what comes of it, and which moment is shown. There are no elements here.

import { at, present } from "../model/view_model.js";
import { built, usualSettings } from "./settings.js";

export class LabState {
  // facts are Python's; settings may leave out what is as usual.
  constructor(facts, settings) {
    Object.assign(this, { facts, usual: usualSettings(facts) });
    this.isPredicting = false; // whether the outcome stays covered until the learner has said one
    this.guess = null;
    this.set(settings);
  }

  // Take settings from outside.
  set(settings) {
    this.settings = { ...this.usual, ...settings };
    this.computed = null; // the run of these settings, computed when it is first asked for
    this.time = null; // pages copied at the moment that is shown; null is the end
  }

  // Change some settings. Another machine asks for another prediction.
  change(values) {
    this.set({ ...this.settings, ...values });
    this.guess = null;
  }

  predict(isPredicting, guess = null) {
    Object.assign(this, { isPredicting, guess, time: null });
  }

  // What comes of the settings, as view_model.js has it.
  get run() {
    this.computed ??= this.runOf(this.settings);
    return this.computed;
  }

  runOf(settings) {
    const { machine, workload } = built(this.facts, settings);
    return present(machine, workload, this.facts.words);
  }

  get isCovered() {
    return this.isPredicting && this.guess === null;
  }

  // The moment that is shown, in pages copied.
  get written() {
    if (this.run.error) return 0;
    return this.time ?? (this.isCovered ? 0 : this.run.end);
  }

  moveTo(written) {
    this.time = Math.min(Math.max(written, 0), this.run.end);
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
