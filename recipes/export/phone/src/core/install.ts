// Bundles onto the device: every file is compared with the manifest before it is kept, and a bundle
// counts only when all of them are there.

import { AppError } from "../errors";
import { checkFile, MOST_BYTES, NAME, parseManifest, type Manifest } from "./manifest";
import type { Source } from "./sources";
import { finish, noteOf, removeUnfinished, type Store } from "./store";

const PREFIX = "bundle-";
const SPARE = 1 << 20;

export interface Installed {
  folder: string;
  model: string;
  revision: string;
  languages: string[];
  bytes: number;
  added: string;
}

export type Progress = (done: number, total: number) => void;

/** Fetches, checks and keeps a bundle; on any error nothing of it stays. */
export async function install(
  source: Source, store: Store, progress: Progress, cancelled: () => Promise<boolean>,
): Promise<Installed> {
  const raw = await source.read(NAME, MOST_BYTES);
  const manifest = await parseManifest(raw);
  const folder = PREFIX + manifest.digest.slice(0, 16);
  const before = await noteOf<Installed>(store, folder);
  if (before) return before;
  const total = manifest.files.reduce((sum, entry) => sum + entry.bytes, 0);
  await checkSpace(total);
  await store.remove(folder);
  try {
    let done = 0;
    progress(0, total);
    for (const entry of manifest.files) {
      if (await cancelled()) throw new AppError("cancelled");
      const data = await source.read(entry.path, entry.bytes);
      await checkFile(entry, data);
      await store.write(folder, entry.path, data);
      progress((done += entry.bytes), total);
    }
    await store.write(folder, NAME, raw);
    const note: Installed = {
      folder, model: manifest.model, revision: manifest.revision, languages: manifest.languages,
      bytes: total, added: new Date().toISOString(),
    };
    await finish(store, folder, note);
    return note;
  } catch (error) {
    await store.remove(folder).catch(() => undefined);
    throw error;
  }
}

/** Refuses at once what the browser has no room for. */
async function checkSpace(bytes: number): Promise<void> {
  const { quota, usage } = (await navigator.storage?.estimate?.()) ?? {};
  if (quota !== undefined && usage !== undefined && bytes + SPARE > quota - usage) {
    throw new AppError("storage-full", `${Math.ceil(bytes / 1e6)} MB`);
  }
}

/** The bundles that are whole; what an interrupted installation left is removed. */
export async function installed(store: Store): Promise<Installed[]> {
  await removeUnfinished(store, PREFIX);
  const found: Installed[] = [];
  for (const folder of await store.folders()) {
    if (!folder.startsWith(PREFIX)) continue;
    const note = await noteOf<Installed>(store, folder);
    if (note) found.push(note);
  }
  return found.sort((a, b) => (a.added < b.added ? 1 : -1));
}

/** The manifest of a kept bundle, checked again. */
export async function manifestOf(store: Store, folder: string): Promise<Manifest> {
  return parseManifest(await store.read(folder, NAME));
}

/** A file of a kept bundle, compared with the manifest again: storage can lose or change bytes. */
export async function readChecked(
  store: Store, folder: string, manifest: Manifest, path: string,
): Promise<Uint8Array> {
  const entry = manifest.files.find((file) => file.path === path);
  if (!entry) throw new AppError("file-missing", path);
  const data = await store.read(folder, path);
  await checkFile(entry, data);
  return data;
}
