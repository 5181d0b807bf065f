// Safetensors files: 8 bytes little-endian length, JSON header, data.

import { AppError } from "../errors";

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

export class Tensors {
  private constructor(
    private readonly data: Uint8Array, private readonly entries: Map<string, Entry>,
    readonly metadata: Record<string, string>,
  ) {}

  /** Reads a file's content; throws where it is no safetensors file. */
  static read(file: Uint8Array, name: string): Tensors {
    try {
      const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
      const size = Number(view.getBigUint64(0, true));
      const header = JSON.parse(new TextDecoder().decode(file.subarray(8, 8 + size)));
      const { __metadata__: metadata = {}, ...rest } = header;
      const data = file.subarray(8 + size);
      for (const entry of Object.values(rest) as Entry[]) {
        const [start, stop] = entry.data_offsets;
        if (!(start >= 0 && start <= stop && stop <= data.length)) throw new RangeError("offsets");
      }
      return new Tensors(data, new Map(Object.entries(rest) as [string, Entry][]), metadata);
    } catch {
      throw new AppError("file-changed", name);
    }
  }

  shape(name: string): number[] {
    return this.entry(name).shape;
  }

  bytes(name: string): Uint8Array {
    const [start, stop] = this.entry(name).data_offsets;
    return this.data.subarray(start, stop);
  }

  shorts(name: string): Uint16Array {
    return new Uint16Array(this.copy(name, "U16"));
  }

  ints(name: string): Int32Array {
    return new Int32Array(this.copy(name, "I32"));
  }

  floats(name: string): Float32Array {
    return new Float32Array(this.copy(name, "F32"));
  }

  /** 64-bit whole numbers as ordinary ones. */
  longs(name: string): number[] {
    return Array.from(new BigInt64Array(this.copy(name, "I64")), Number);
  }

  private entry(name: string): Entry {
    const found = this.entries.get(name);
    if (!found) throw new AppError("file-changed", name);
    return found;
  }

  /** The bytes of a tensor, at an address that any type can be laid over. */
  private copy(name: string, dtype: string): ArrayBuffer {
    if (this.entry(name).dtype !== dtype) throw new AppError("file-changed", name);
    return this.bytes(name).slice().buffer as ArrayBuffer;
  }
}

type Written = { name: string; dtype: "F32" | "I32"; data: Float32Array | Int32Array };

/** The content of a safetensors file with one-dimensional tensors. */
export function writeTensors(tensors: Written[], metadata: Record<string, string>): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let at = 0;
  for (const { name, dtype, data } of tensors) {
    header[name] = { dtype, shape: [data.length], data_offsets: [at, at + data.byteLength] };
    at += data.byteLength;
  }
  let json = JSON.stringify(header);
  let bytes = new TextEncoder().encode(json);
  const space = (8 - (bytes.length % 8)) % 8;
  json += " ".repeat(space);
  bytes = new TextEncoder().encode(json);
  const out = new Uint8Array(8 + bytes.length + at);
  new DataView(out.buffer).setBigUint64(0, BigInt(bytes.length), true);
  out.set(bytes, 8);
  let place = 8 + bytes.length;
  for (const { data } of tensors) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), place);
    place += data.byteLength;
  }
  return out;
}
