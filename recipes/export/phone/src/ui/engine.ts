// The worker as a set of calls; a new one takes its place when memory has run out.

import { AppError, plainError, type PlainError } from "../errors";
import type { CallName, Calls, FromWorker } from "../worker/messages";

export interface Listener {
  progress?: (done: number, total: number) => void;
  piece?: (piece: { index: number; count: number; text: string }) => void;
  chunk?: (samples: Float32Array) => void;
}

interface Waiting {
  resolve: (value: never) => void;
  reject: (error: AppError) => void;
  listener: Listener;
}

export class Engine {
  private worker = this.made();
  private next = 1;
  private readonly waiting = new Map<number, Waiting>();

  private made(): Worker {
    const worker = new Worker(new URL("../worker/worker.ts", import.meta.url), {
      type: "module", name: "voice",
    });
    worker.onmessage = (event: MessageEvent<FromWorker>) => this.hear(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.failAll(plainError(new Error(event.message || "the worker failed")));
    };
    return worker;
  }

  private hear(message: FromWorker): void {
    const call = this.waiting.get(message.id);
    if (!call) return;
    if ("progress" in message) call.listener.progress?.(...message.progress);
    else if ("piece" in message) call.listener.piece?.(message.piece);
    else if ("chunk" in message) call.listener.chunk?.(message.chunk);
    else {
      this.waiting.delete(message.id);
      if ("error" in message) call.reject(new AppError(message.error.code, message.error.detail));
      else call.resolve(message.out as never);
    }
  }

  private failAll(error: PlainError): void {
    for (const { reject } of this.waiting.values()) reject(new AppError(error.code, error.detail));
    this.waiting.clear();
  }

  /** Calls the worker; `begun` is told the call's number, for cancelling. */
  call<K extends CallName>(
    name: K, given: Calls[K]["in"], listener: Listener = {}, begun?: (id: number) => void,
  ): Promise<Calls[K]["out"]> {
    const id = this.next++;
    begun?.(id);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, listener });
      this.worker.postMessage({ id, call: name, in: given });
    });
  }

  cancel(id: number): void {
    this.worker.postMessage({ cancel: id });
  }

  /** A fresh worker, with all memory given back. */
  restart(): void {
    this.worker.terminate();
    this.failAll({ code: "cancelled", detail: "" });
    this.worker = this.made();
  }
}

/**
 * Threads that the browser allows: one, unless memory can be shared; else half of the processors,
 * four at most, and both where there are two, since the page itself has little to do meanwhile.
 */
export function threadCount(): number {
  const processors = navigator.hardwareConcurrency || 1;
  if (!globalThis.crossOriginIsolated || processors === 1) return 1;
  return Math.max(2, Math.min(4, Math.floor(processors / 2)));
}
