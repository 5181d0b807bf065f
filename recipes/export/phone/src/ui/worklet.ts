// Plays chunks in order as they come; waits for a little more when it runs dry.

declare const registerProcessor: (name: string, processor: unknown) => void;
declare const sampleRate: number;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

const START_SECONDS = 0.1;
const AGAIN_SECONDS = 0.4;

type ToPlayer = { chunk: Float32Array } | { end: true } | { clear: true };

class ChunkPlayer extends AudioWorkletProcessor {
  private chunks: Float32Array[] = [];
  private place = 0;
  private queued = 0;
  private ended = false;
  private playing = false;
  private needed = START_SECONDS * sampleRate;
  private dry = 0;

  constructor() {
    super();
    this.port.onmessage = (event: MessageEvent<ToPlayer>) => {
      const message = event.data;
      if ("chunk" in message) {
        this.chunks.push(message.chunk);
        this.queued += message.chunk.length;
      } else if ("end" in message) {
        this.ended = true;
      } else {
        this.chunks = [];
        this.place = this.queued = this.dry = 0;
        this.ended = this.playing = false;
        this.needed = START_SECONDS * sampleRate;
      }
    };
  }

  process(_: Float32Array[][], outputs: Float32Array[][]): boolean {
    const out = outputs[0]?.[0];
    if (!out) return true;
    if (!this.playing && (this.ended || this.queued >= this.needed) && this.queued > 0) {
      this.playing = true;
    }
    let at = 0;
    while (this.playing && at < out.length && this.chunks[0]) {
      const chunk = this.chunks[0];
      const count = Math.min(out.length - at, chunk.length - this.place);
      out.set(chunk.subarray(this.place, this.place + count), at);
      at += count;
      this.place += count;
      this.queued -= count;
      if (this.place === chunk.length) {
        this.chunks.shift();
        this.place = 0;
      }
    }
    if (at < out.length && this.playing && !this.ended) {
      this.playing = false;
      this.needed = AGAIN_SECONDS * sampleRate;
      this.dry++;
    }
    if (this.ended && this.queued === 0) {
      this.ended = this.playing = false;
      this.port.postMessage({ done: true, dry: this.dry });
      this.dry = 0;
    }
    return true;
  }
}

registerProcessor("chunk-player", ChunkPlayer);

export {};
