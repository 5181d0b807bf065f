// Sound out of the page and into it.

import playerUrl from "./worklet.ts?worker&url";
import tapUrl from "./recording-worklet.ts?worker&url";
import { AppError } from "../errors";

export class Player {
  private context: AudioContext | null = null;
  private node: AudioWorkletNode | null = null;
  private done: (() => void) | null = null;

  /** Must be called from a touch, or the browser stays silent. */
  async begin(sampleRate: number): Promise<void> {
    if (this.context?.sampleRate !== sampleRate) {
      await this.context?.close();
      this.context = new AudioContext({ sampleRate });
      await this.context.audioWorklet.addModule(playerUrl);
      this.node = new AudioWorkletNode(this.context, "chunk-player", { outputChannelCount: [1] });
      this.node.port.onmessage = () => {
        this.done?.();
        this.done = null;
      };
      this.node.connect(this.context.destination);
    }
    await this.context.resume();
    this.node!.port.postMessage({ clear: true });
  }

  push(samples: Float32Array): void {
    this.node?.port.postMessage({ chunk: samples });
  }

  /** No more will come; resolves when all of it was heard, or playing was stopped. */
  end(): Promise<void> {
    this.node?.port.postMessage({ end: true });
    return new Promise((resolve) => (this.done = resolve));
  }

  stop(): void {
    this.node?.port.postMessage({ clear: true });
    this.done?.();
    this.done = null;
  }
}

export interface Recording {
  samples: Float32Array;
  sampleRate: number;
}

/** The microphone, from `start` to `stop`. */
export class Recorder {
  private parts: Float32Array[] = [];
  private stream: MediaStream | null = null;
  private context: AudioContext | null = null;

  get seconds(): number {
    const count = this.parts.reduce((sum, part) => sum + part.length, 0);
    return this.context ? count / this.context.sampleRate : 0;
  }

  async start(): Promise<void> {
    this.parts = [];
    try {
      // Echo cancelling and the like change a voice.
      this.stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: false, noiseSuppression: false, autoGainControl: false, channelCount: 1 },
      });
    } catch (error) {
      throw new AppError("microphone", error instanceof Error ? error.name : String(error));
    }
    this.context = new AudioContext();
    await this.context.audioWorklet.addModule(tapUrl);
    const tap = new AudioWorkletNode(this.context, "tap", { numberOfOutputs: 0 });
    tap.port.onmessage = (event: MessageEvent<Float32Array>) => this.parts.push(event.data);
    this.context.createMediaStreamSource(this.stream).connect(tap);
    await this.context.resume();
  }

  async stop(): Promise<Recording> {
    const sampleRate = this.context?.sampleRate ?? 48000;
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    await this.context?.close();
    this.context = this.stream = null;
    return { samples: join(this.parts), sampleRate };
  }
}

/** Chunks as one. */
export function join(parts: Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
