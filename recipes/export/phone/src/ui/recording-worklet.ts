// Hands on what the microphone gives, unchanged.

declare const registerProcessor: (name: string, processor: unknown) => void;
declare class AudioWorkletProcessor {
  readonly port: MessagePort;
}

class Tap extends AudioWorkletProcessor {
  process(inputs: Float32Array[][]): boolean {
    const samples = inputs[0]?.[0];
    if (samples?.length) this.port.postMessage(samples.slice());
    return true;
  }
}

registerProcessor("tap", Tap);

export {};
