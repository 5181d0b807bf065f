// A recording to a voice, on the device: prompt tokens, what is said in them, timbre, pitch.

import { AppError } from "../errors";
import { sha256 } from "../core/manifest";
import type { Voice } from "../core/voices";
import { align } from "./align";
import { matchingGains } from "./colour";
import { floats, floatsOf, intsOf, longs, type Graphs } from "./graphs";
import { middlePitch } from "./pitch";
import { faded, prepare, resample } from "./recording";
import { collapse } from "./selfcheck";
import { Speaker } from "./speaker";

const WINDOW_SECONDS = 10;

export interface Enrolment {
  name: string;
  consent: string;
  samples: Float32Array;
  sampleRate: number;
}

/** Whether a bundle has what enrolling needs. */
export function canEnrol(graphs: Graphs): boolean {
  return graphs.has("tokenize") && graphs.has("timbre") && graphs.has("read") &&
    graphs.manifest.sound.speaker_width === 0;
}

export async function enrol(graphs: Graphs, given: Enrolment): Promise<Voice> {
  const { manifest } = graphs;
  const numbers = manifest.tokenizing;
  if (!canEnrol(graphs) || !numbers) throw new AppError("no-enrol");
  if (!given.consent.trim() || !given.name.trim()) throw new AppError("consent");
  const speech = prepare(given.samples, given.sampleRate);
  const prompt = resample(faded(speech, given.sampleRate), given.sampleRate, numbers.sample_rate);
  const count = Math.ceil(prompt.length / numbers.token_samples) * numbers.token_samples;
  const padded = new Float32Array(count);
  padded.set(prompt);
  const codes = intsOf(await graphs.run("tokenize", { samples: floats(padded, 1, count) }), "codes");
  const read = await graphs.run("read", { codes: longs(codes, 1, codes.length) });
  const phonemes = collapse(intsOf(read, "classes"), numbers.blank);
  const frames = read.get("classes")!.data.length;
  const spoken = align(floatsOf(read, "scores"), frames, phonemes, numbers.blank, numbers.reader_stride);
  const voice: Voice = {
    name: given.name.trim(), model: manifest.model, revision: manifest.revision, languages: [],
    consent: given.consent.trim(), consentDate: `${new Date().toISOString().slice(0, 19)}Z`,
    sourceHash: await sha256(new Uint8Array(given.samples.slice().buffer)),
    pitchHz: middlePitch(given.samples, given.sampleRate),
    timbre: await timbreOf(graphs, speech, given.sampleRate),
    promptCodes: Int32Array.from(phonemes.length ? codes : []),
    promptPhonemes: Int32Array.from(phonemes),
    promptSpoken: spoken.length ? Int32Array.from(spoken) : null, equalizer: null,
  };
  return { ...voice, equalizer: await gainsOf(graphs, voice, codes, phonemes, speech, given.sampleRate) };
}

/** The equaliser of a voice, by speaking its tokens again; null where bundles have none. */
async function gainsOf(
  graphs: Graphs, voice: Voice, codes: number[], phonemes: number[], speech: Float32Array, rate: number,
): Promise<Float32Array | null> {
  if (!graphs.takes("waveform", "equalizer") || !codes.length) return null;
  const speaker = new Speaker(graphs, { symbols: [], classes: [], marks: [] }, async () => false);
  const made: number[] = [];
  const ids = phonemes.length ? phonemes : [0];
  for await (const chunk of speaker.resound(codes, ids, voice)) made.push(...chunk);
  const wanted = graphs.manifest.sound.sample_rate;
  return matchingGains(Float32Array.from(made), resample(faded(speech, rate), rate, wanted), wanted);
}

/** The mean timbre of equal parts of up to 10 s. */
async function timbreOf(graphs: Graphs, speech: Float32Array, rate: number): Promise<Float32Array> {
  const wanted = graphs.manifest.sound.timbre_rate;
  const samples = resample(speech, rate, wanted);
  const parts = Math.max(1, Math.ceil(samples.length / (WINDOW_SECONDS * wanted)));
  const out = new Float32Array(graphs.manifest.sound.timbre_width);
  for (let i = 0; i < parts; i++) {
    const start = Math.floor((i * samples.length) / parts);
    const stop = Math.floor(((i + 1) * samples.length) / parts);
    const part = samples.slice(start, stop);
    const found = floatsOf(await graphs.run("timbre", { samples: floats(part, 1, part.length) }), "timbre");
    found.forEach((x, d) => (out[d]! += (x * part.length) / samples.length));
  }
  return out;
}
