// Text, voices, and the button that speaks.

import { wavFile } from "../core/wav";
import type { SpeakRequest, Spoken, VoiceInfo } from "../worker/messages";
import { join } from "./audio";
import { fill, h, icon, ICONS } from "./dom";
import { languageName, t } from "./i18n";
import type { State } from "./state";
import { face } from "./voices-view";

interface Made {
  samples: Float32Array;
  sampleRate: number;
  request: SpeakRequest;
  voice: string;
  spoken: Spoken;
}

export class SpeakView {
  readonly element = h("section", { class: "view" });
  private text = localStorage.getItem("voice.text") ?? "";
  private language = "auto";
  private voice = "";
  private other = "";
  private share = 0.5;
  private speed = 1;
  private temperature: number | null = null;
  private seed = "";
  private check = true;
  private skip = false;
  private more = false;
  private call: number | null = null;
  private playing = false;
  private status = "";
  private made: Made | null = null;

  constructor(private readonly state: State) {}

  draw(): void {
    const { info } = this.state;
    if (!info) return fill(this.element);
    const has = (id: string) => info.voices.some((voice) => voice.id === id);
    if (!has(this.voice)) this.voice = info.voices[0]?.id ?? "";
    if (!has(this.other) || this.other === this.voice) this.other = "";
    fill(this.element, this.textCard(), this.resultCard(), this.voiceCard(info.voices), this.moreCard(),
      this.button());
  }

  private textCard(): HTMLElement {
    const text = h("textarea", {
      id: "text", rows: 5, value: this.text, placeholder: t("speak.placeholder"), dir: "auto",
      oninput: () => localStorage.setItem("voice.text", (this.text = text.value)),
    });
    const language = h("select", {
      id: "language", onchange: () => (this.language = language.value),
    }, h("option", { value: "auto" }, t("speak.auto")),
      (this.state.info?.languages ?? []).map((own) => h("option", { value: own }, languageName(own))));
    language.value = this.language;
    return h("div", { class: "card" }, h("label", { for: "text" }, t("speak.text")), text,
      h("div", { class: "line" }, h("label", { for: "language", class: "grow" }, t("speak.language")), language));
  }

  private voiceCard(voices: VoiceInfo[]): HTMLElement {
    const choice = (voice: VoiceInfo) => h("button", {
      class: voice.id === this.voice ? "voice on" : "voice", "aria-pressed": voice.id === this.voice,
      onclick: () => {
        if (this.other === voice.id) this.other = this.voice;
        this.voice = voice.id;
        this.draw();
      },
    }, face(voice.name), h("span", {}, voice.name));
    const others = voices.filter((voice) => voice.id !== this.voice);
    const other = h("select", {
      id: "other", onchange: () => ((this.other = other.value), this.draw()),
    }, h("option", { value: "" }, t("speak.noblend")),
      others.map((voice) => h("option", { value: voice.id }, voice.name)));
    other.value = this.other;
    return h("div", { class: "card" }, h("p", { class: "label" }, t("speak.voice")),
      h("div", { class: "voices", role: "group", "aria-label": t("speak.voice") }, voices.map(choice)),
      others.length > 0 && h("div", { class: "line" },
        h("label", { for: "other", class: "grow" }, t("speak.blend")), other),
      this.other !== "" && this.slider(voices));
  }

  private slider(voices: VoiceInfo[]): HTMLElement {
    const name = (id: string) => voices.find((voice) => voice.id === id)?.name ?? "";
    const shown = h("output", { for: "share" }, `${Math.round(this.share * 100)} %`);
    const slider = h("input", {
      type: "range", id: "share", min: "0", max: "1", step: "0.05", value: String(this.share),
      "aria-label": t("speak.share", { name: name(this.other) }),
      oninput: () => {
        this.share = Number(slider.value);
        shown.textContent = `${Math.round(this.share * 100)} %`;
      },
    });
    return h("div", { class: "blend" }, h("span", {}, name(this.voice)), slider,
      h("span", {}, name(this.other), " ", shown));
  }

  private moreCard(): HTMLElement {
    const range = (id: string, label: string, at: [number, number, number], value: number,
      take: (value: number) => void) => {
      const shown = h("output", { for: id }, value.toFixed(2));
      const input = h("input", {
        type: "range", id, min: String(at[0]), max: String(at[1]), step: String(at[2]), value: String(value),
        oninput: () => (take(Number(input.value)), (shown.textContent = Number(input.value).toFixed(2))),
      });
      return h("div", { class: "line" }, h("label", { for: id, class: "grow" }, label), input, shown);
    };
    const tick = (id: string, label: string, value: boolean, take: (value: boolean) => void) => {
      const input = h("input", { type: "checkbox", id, checked: value, onchange: () => take(input.checked) });
      return h("label", { class: "tick" }, input, label);
    };
    const seed = h("input", {
      id: "seed", inputMode: "numeric", value: this.seed, placeholder: t("speak.seed.random"),
      oninput: () => (this.seed = seed.value.replace(/\D/g, "").slice(0, 9)),
    });
    const temperature = this.temperature ?? this.state.info?.temperature ?? 1;
    const details = h("details", { class: "card", open: this.more, ontoggle: () => (this.more = details.open) },
      h("summary", {}, t("speak.more")),
      range("speed", t("speak.speed"), [0.5, 2, 0.05], this.speed, (x) => (this.speed = x)),
      range("temperature", t("speak.temperature"), [0, 1.5, 0.05], temperature, (x) => (this.temperature = x)),
      h("div", { class: "line" }, h("label", { for: "seed", class: "grow" }, t("speak.seed")), seed),
      tick("check", t("speak.check"), this.check, (x) => (this.check = x)),
      tick("skip", t("speak.skip"), this.skip, (x) => (this.skip = x)));
    return details;
  }

  private resultCard(): HTMLElement | false {
    const share = this.made && navigator.canShare?.({ files: [new File([], "a.wav", { type: "audio/wav" })] });
    if (!this.status && !this.made) return false;
    return h("div", { class: "card" }, h("p", { id: "status", role: "status" }, this.status),
      this.made && h("div", { class: "line" },
        h("button", { class: "plain", disabled: this.playing, onclick: () => this.again() },
          icon(ICONS.again), t("speak.again")),
        h("button", { class: "plain", id: "save", onclick: () => this.save(Boolean(share)) },
          icon(ICONS.share), t(share ? "speak.share.wav" : "speak.save.wav"))),
      this.made && h("p", { class: "quiet small" }, t("made")));
  }

  private button(): HTMLElement {
    const working = this.call !== null || this.playing;
    return h("button", {
      class: working ? "speak stop" : "speak", id: "speak", disabled: this.state.busy !== null,
      "aria-label": working ? t("speak.stop") : t("speak.play"),
      onclick: () => (working ? this.stop() : this.speak()),
    }, icon(working ? ICONS.stop : ICONS.play), working ? t("speak.stop") : t("speak.play"));
  }

  private request(): SpeakRequest {
    const random = crypto.getRandomValues(new Uint32Array(1))[0]! % 1_000_000_000;
    return {
      text: this.text, language: this.language, voice: this.voice, other: this.other || null,
      share: this.share, seed: this.seed ? Number(this.seed) : random, speed: this.speed,
      temperature: this.temperature ?? this.state.info?.temperature ?? 1, check: this.check,
      skipUnknown: this.skip,
    };
  }

  private async speak(): Promise<void> {
    const { state } = this;
    const info = state.info!;
    const request = this.request();
    const chunks: Float32Array[] = [];
    state.error = null;
    this.made = null;
    this.status = "";
    try {
      await state.player.begin(info.sampleRate);
      const spoken = await state.engine.call("speak", request, {
        piece: ({ index, count }) => {
          this.status = t("speak.working", { index: index + 1, count });
          state.changed();
        },
        chunk: (samples) => {
          chunks.push(samples);
          state.player.push(samples);
          this.playing = true;
        },
      }, (id) => {
        this.call = id;
        state.changed();
      });
      this.call = null;
      this.keep(join(chunks), info.sampleRate, request, spoken);
      state.changed();
      await state.player.end();
    } catch (error) {
      state.player.stop();
      this.status = "";
      await state.failed(error);
    }
    this.call = null;
    this.playing = false;
    state.changed();
  }

  private keep(samples: Float32Array, sampleRate: number, request: SpeakRequest, spoken: Spoken): void {
    const name = (id: string) => this.state.info?.voices.find((voice) => voice.id === id)?.name ?? "";
    const voice = request.other ? `${name(request.voice)} + ${name(request.other)}` : name(request.voice);
    this.made = { samples, sampleRate, request, voice, spoken };
    // For measuring: what was made, and how long each graph took.
    dispatchEvent(new CustomEvent("voice-spoken", { detail: { spoken, samples, sampleRate, request } }));
    const numbers = { seconds: spoken.seconds, elapsed: spoken.elapsed, first: spoken.firstSound };
    const shown = Object.fromEntries(Object.entries(numbers).map(([k, v]) => [k, v.toFixed(1)]));
    this.status = t("speak.done", shown) +
      (spoken.skipped ? ` ${t("speak.skipped", { characters: spoken.skipped })}` : "");
  }

  private stop(): void {
    if (this.call !== null) this.state.engine.cancel(this.call);
    this.state.player.stop();
  }

  private async again(): Promise<void> {
    if (!this.made) return;
    await this.state.player.begin(this.made.sampleRate);
    this.state.player.push(this.made.samples.slice());
    this.playing = true;
    this.draw();
    await this.state.player.end();
    this.playing = false;
    this.draw();
  }

  private async save(share: boolean): Promise<void> {
    const { samples, sampleRate, request, voice } = this.made!;
    const { text: _, seed, ...settings } = request;
    const data = wavFile(samples, sampleRate, {
      model: `${this.state.info?.model} ${this.state.info?.revision}`, voice, seed,
      settings: { ...settings, voice, runtime: "phone" }, version: __APP_VERSION__,
    });
    const file = new File([data as Uint8Array<ArrayBuffer>], "speech.wav", { type: "audio/wav" });
    if (share) {
      await navigator.share({ files: [file] }).catch(() => undefined);
      return;
    }
    const link = h("a", { href: URL.createObjectURL(file), download: file.name });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }
}
