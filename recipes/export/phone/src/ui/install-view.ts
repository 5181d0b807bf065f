// Adding a bundle: by address, as a .zip or a folder; and the bundles that are here.

import type { Origin } from "../core/sources";
import { fill, h, icon, ICONS } from "./dom";
import { languageName, t } from "./i18n";
import type { State } from "./state";

export class BundleView {
  readonly element = h("section", { class: "view" });
  private running: number | null = null;
  private progress: [number, number] = [0, 0];
  private tests: { text: string; same: boolean }[] | null = null;
  private testing = false;
  private address = "";

  constructor(private readonly state: State) {}

  draw(): void {
    fill(this.element,
      this.state.bundles.length > 0 && this.list(),
      this.running === null ? this.form() : this.bar(), this.state.bundles.length > 0 && this.app());
  }

  /** How the page becomes an app of the phone; nothing where it is one. */
  private app(): HTMLElement | false {
    if (matchMedia("(display-mode: standalone)").matches) return false;
    const { offer } = this.state;
    return h("div", { class: "card" }, h("h2", {}, t("app.install")),
      h("p", { class: "quiet" }, t(offer ? "app.install.offer" : "app.install.menu")),
      offer && h("button", {
        class: "plain", id: "install-app", onclick: async () => {
          this.state.offer = null;
          await offer.prompt().catch(() => undefined);
          this.state.changed();
        },
      }, t("app.install.do")));
  }

  private list(): HTMLElement {
    const { bundles, info } = this.state;
    return h("div", { class: "card" },
      h("h2", {}, t("bundle.title")),
      h("ul", { class: "rows" }, bundles.map((bundle) => {
        const used = info?.folder === bundle.folder;
        return h("li", { class: used ? "row used" : "row" },
          h("div", { class: "grow" },
            h("p", {}, t("bundle.facts", {
              model: bundle.model, revision: bundle.revision, languages: bundle.languages.map(languageName).join(", "),
              mb: (bundle.bytes / 1e6).toFixed(1),
            })),
            used && h("p", { class: "quiet" }, t("bundle.detail", {
              precision: info.precision, licence: info.licence, store: this.state.store.toUpperCase(),
              threads: this.state.threads,
            }))),
          used ? h("span", { class: "chip on" }, t("bundle.used"))
            : h("button", { class: "plain", onclick: () => this.state.open(bundle.folder) }, t("bundle.open")),
          h("button", {
            class: "plain round", "aria-label": t("bundle.remove"), title: t("bundle.remove"),
            onclick: () => this.remove(bundle.folder, bundle.model),
          }, icon(ICONS.remove)));
      })),
      info && this.test());
  }

  private test(): HTMLElement {
    return h("div", { class: "test" },
      h("button", { class: "plain", disabled: this.testing, onclick: () => this.selfTest() }, t("bundle.test")),
      this.testing && h("span", { class: "quiet" }, t("bundle.test.running")),
      h("ul", { class: "tests" }, (this.tests ?? []).map(({ text, same }) =>
        h("li", { class: same ? "good" : "odd" },
          `${same ? "✓" : "≠"} ${text} — ${t(same ? "bundle.test.same" : "bundle.test.other")}`))));
  }

  private form(): HTMLElement {
    const files = (props: Record<string, unknown>, label: string) => {
      const input = h("input", {
        type: "file", class: "hidden", ...props, onchange: () => {
          const chosen = Array.from(input.files ?? []);
          if (chosen.length) void this.install({ files: chosen });
        },
      });
      return h("label", { class: "button" }, label, input);
    };
    const address = h("input", {
      type: "url", id: "address", placeholder: "https://", value: this.address, required: true,
      autocapitalize: "off", oninput: () => (this.address = address.value),
    });
    return h("form", {
      class: "card", onsubmit: (event: Event) => {
        event.preventDefault();
        void this.install({ url: new URL(address.value, location.href).href });
      },
    },
      h("h2", {}, t("install.title")), h("p", { class: "quiet" }, t("install.lead")),
      h("label", { for: "address" }, t("install.url")),
      h("div", { class: "line" }, address, h("button", { class: "main", type: "submit" }, t("install.get"))),
      h("div", { class: "line" }, files({ accept: ".zip,application/zip", id: "zip" }, t("install.zip")),
        files({ webkitdirectory: true, multiple: true, id: "folder" }, t("install.folder"))),
      h("p", { class: "quiet small" }, t("install.how")));
  }

  private bar(): HTMLElement {
    const [done, total] = this.progress;
    const mb = (bytes: number) => (bytes / 1e6).toFixed(1);
    return h("div", { class: "card" }, h("h2", {}, t("install.title")),
      h("progress", { max: total || 1, value: done, "aria-label": t("install.title") }),
      h("div", { class: "line" },
        h("span", { class: "grow quiet" }, t("install.progress", { done: mb(done), total: mb(total) })),
        h("button", { class: "plain", onclick: () => this.state.engine.cancel(this.running!) },
          t("install.cancel"))));
  }

  private async install(origin: Origin): Promise<void> {
    const { state } = this;
    state.error = null;
    this.progress = [0, 0];
    try {
      const listener = {
        progress: (done: number, total: number) => {
          this.progress = [done, total];
          this.draw();
        },
      };
      const made = await state.engine.call("install", origin, listener, (id) => {
        this.running = id;
        state.changed();
      });
      // Ask that the browser does not clear it by itself; it may refuse.
      await navigator.storage?.persist?.().catch(() => false);
      state.bundles = [made, ...state.bundles.filter((b) => b.folder !== made.folder)];
      this.running = null;
      this.tests = null;
      await state.open(made.folder);
      if (state.info) state.tab = "speak";
    } catch (error) {
      this.running = null;
      await state.failed(error);
    }
    state.changed();
  }

  private async remove(folder: string, model: string): Promise<void> {
    if (!confirm(t("bundle.remove.sure", { model }))) return;
    const { state } = this;
    try {
      state.bundles = await state.engine.call("uninstall", { folder });
      if (state.info?.folder === folder) state.info = null;
      this.tests = null;
      if (!state.info && state.bundles[0]) await state.open(state.bundles[0].folder);
    } catch (error) {
      await state.failed(error);
    }
    state.changed();
  }

  private async selfTest(): Promise<void> {
    this.testing = true;
    this.tests = null;
    this.draw();
    try {
      this.tests = await this.state.engine.call("selfTest", {});
    } catch (error) {
      await this.state.failed(error);
    }
    this.testing = false;
    this.draw();
  }
}
