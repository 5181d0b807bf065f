// The voices, with their speakers' consent; a new one of the microphone.

import { AppError } from "../errors";
import type { VoiceInfo } from "../worker/messages";
import { Recorder } from "./audio";
import { fill, h, icon, ICONS } from "./dom";
import { t } from "./i18n";
import type { State } from "./state";

const MOST_SECONDS = 12;

export class VoicesView {
  readonly element = h("section", { class: "view" });
  private readonly recorder = new Recorder();
  private phase: "idle" | "recording" | "making" = "idle";
  private name = "";
  private statement = "";
  private agreed = false;
  private message = "";
  private timer = 0;

  constructor(private readonly state: State) {}

  draw(): void {
    const { info } = this.state;
    if (!info) return fill(this.element);
    fill(this.element,
      h("div", { class: "card" }, h("h2", {}, t("voices.title")),
        h("ul", { class: "rows" }, info.voices.map((voice) => this.row(voice)))),
      h("div", { class: "card" }, h("h2", {}, t("enrol.title")),
        ...(info.canEnrol ? this.form() : [h("p", { class: "quiet" }, t("enrol.none"))])));
  }

  private row(voice: VoiceInfo): HTMLElement {
    return h("li", { class: "row" }, face(voice.name),
      h("div", { class: "grow" }, h("p", {}, voice.name),
        h("p", { class: "quiet small" }, t("voices.consent", {
          text: voice.consent, date: voice.consentDate.slice(0, 10),
        })),
        voice.own && h("p", { class: "quiet small" }, t("voices.own"))),
      voice.own && h("button", {
        class: "plain round", "aria-label": t("voices.remove", { name: voice.name }),
        onclick: () => this.remove(voice),
      }, icon(ICONS.remove)));
  }

  private form(): HTMLElement[] {
    const recording = this.phase === "recording";
    const ready = () => this.name.trim() !== "" && this.statement.trim() !== "" && this.agreed;
    const button = h("button", {
      class: recording ? "main stop" : "main", id: "record", disabled: this.phase === "making" || !ready(),
      onclick: () => (recording ? this.finish() : this.begin()),
    }, icon(recording ? ICONS.stop : ICONS.mic), recording ? t("enrol.stop") : t("enrol.start"));
    const check = () => (button.disabled = !ready());
    this.statement ||= t("enrol.statement.usual");
    const name = h("input", {
      id: "voice-name", maxLength: 60, value: this.name, disabled: recording,
      oninput: () => ((this.name = name.value), check()),
    });
    const statement = h("textarea", {
      id: "statement", rows: 2, maxLength: 1000, value: this.statement, disabled: recording,
      oninput: () => ((this.statement = statement.value), check()),
    });
    const agreed = h("input", {
      type: "checkbox", id: "agreed", checked: this.agreed, disabled: recording,
      onchange: () => ((this.agreed = agreed.checked), check()),
    });
    const seconds = h("p", { class: "quiet", id: "recorded", "aria-live": "polite" },
      recording ? t("enrol.recording", { seconds: 0 }) : this.message);
    if (recording) {
      clearInterval(this.timer);
      this.timer = window.setInterval(() => {
        seconds.textContent = t("enrol.recording", { seconds: this.recorder.seconds.toFixed(1) });
        if (this.recorder.seconds >= MOST_SECONDS) void this.finish();
      }, 200);
    }
    return [
      h("p", { class: "quiet" }, t("enrol.lead")),
      h("label", { for: "voice-name" }, t("enrol.name")), name,
      h("label", { for: "statement" }, t("enrol.statement")), statement,
      h("label", { class: "tick" }, agreed, t("enrol.consent")), button, seconds,
    ];
  }

  private async begin(): Promise<void> {
    this.state.error = null;
    this.message = "";
    try {
      await this.recorder.start();
      this.phase = "recording";
    } catch (error) {
      await this.state.failed(error);
    }
    this.state.changed();
  }

  private async finish(): Promise<void> {
    if (this.phase !== "recording") return;
    clearInterval(this.timer);
    this.phase = "making";
    this.message = t("enrol.making");
    const { state } = this;
    try {
      const recording = await this.recorder.stop();
      state.changed();
      if (!state.info) throw new AppError("not-a-bundle");
      state.info.voices = await state.engine.call("enrol", {
        ...recording, name: this.name, consent: this.statement,
      });
      this.message = t("enrol.made", { name: this.name });
      this.name = "";
      this.agreed = false;
    } catch (error) {
      this.message = "";
      await state.failed(error);
    }
    this.phase = "idle";
    state.changed();
  }

  private async remove(voice: VoiceInfo): Promise<void> {
    if (!confirm(t("voices.remove.sure", { name: voice.name }))) return;
    const { state } = this;
    try {
      const voices = await state.engine.call("removeVoice", { id: voice.id });
      if (state.info) state.info.voices = voices;
    } catch (error) {
      await state.failed(error);
    }
    state.changed();
  }
}

/** A round sign with a name's first letter, its colour made of the name. */
export function face(name: string): HTMLElement {
  let hue = 0;
  for (const ch of name) hue = (hue * 31 + ch.codePointAt(0)!) % 360;
  const sign = h("span", { class: "face", "aria-hidden": "true" }, Array.from(name)[0] ?? "?");
  sign.style.setProperty("--hue", String(hue));
  return sign;
}
