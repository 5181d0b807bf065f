// Voices: what enrolling computes, in a small safetensors file; see voice/export/voices.py.

import { AppError } from "../errors";
import { BANDS } from "../engine/colour";
import { Tensors, writeTensors } from "./safetensors";
import type { Manifest } from "./manifest";

export interface Voice {
  name: string;
  model: string;
  revision: string;
  languages: string[];
  consent: string;
  consentDate: string;
  sourceHash: string;
  pitchHz: number;
  timbre: Float32Array;
  promptCodes: Int32Array;
  promptPhonemes: Int32Array;
  /** Which of the phonemes each token says; null where it is not known. */
  promptSpoken: Int32Array | null;
  /** Gains in dB that its sound gets; null for none. */
  equalizer: Float32Array | null;
}

export function readVoice(data: Uint8Array, name: string): Voice {
  const file = Tensors.read(data, name);
  let known: Record<string, unknown>;
  try {
    known = JSON.parse(file.metadata["voice"] ?? "");
  } catch {
    throw new AppError("voice", name);
  }
  const spoken = file.ints("prompt_spoken");
  const gains = file.floats("equalizer");
  if ((gains.length && gains.length !== BANDS) || !gains.every(Number.isFinite)) {
    throw new AppError("voice", name);
  }
  const text = (key: string) => String(known[key] ?? "");
  return {
    name: text("name"), model: text("model"), revision: text("revision"),
    languages: (known["languages"] as string[]) ?? [], consent: text("consent"),
    consentDate: text("consent_date"), sourceHash: text("source_hash"),
    pitchHz: Number(known["pitch_hz"] ?? 0), timbre: file.floats("timbre"),
    promptCodes: file.ints("prompt_codes"), promptPhonemes: file.ints("prompt_phonemes"),
    promptSpoken: spoken.length ? spoken : null, equalizer: gains.length ? gains : null,
  };
}

export function writeVoice(voice: Voice): Uint8Array {
  const known = {
    name: voice.name, model: voice.model, revision: voice.revision, languages: voice.languages,
    consent: voice.consent, consent_date: voice.consentDate, source_hash: voice.sourceHash,
    pitch_hz: voice.pitchHz,
  };
  return writeTensors([
    { name: "timbre", dtype: "F32", data: voice.timbre },
    { name: "prompt_codes", dtype: "I32", data: voice.promptCodes },
    { name: "prompt_phonemes", dtype: "I32", data: voice.promptPhonemes },
    { name: "prompt_spoken", dtype: "I32", data: voice.promptSpoken ?? new Int32Array(0) },
    { name: "equalizer", dtype: "F32", data: voice.equalizer ?? new Float32Array(0) },
  ], { voice: JSON.stringify(known) });
}

/** Refuses a voice that was made for another model. */
export function checkVoice(voice: Voice, manifest: Manifest, symbols: number): void {
  const most = (values: Int32Array) => values.reduce((a, b) => Math.max(a, b), 0);
  const fits = voice.model === manifest.model && voice.revision === manifest.revision &&
    voice.timbre.length === manifest.sound.timbre_width &&
    most(voice.promptCodes) < manifest.decoding.codes && most(voice.promptPhonemes) < symbols;
  if (!fits) throw new AppError("voice", voice.name);
}
