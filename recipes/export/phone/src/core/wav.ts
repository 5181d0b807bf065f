// WAV files with the note of what made them, laid out as voice/audio/wav.py and note.py do.

export interface NoteSettings {
  model: string;
  voice: string;
  seed: number;
  settings: Record<string, unknown>;
  version: string;
}

const PROGRAM = "voice";

function ascii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (ch) => `\\u${ch.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The note as one line of ASCII JSON. */
export function noteText(note: NoteSettings, created: string): string {
  return ascii(JSON.stringify({
    model: note.model, version: note.version, seed: note.seed, voice: note.voice,
    settings: note.settings, created, program: PROGRAM, ai_generated: true, format: 1,
  }));
}

function infoChunk(note: NoteSettings): Uint8Array {
  const created = `${new Date().toISOString().slice(0, 19)}Z`;
  const entries: [string, string][] = [
    ["ISFT", `${PROGRAM} ${note.version}`], ["ICRD", created], ["INAM", "AI-generated speech"],
    ["ICMT", noteText(note, created)],
  ];
  const parts: number[] = [...bytes("INFO")];
  for (const [key, value] of entries) {
    const raw = [...bytes(value), 0];
    parts.push(...bytes(key), ...long(raw.length), ...raw, ...(raw.length % 2 ? [0] : []));
  }
  return Uint8Array.from([...bytes("LIST"), ...long(parts.length), ...parts]);
}

const bytes = (text: string) => Array.from(text, (ch) => ch.charCodeAt(0) & 0xff);
const long = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >>> 24) & 255];

/** A 16-bit file of one channel. */
export function wavFile(samples: Float32Array, sampleRate: number, note: NoteSettings): Uint8Array {
  const info = infoChunk(note);
  const size = samples.length * 2;
  const head = Uint8Array.from([
    ...bytes("RIFF"), ...long(4 + 24 + info.length + 8 + size), ...bytes("WAVE"),
    ...bytes("fmt "), ...long(16), 1, 0, 1, 0, ...long(sampleRate), ...long(sampleRate * 2), 2, 0, 16, 0,
    ...info, ...bytes("data"), ...long(size),
  ]);
  const out = new Uint8Array(head.length + size);
  out.set(head);
  const view = new DataView(out.buffer, head.length);
  samples.forEach((x, i) => {
    const value = Math.round(Math.max(-1, Math.min(1, Number.isFinite(x) ? x : 0)) * 32768);
    view.setInt16(2 * i, Math.max(-32768, Math.min(32767, value)), true);
  });
  return out;
}
