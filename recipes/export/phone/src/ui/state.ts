// What the page knows; views draw themselves anew when it changes.

import type { Installed } from "../core/install";
import { AppError, plainError, type PlainError } from "../errors";
import type { BundleInfo } from "../worker/messages";
import { Player } from "./audio";
import { Engine, threadCount } from "./engine";
import wasmUrl from "virtual:runtime-wasm";
import mjsUrl from "virtual:runtime-mjs";

/** What a browser offers that can put the page among the apps. */
export interface InstallOffer extends Event {
  prompt(): Promise<unknown>;
}

export type Tab = "speak" | "voices" | "bundle";

export class State {
  readonly engine = new Engine();
  readonly player = new Player();
  tab: Tab = "speak";
  bundles: Installed[] = [];
  info: BundleInfo | null = null;
  store = "";
  readonly threads = threadCount();
  busy: "starting" | "opening" | null = "starting";
  error: PlainError | null = null;
  offer: InstallOffer | null = null;
  private readonly listeners = new Set<() => void>();

  onChange(listener: () => void): void {
    this.listeners.add(listener);
  }

  changed(): void {
    for (const listener of this.listeners) listener();
  }

  /** Shows an error; after one of memory the engine starts anew. */
  async failed(error: unknown): Promise<void> {
    const plain = error instanceof AppError ? { code: error.code, detail: error.detail }
      : plainError(error);
    this.error = plain.code === "cancelled" ? null : plain;
    this.changed();
    if (plain.code === "memory") {
      const folder = this.info?.folder;
      this.engine.restart();
      await this.start(folder);
      this.error = plain;
      this.changed();
    }
  }

  /** Starts the worker and opens the bundle that was used last. */
  async start(folder = localStorage.getItem("voice.bundle") ?? ""): Promise<void> {
    this.busy = "starting";
    this.changed();
    try {
      const base = document.baseURI;
      const found = await this.engine.call("start", {
        wasm: new URL(wasmUrl, base).href, mjs: new URL(mjsUrl, base).href, threads: this.threads,
      });
      this.bundles = found.bundles;
      this.store = found.kind;
      const last = this.bundles.find((b) => b.folder === folder) ?? this.bundles[0];
      if (last) await this.open(last.folder);
    } catch (error) {
      await this.failed(error);
    } finally {
      this.busy = null;
      this.changed();
    }
  }

  async open(folder: string): Promise<void> {
    this.busy = "opening";
    this.info = null;
    this.changed();
    try {
      this.info = await this.engine.call("open", { folder });
      localStorage.setItem("voice.bundle", folder);
      this.error = null;
      // In the background; a first sentence that comes sooner waits for it.
      this.engine.call("warm", {}).catch((error) => this.failed(error));
    } catch (error) {
      await this.failed(error);
    } finally {
      this.busy = null;
      this.changed();
    }
  }
}
