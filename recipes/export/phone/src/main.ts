// The page: header, the three views, and what is shown while nothing can be done yet.

import "./style.css";
import { fill, h, icon, ICONS } from "./ui/dom";
import { locale, sentenceOf, setLocale, t } from "./ui/i18n";
import { BundleView } from "./ui/install-view";
import { SpeakView } from "./ui/speak-view";
import { State, type InstallOffer, type Tab } from "./ui/state";
import { VoicesView } from "./ui/voices-view";

const state = new State();
const views = {
  speak: new SpeakView(state), voices: new VoicesView(state), bundle: new BundleView(state),
};
const header = h("header", { class: "top" });
const alert = h("div", { class: "alert", role: "alert" });
const main = h("main", {});
const nav = h("nav", { class: "tabs" });
fill(document.getElementById("app")!, header, alert, main, nav);

function draw(): void {
  document.documentElement.lang = locale() === "zh" ? "zh-CN" : "en";
  document.title = t("app.name");
  drawHeader();
  const { error } = state;
  alert.hidden = !error;
  alert.textContent = error ? sentenceOf(error) : "";
  const tab: Tab = state.info ? state.tab : "bundle";
  const view = views[tab];
  if (state.busy) {
    const word = state.busy === "starting" ? t("status.starting") : t("status.opening");
    fill(main, h("div", { class: "waiting", role: "status" }, h("span", { class: "spinner" }), word));
  } else {
    view.draw();
    if (main.firstElementChild !== view.element) fill(main, view.element);
  }
  const tabs: [Tab, string][] = [["speak", ICONS.speak], ["voices", ICONS.voices], ["bundle", ICONS.bundle]];
  fill(nav, tabs.map(([name, drawing]) => h("button", {
    class: name === tab ? "tab on" : "tab", "aria-current": name === tab ? "page" : undefined,
    disabled: !state.info && name !== "bundle", id: `tab-${name}`,
    onclick: () => {
      state.tab = name;
      state.error = null;
      draw();
    },
  }, icon(drawing), t(`nav.${name}`))));
}

function drawHeader(): void {
  fill(header,
    h("h1", {}, t("app.name")),
    state.info ? h("span", { class: "chip" }, state.info.model)
      : h("span", { class: "quiet small tagline" }, t("app.tagline")),
    !navigator.onLine && h("span", { class: "chip" }, t("app.offline")),
    h("button", {
      class: "plain", id: "locale", onclick: () => {
        setLocale(locale() === "en" ? "zh" : "en");
        draw();
      },
    }, t("app.language")));
}

async function registerServiceWorker(): Promise<void> {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("./sw.js", { scope: "./" });
  await navigator.serviceWorker.ready;
  // Its answers carry the headers that allow threads; the first page came without them.
  const tried = "voice.isolated";
  if (!crossOriginIsolated && !sessionStorage.getItem(tried)) {
    sessionStorage.setItem(tried, "1");
    location.reload();
  }
}

function missing(): string {
  if (!globalThis.isSecureContext) return "https";
  if (typeof AudioWorkletNode === "undefined") return "AudioWorklet";
  if (typeof DecompressionStream === "undefined") return "DecompressionStream";
  return typeof WebAssembly === "undefined" ? "WebAssembly" : "";
}

addEventListener("beforeinstallprompt", (event) => {
  event.preventDefault();
  state.offer = event as InstallOffer;
  draw();
});
addEventListener("appinstalled", () => {
  state.offer = null;
  draw();
});
state.onChange(draw);
addEventListener("online", draw);
addEventListener("offline", draw);
draw();
const lacking = missing();
if (lacking) {
  state.busy = null;
  state.error = { code: "browser", detail: lacking };
  draw();
} else {
  await registerServiceWorker().catch(() => undefined);
  await state.start();
}
