import { createHash } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { checkFile, parseManifest } from "../src/core/manifest";
import { install, installed } from "../src/core/install";
import { noteOf, type Store } from "../src/core/store";
import { openSource } from "../src/core/sources";
import { AppError, isStorageFull, plainError } from "../src/errors";

// Node 20 has no navigator; a browser that says nothing of its storage stands in for it.
beforeEach(() => void vi.stubGlobal("navigator", {}));
afterEach(() => void vi.unstubAllGlobals());

const sha = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
const bytes = (text: string) => new TextEncoder().encode(text);

/** A bundle's files, the manifest as the program writes it. */
function bundle(files: Record<string, string>, changes: object = {}): Map<string, Uint8Array> {
  const contents = new Map(Object.entries(files).map(([path, text]) => [path, bytes(text)]));
  const entries = [...contents].map(([path, data]) => ({ path, bytes: data.length, sha256: sha(data) }));
  const zeros = "0".repeat(64);
  const data = { format: "voice-bundle", version: 5, digest: zeros, model: "mini", revision: "r", languages: ["en"], files: entries, ...changes };
  const text = `${JSON.stringify(data, null, 1)}\n`;
  contents.set("manifest.json", bytes(text.replace(zeros, sha(bytes(text)))));
  return contents;
}

class MemoryStore implements Store {
  readonly kind = "indexeddb" as const;
  readonly files = new Map<string, Uint8Array>();
  room = Infinity;
  async write(folder: string, path: string, data: Uint8Array) {
    if ((this.room -= data.length) < 0) throw new AppError("storage-full");
    this.files.set(`${folder}/${path}`, data);
  }
  async read(folder: string, path: string) {
    const found = this.files.get(`${folder}/${path}`);
    if (!found) throw new AppError("file-missing", path);
    return found;
  }
  async removeFile(folder: string, path: string) { this.files.delete(`${folder}/${path}`); }
  async remove(folder: string) { for (const key of this.files.keys()) if (key.startsWith(`${folder}/`)) this.files.delete(key); }
  async folders() { return [...new Set([...this.files.keys()].map((key) => key.split("/")[0]!))]; }
}

const source = (files: Map<string, Uint8Array>) => ({
  async read(path: string, most: number) {
    const found = files.get(path);
    if (!found) throw new AppError("file-missing", path);
    if (found.length > most) throw new AppError("file-size", path);
    return found;
  },
});
const FILES = { "graphs/a.onnx": "graph", "graphs/a.bin": "weights weights", "text/symbols.json": "{}" };
const never = async () => false;
const put = (files: Map<string, Uint8Array>, store: Store, cancelled = never) =>
  install(source(files), store, () => undefined, cancelled);

describe("installing", () => {
  it("keeps a whole bundle once", async () => {
    const store = new MemoryStore();
    const made = await put(bundle(FILES), store);
    expect(await installed(store)).toEqual([made]);
    expect(await put(bundle(FILES), store)).toEqual(made);
    expect(new TextDecoder().decode(await store.read(made.folder, "graphs/a.bin"))).toBe("weights weights");
  });

  it.each(Object.keys(FILES))("refuses a bundle whose %s is shorter, longer, changed or gone", async (path) => {
    const own = (change: (data: Uint8Array) => Uint8Array | null) => {
      const files = bundle(FILES);
      const data = change(files.get(path)!);
      if (data) files.set(path, data);
      else files.delete(path);
      return files;
    };
    const cases: [(data: Uint8Array) => Uint8Array | null, string][] = [
      [(data) => data.slice(0, -1), "file-size"], [(data) => Uint8Array.of(...data, 1), "file-size"],
      [(data) => data.map((x, i) => (i ? x : x ^ 1)), "file-changed"], [() => null, "file-missing"],
    ];
    for (const [change, code] of cases) {
      const store = new MemoryStore();
      await expect(put(own(change), store)).rejects.toMatchObject({ code });
      expect(store.files.size).toBe(0);
    }
  });

  it("leaves nothing where storage is full or it is cancelled, and clears what was interrupted", async () => {
    const store = new MemoryStore();
    store.room = 10;
    await expect(put(bundle(FILES), store)).rejects.toMatchObject({ code: "storage-full" });
    expect(store.files.size).toBe(0);
    store.room = Infinity;
    let asked = 0;
    await expect(put(bundle(FILES), store, async () => ++asked > 2)).rejects.toMatchObject({ code: "cancelled" });
    expect(store.files.size).toBe(0);
    await store.write("bundle-half", "graphs/a.bin", bytes("x"));
    expect(await installed(store)).toEqual([]);
    expect(store.files.size).toBe(0);
    expect(await noteOf(store, "bundle-half")).toBeNull();
  });

  it("asks first how much room there is", async () => {
    vi.stubGlobal("navigator", { storage: { estimate: async () => ({ quota: 100, usage: 90 }) } });
    const store = new MemoryStore();
    await expect(put(bundle(FILES), store)).rejects.toMatchObject({ code: "storage-full" });
    expect(store.files.size).toBe(0);
  });
});

describe("manifest", () => {
  const raw = (files: Map<string, Uint8Array>) => files.get("manifest.json")!;

  it("tells another kind, another version and a changed letter apart", async () => {
    await expect(parseManifest(raw(bundle({}, { format: "x" })))).rejects.toMatchObject({ code: "not-a-bundle" });
    await expect(parseManifest(raw(bundle({}, { version: 1 })))).rejects.toMatchObject({ code: "wrong-version" });
    await expect(parseManifest(bytes("{"))).rejects.toMatchObject({ code: "manifest-changed" });
    const text = new TextDecoder().decode(raw(bundle(FILES))).replace('"mini"', '"mini2"');
    await expect(parseManifest(bytes(text))).rejects.toMatchObject({ code: "manifest-changed" });
  });

  it.each(["../x", "/x", "a//b", "c:x", "a\\b"])("refuses the path %s", async (path) => {
    const files = [{ path, bytes: 0, sha256: sha(bytes("")) }];
    await expect(parseManifest(raw(bundle({}, { files })))).rejects.toMatchObject({ code: "manifest-changed" });
  });

  it("compares size and digest", async () => {
    const entry = { path: "a", bytes: 1, sha256: sha(bytes("a")) };
    await expect(checkFile(entry, bytes("a"))).resolves.toBeUndefined();
    await expect(checkFile(entry, bytes("b"))).rejects.toMatchObject({ code: "file-changed" });
    await expect(checkFile(entry, bytes("ab"))).rejects.toMatchObject({ code: "file-size" });
  });
});

/** A zip file; files longer than 10 bytes are packed. */
function zip(files: Map<string, Uint8Array>, root = ""): Uint8Array {
  const parts: Buffer[] = [];
  const list: Buffer[] = [];
  let at = 0;
  for (const [path, data] of files) {
    const name = Buffer.from(root + path);
    const packed = data.length > 10 ? deflateRawSync(data) : Buffer.from(data);
    const method = data.length > 10 ? 8 : 0;
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50);
    head.writeUInt16LE(method, 8);
    head.writeUInt32LE(packed.length, 18);
    head.writeUInt32LE(data.length, 22);
    head.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50);
    entry.writeUInt16LE(method, 10);
    entry.writeUInt32LE(packed.length, 20);
    entry.writeUInt32LE(data.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    parts.push(head, name, packed);
    list.push(entry, name);
    at += 30 + name.length + packed.length;
  }
  const directory = Buffer.concat(list);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return new Uint8Array(Buffer.concat([...parts, directory, end]));
}

describe("sources", () => {
  const file = (data: Uint8Array, name: string) => new File([data as Uint8Array<ArrayBuffer>], name);

  it("reads a zip, in a folder or not, packed or not", async () => {
    for (const root of ["", "my bundle/"]) {
      const opened = await openSource({ files: [file(zip(bundle(FILES), root), "b.zip")] });
      expect(new TextDecoder().decode(await opened.read("graphs/a.bin", 100))).toBe("weights weights");
      expect(new TextDecoder().decode(await opened.read("text/symbols.json", 100))).toBe("{}");
      await expect(opened.read("graphs/a.bin", 5)).rejects.toMatchObject({ code: "file-size" });
    }
  });

  it("refuses zips that are cut off, damaged, or no bundle", async () => {
    const whole = zip(bundle(FILES));
    for (const size of [0, 10, whole.length - 30]) {
      await expect(openSource({ files: [file(whole.slice(0, size), "b.zip")] })).rejects.toMatchObject({ code: "bad-zip" });
    }
    await expect(openSource({ files: [file(zip(new Map([["a", bytes("a")]])), "b.zip")] }))
      .rejects.toMatchObject({ code: "not-a-bundle" });
    const damaged = whole.slice();
    damaged.fill(0xff, 30 + 12, 30 + 20);
    const store = new MemoryStore();
    const opened = await openSource({ files: [file(damaged, "b.zip")] });
    await expect(install(opened, store, () => undefined, never)).rejects.toBeInstanceOf(AppError);
    expect(store.files.size).toBe(0);
  });

  it("says what is wrong with an address", async () => {
    await expect(openSource({ url: "not an address" })).rejects.toMatchObject({ code: "network" });
    vi.stubGlobal("fetch", async () => new Response("", { status: 404 }));
    const opened = await openSource({ url: "https://example.org/bundle" });
    await expect(opened.read("manifest.json", 10)).rejects.toMatchObject({ code: "not-a-bundle" });
    await expect(opened.read("graphs/a.bin", 10)).rejects.toMatchObject({ code: "file-missing" });
  });
});

describe("errors", () => {
  it("knows memory and storage by what browsers say", () => {
    expect(plainError(new RangeError("Array buffer allocation failed")).code).toBe("memory");
    expect(plainError(new Error("std::bad_alloc")).code).toBe("memory");
    expect(plainError(new Error("nothing known")).code).toBe("unexpected");
    expect(isStorageFull(new DOMException("x", "QuotaExceededError"))).toBe(true);
    expect(isStorageFull(new Error("other"))).toBe(false);
  });
});
