// What a bundle holds: manifest.json, read first and checked before anything else is touched.

import { AppError } from "../errors";

export const NAME = "manifest.json";
export const MOST_BYTES = 4 << 20;
const FORMAT = "voice-bundle";
const VERSION = 5;
const ZEROS = "0".repeat(64);

export interface FileEntry {
  path: string;
  bytes: number;
  sha256: string;
}

export interface TensorEntry {
  name: string;
  dtype: "float32" | "int64";
  shape: (number | string)[];
}

export interface GraphEntry {
  name: string;
  file: string;
  weights: string;
  precision: string;
  inputs: TensorEntry[];
  outputs: TensorEntry[];
}

export interface VoiceEntry {
  name: string;
  file: string;
  languages: string[];
  consent: string;
  consent_date: string;
  source_hash: string;
}

export interface Limits {
  language: string;
  errors: number;
  run: number;
  tokens_low: number;
  tokens_high: number;
}

export interface Reading {
  moves: number[];
  patience: number;
  near_end: number;
}

export interface Decoding {
  rate: number;
  codes: number;
  layers: number;
  heads: number;
  head_width: number;
  bert_width: number;
  top_k: number;
  top_p: number;
  temperature: number;
  repetition_penalty: number;
  noise_scale: number;
  candidates: number;
  /** From so many candidates on, every second one does without the prompt. */
  alone: number;
  retries: number;
  min_tokens: number;
  max_tokens: number;
  tokens_base: number;
  tokens_per_phoneme: number;
  longest_period: number;
  cycle_tokens: number;
  reading: Reading | null;
}

export interface Sound {
  sample_rate: number;
  latent: number;
  stretch: number;
  frame_samples: number;
  context_frames: number;
  timbre_width: number;
  timbre_rate: number;
  speaker_width: number;
  takes_pitch: boolean;
}

export interface Tokenizing {
  sample_rate: number;
  token_samples: number;
  reader_stride: number;
  blank: number;
}

export interface Manifest {
  format: string;
  version: number;
  digest: string;
  model: string;
  revision: string;
  licence: string;
  languages: string[];
  symbols: string;
  files: FileEntry[];
  graphs: GraphEntry[];
  operators: string[];
  decoding: Decoding;
  sound: Sound;
  tokenizing: Tokenizing | null;
  selfcheck: Limits[];
  voices: VoiceEntry[];
  fixtures: string;
}

/** SHA-256 in hexadecimal. */
export async function sha256(data: Uint8Array): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", data as Uint8Array<ArrayBuffer>);
  return Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, "0")).join("");
}

/** Reads and checks a manifest: kind, version, its own digest, paths. */
export async function parseManifest(raw: Uint8Array): Promise<Manifest> {
  let text: string;
  let data: Partial<Manifest>;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(raw);
    data = JSON.parse(text);
  } catch {
    throw new AppError("manifest-changed");
  }
  if (!data || typeof data !== "object" || data.format !== FORMAT) throw new AppError("not-a-bundle");
  if (data.version !== VERSION) {
    throw new AppError("wrong-version", `${String(data.version).slice(0, 20)} / ${VERSION}`);
  }
  const found = /"digest": "([0-9a-f]{64})"/.exec(text);
  const blank = text.replace(/("digest": ")[0-9a-f]{64}(")/, `$1${ZEROS}$2`);
  if (!found || (await sha256(new TextEncoder().encode(blank))) !== found[1]) {
    throw new AppError("manifest-changed");
  }
  const manifest = data as Manifest;
  for (const entry of manifest.files) checkPath(entry.path);
  return manifest;
}

function checkPath(path: string): void {
  const odd = !path || path.startsWith("/") || path.includes("\\") || path.includes(":");
  if (odd || path.split("/").some((part) => part === ".." || part === "")) {
    throw new AppError("manifest-changed", path);
  }
}

/** Compares a file's content with its entry. */
export async function checkFile(entry: FileEntry, data: Uint8Array): Promise<void> {
  if (data.length !== entry.bytes) {
    throw new AppError("file-size", `${entry.path} (${data.length} / ${entry.bytes})`);
  }
  if ((await sha256(data)) !== entry.sha256) throw new AppError("file-changed", entry.path);
}

export function graphOf(manifest: Manifest, name: string): GraphEntry | undefined {
  return manifest.graphs.find((graph) => graph.name === name);
}
