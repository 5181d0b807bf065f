// A voice between two others: timbres on the great circle (slerp, Shoemake 1985), lengths and the
// logarithm of the pitch in proportion; the rules of voice/synth/blend.py.

import { AppError } from "../errors";
import { blendGains } from "../engine/colour";
import type { Voice } from "./voices";

const TINY = 1e-9;

const norm = (a: Float64Array) => Math.sqrt(a.reduce((sum, x) => sum + x * x, 0));

/** The point at `share` of the great circle between unit vectors. */
export function slerp(a: Float64Array, b: Float64Array, share: number): Float64Array {
  const apart = norm(a.map((x, i) => x - b[i]!));
  const along = norm(a.map((x, i) => x + b[i]!));
  const angle = 2 * Math.atan2(apart, along);
  if (angle < TINY) return share < 0.5 ? a : b;
  if (Math.PI - angle < TINY) {
    let least = 0;
    a.forEach((x, i) => (least = Math.abs(x) < Math.abs(a[least]!) ? i : least));
    const side = a.map((x, i) => (i === least ? 1 : 0) - a[least]! * x);
    const size = norm(side);
    return a.map((x, i) => Math.cos(share * angle) * x + (Math.sin(share * angle) * side[i]!) / size);
  }
  const mixed = a.map((x, i) => Math.sin((1 - share) * angle) * x + Math.sin(share * angle) * b[i]!);
  const size = norm(mixed);
  return mixed.map((x) => x / size);
}

/** The timbre at `share` of the way from one to another. */
export function blendTimbres(a: Float32Array, b: Float32Array, share: number): Float32Array {
  if (share <= 0) return a.slice();
  if (share >= 1) return b.slice();
  const [x, y] = [Float64Array.from(a), Float64Array.from(b)];
  const [sizeX, sizeY] = [norm(x), norm(y)];
  if (!(sizeX > 0 && sizeY > 0) || a.length !== b.length) throw new AppError("blend");
  const point = slerp(x.map((v) => v / sizeX), y.map((v) => v / sizeY), share);
  const size = (1 - share) * sizeX + share * sizeY;
  return Float32Array.from(point, (v) => v * size);
}

/** The voice at `share` (0 to 1) of the way from `a` to `b`; it continues the nearer one's prompt. */
export function blendVoices(a: Voice, b: Voice, share: number): Voice {
  if (share <= 0) return a;
  if (share >= 1) return b;
  if (a.model !== b.model || a.revision !== b.revision) throw new AppError("blend");
  const near = share <= 0.5 ? a : b;
  const known = a.pitchHz > 0 && b.pitchHz > 0;
  const pitch = known ? 2 ** ((1 - share) * Math.log2(a.pitchHz) + share * Math.log2(b.pitchHz)) : 0;
  const statements = a.consent && b.consent
    ? (a.consent === b.consent ? `${a.name}, ${b.name}: ${a.consent}`
      : `${a.name}: ${a.consent}; ${b.name}: ${b.consent}`) : "";
  return {
    ...near, name: `${a.name} + ${b.name}`, timbre: blendTimbres(a.timbre, b.timbre, share),
    equalizer: blendGains(a.equalizer, b.equalizer, share), pitchHz: pitch,
    languages: [...new Set([...near.languages, ...a.languages, ...b.languages])],
    consent: statements, consentDate: a.consentDate > b.consentDate ? a.consentDate : b.consentDate,
    sourceHash: "",
  };
}
