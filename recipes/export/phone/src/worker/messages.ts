// What the page and the worker say to each other.

import type { Installed } from "../core/install";
import type { Origin } from "../core/sources";
import type { Timing } from "../engine/graphs";
import type { Report } from "../engine/speaker";
import type { PlainError } from "../errors";

export interface VoiceInfo {
  id: string;
  name: string;
  consent: string;
  consentDate: string;
  languages: string[];
  own: boolean;
}

export interface BundleInfo {
  folder: string;
  model: string;
  revision: string;
  licence: string;
  languages: string[];
  sampleRate: number;
  precision: string;
  voices: VoiceInfo[];
  canEnrol: boolean;
  temperature: number;
  topK: number;
  noiseScale: number;
  candidates: number;
  retries: number;
}

export interface SpeakRequest {
  text: string;
  language: string;
  voice: string;
  other: string | null;
  share: number;
  seed: number;
  speed: number;
  temperature: number;
  check: boolean;
  skipUnknown: boolean;
}

export interface Spoken {
  seconds: number;
  elapsed: number;
  firstSound: number;
  skipped: string;
  reports: Report[];
  timings: Record<string, Timing>;
  threads: number;
}

export interface Calls {
  start: { in: { wasm: string; mjs: string; threads: number }; out: { kind: string; bundles: Installed[] } };
  install: { in: Origin; out: Installed };
  uninstall: { in: { folder: string }; out: Installed[] };
  open: { in: { folder: string }; out: BundleInfo };
  warm: { in: object; out: object };
  speak: { in: SpeakRequest; out: Spoken };
  enrol: {
    in: { name: string; consent: string; samples: Float32Array; sampleRate: number };
    out: VoiceInfo[];
  };
  removeVoice: { in: { id: string }; out: VoiceInfo[] };
  selfTest: { in: object; out: { text: string; same: boolean }[] };
  tokens: { in: SpeakRequest; out: { symbols: string[]; codes: number[] } };
}

export type CallName = keyof Calls;

export type ToWorker =
  | { [K in CallName]: { id: number; call: K; in: Calls[K]["in"] } }[CallName]
  | { cancel: number };

export type FromWorker =
  | { id: number; out: unknown }
  | { id: number; error: PlainError }
  | { id: number; progress: [done: number, total: number] }
  | { id: number; piece: { index: number; count: number; text: string } }
  | { id: number; chunk: Float32Array };
