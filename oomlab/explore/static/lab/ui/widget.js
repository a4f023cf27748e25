// The lab in a notebook. Each release goes to Python, which computes the same point: Python is the reference.

import { makeOpening } from "../../opening.js";
import { Lab } from "./lab.js";
import { usualSettings } from "./settings.js";

export function render({ model, el }) {
  let shown = null; // what the page says, and about which settings
  const lab = new Lab({
    facts: model.get("_facts"),
    palette: model.get("_palette"),
    settings: model.get("settings"),
    settled(settings, run, isByHand) {
      shown = { settings: whole(settings), sentence: run.sentence };
      if (isByHand) {
        model.set("settings", settings);
        model.save_changes();
      }
      judge();
    },
  });
  const whole = (settings) => JSON.stringify({ ...usualSettings(model.get("_facts")), ...settings });
  const judge = () => {
    const reference = model.get("_reference");
    const isSame = shown.settings === whole(reference.settings);
    lab.note(
      isSame && shown.sentence !== reference.sentence
        ? `Python’s model says otherwise, and it is right: ${reference.sentence}`
        : "",
    );
  };
  const follow = () => {
    if (shown.settings !== whole(model.get("settings"))) lab.set(model.get("settings"));
  };
  model.on("change:_reference", judge);
  model.on("change:settings", follow);
  const opening = makeOpening(model);
  el.append(lab.element, opening.element);
  return () => {
    model.off("change:_reference", judge);
    model.off("change:settings", follow);
    opening.close();
    lab.close();
  };
}
