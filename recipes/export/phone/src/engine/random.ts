// Random numbers that a seed makes again: sfc32 (PractRand), started from a hash of words.

export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d = 1;

  constructor(...words: (number | string)[]) {
    let h = 0x811c9dc5;
    const next = (text: string) => {
      for (const ch of `${text}/`) h = Math.imul(h ^ ch.codePointAt(0)!, 0x01000193) >>> 0;
      return h;
    };
    const text = words.join("/");
    [this.a, this.b, this.c] = [next(text), next(`b${text}`), next(`c${text}`)];
    for (let i = 0; i < 15; i++) this.uniform();
  }

  /** In (0, 1). */
  uniform(): number {
    const t = (this.a + this.b + this.d) | 0;
    this.d = (this.d + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + t;
    return ((t >>> 0) + 0.5) / 4294967296;
  }

  /** Standard exponential. */
  exponential(): number {
    return -Math.log(this.uniform());
  }

  /** Standard normal numbers. */
  normals(count: number, scale: number): Float32Array {
    const out = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      const size = Math.sqrt(-2 * Math.log(this.uniform())) * scale;
      const angle = 2 * Math.PI * this.uniform();
      out[i] = size * Math.cos(angle);
      if (i + 1 < count) out[i + 1] = size * Math.sin(angle);
    }
    return out;
  }
}
