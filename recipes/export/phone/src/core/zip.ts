// Zip files, read in place: the list of files at the end, then single files as they are asked for.

import { AppError } from "../errors";

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const LONGEST_TAIL = 22 + 0xffff;

interface Entry {
  method: number;
  packed: number;
  offset: number;
}

export class ZipFile {
  private constructor(private readonly blob: Blob, private readonly entries: Map<string, Entry>) {}

  static async open(blob: Blob): Promise<ZipFile> {
    const start = Math.max(0, blob.size - LONGEST_TAIL);
    const tail = await view(blob, start, blob.size);
    let at = tail.byteLength - 22;
    while (at >= 0 && tail.getUint32(at, true) !== END) at--;
    if (at < 0) throw new AppError("bad-zip");
    const size = tail.getUint32(at + 12, true);
    const from = tail.getUint32(at + 16, true);
    if (from === 0xffffffff || from + size > blob.size) throw new AppError("bad-zip");
    return new ZipFile(blob, list(await view(blob, from, from + size)));
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  /** A file's content; more than `most` bytes are refused without being expanded. */
  async read(name: string, most: number): Promise<Uint8Array> {
    const entry = this.entries.get(name);
    if (!entry) throw new AppError("file-missing", name);
    const head = await view(this.blob, entry.offset, entry.offset + 30);
    if (head.byteLength < 30 || head.getUint32(0, true) !== LOCAL) throw new AppError("bad-zip", name);
    const start = entry.offset + 30 + head.getUint16(26, true) + head.getUint16(28, true);
    const packed = this.blob.slice(start, start + entry.packed);
    if (entry.method !== 0 && entry.method !== 8) throw new AppError("bad-zip", name);
    const stream = entry.method === 0 ? packed.stream()
      : packed.stream().pipeThrough(new DecompressionStream("deflate-raw"));
    return collect(stream, most, name);
  }
}

function list(directory: DataView): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  const decoder = new TextDecoder();
  for (let at = 0; at + 46 <= directory.byteLength;) {
    if (directory.getUint32(at, true) !== ENTRY) throw new AppError("bad-zip");
    const [name, extra, comment] = [28, 30, 32].map((o) => directory.getUint16(at + o, true)) as
      [number, number, number];
    const bytes = new Uint8Array(directory.buffer, directory.byteOffset + at + 46, name);
    const path = decoder.decode(bytes);
    if (!path.endsWith("/")) {
      entries.set(path, {
        method: directory.getUint16(at + 10, true), packed: directory.getUint32(at + 20, true),
        offset: directory.getUint32(at + 42, true),
      });
    }
    at += 46 + name + extra + comment;
  }
  return entries;
}

async function view(blob: Blob, start: number, end: number): Promise<DataView> {
  return new DataView(await blob.slice(start, end).arrayBuffer());
}

/** All of a stream; errors name the file. */
export async function collect(
  stream: ReadableStream<Uint8Array>, most: number, name: string,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > most) throw new AppError("file-size", `${name} (> ${most})`);
      parts.push(value);
    }
  } catch (error) {
    await reader.cancel().catch(() => undefined);
    if (error instanceof AppError) throw error;
    throw new AppError("file-changed", name);
  }
  const out = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The content of a gzip file. */
export function gunzip(data: Uint8Array, name: string): Promise<Uint8Array> {
  const stream = new Blob([data as Uint8Array<ArrayBuffer>]).stream()
    .pipeThrough(new DecompressionStream("gzip"));
  return collect(stream, 1 << 30, name);
}
