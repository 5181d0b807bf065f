// Folders of files kept by the browser: OPFS, or IndexedDB where there is none.
// A folder counts only when its mark has been written, which happens last.

import { AppError, isStorageFull } from "../errors";

const MARK = ".installed.json";

export interface Store {
  readonly kind: "opfs" | "indexeddb";
  write(folder: string, path: string, data: Uint8Array): Promise<void>;
  read(folder: string, path: string): Promise<Uint8Array>;
  removeFile(folder: string, path: string): Promise<void>;
  remove(folder: string): Promise<void>;
  folders(): Promise<string[]>;
}

/** The best store that this browser has. */
export async function openStore(): Promise<Store> {
  try {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle("voice", { create: true });
    const store = new OpfsStore(folder);
    await store.probe();
    return store;
  } catch {
    return IndexedStore.open();
  }
}

/** Says that a folder is whole; `note` is kept with it. */
export async function finish(store: Store, folder: string, note: object): Promise<void> {
  await store.write(folder, MARK, new TextEncoder().encode(JSON.stringify(note)));
}

/** What was noted when the folder became whole; null where it is not. */
export async function noteOf<T>(store: Store, folder: string): Promise<T | null> {
  try {
    return JSON.parse(new TextDecoder().decode(await store.read(folder, MARK))) as T;
  } catch {
    return null;
  }
}

/** Removes what an interrupted installation left. */
export async function removeUnfinished(store: Store, prefix: string): Promise<void> {
  for (const folder of await store.folders()) {
    if (folder.startsWith(prefix) && !(await noteOf(store, folder))) await store.remove(folder);
  }
}

function storageError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (isStorageFull(error)) return new AppError("storage-full");
  return new AppError("storage", error instanceof Error ? error.message : String(error));
}

interface SyncHandle {
  write(data: Uint8Array, options?: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

type FileHandle = FileSystemFileHandle & {
  createWritable?: () => Promise<FileSystemWritableFileStream>;
  createSyncAccessHandle?: () => Promise<SyncHandle>;
};

class OpfsStore implements Store {
  readonly kind = "opfs" as const;

  constructor(private readonly root: FileSystemDirectoryHandle) {}

  /** Throws where files cannot be written. */
  async probe(): Promise<void> {
    await this.write("probe", "x", new Uint8Array([1]));
    await this.remove("probe");
  }

  async write(folder: string, path: string, data: Uint8Array): Promise<void> {
    try {
      const handle = (await this.handle(folder, path, true)) as FileHandle;
      if (handle.createWritable) {
        const stream = await handle.createWritable();
        try {
          await stream.write(data as Uint8Array<ArrayBuffer>);
          await stream.close();
        } catch (error) {
          await stream.abort().catch(() => undefined);
          throw error;
        }
        return;
      }
      if (!handle.createSyncAccessHandle) throw new Error("no way to write files");
      const access = await handle.createSyncAccessHandle();
      try {
        access.truncate(0);
        if (access.write(data, { at: 0 }) !== data.length) throw new AppError("storage-full");
        access.flush();
      } finally {
        access.close();
      }
    } catch (error) {
      throw storageError(error);
    }
  }

  async read(folder: string, path: string): Promise<Uint8Array> {
    try {
      const file = await (await this.handle(folder, path, false)).getFile();
      return new Uint8Array(await file.arrayBuffer());
    } catch {
      throw new AppError("file-missing", path);
    }
  }

  async removeFile(folder: string, path: string): Promise<void> {
    const parts = path.split("/");
    const name = parts.pop()!;
    let place = await this.root.getDirectoryHandle(folder);
    for (const part of parts) place = await place.getDirectoryHandle(part);
    await place.removeEntry(name);
  }

  async remove(folder: string): Promise<void> {
    try {
      await this.root.removeEntry(folder, { recursive: true });
    } catch (error) {
      if (!(error instanceof DOMException && error.name === "NotFoundError")) throw storageError(error);
    }
  }

  async folders(): Promise<string[]> {
    const out: string[] = [];
    const entries = (this.root as unknown as { keys(): AsyncIterable<string> }).keys();
    for await (const name of entries) out.push(name);
    return out;
  }

  private async handle(folder: string, path: string, create: boolean): Promise<FileSystemFileHandle> {
    const parts = path.split("/");
    const name = parts.pop()!;
    let place = await this.root.getDirectoryHandle(folder, { create });
    for (const part of parts) place = await place.getDirectoryHandle(part, { create });
    return place.getFileHandle(name, { create });
  }
}

class IndexedStore implements Store {
  readonly kind = "indexeddb" as const;

  private constructor(private readonly database: IDBDatabase) {}

  static async open(): Promise<IndexedStore> {
    try {
      const request = indexedDB.open("voice", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("files");
      return new IndexedStore(await done(request));
    } catch (error) {
      throw storageError(error);
    }
  }

  async write(folder: string, path: string, data: Uint8Array): Promise<void> {
    try {
      const change = this.database.transaction("files", "readwrite");
      change.objectStore("files").put(data, `${folder}\n${path}`);
      await new Promise<void>((resolve, reject) => {
        change.oncomplete = () => resolve();
        change.onabort = change.onerror = () => reject(change.error ?? new Error("aborted"));
      });
    } catch (error) {
      throw storageError(error);
    }
  }

  async read(folder: string, path: string): Promise<Uint8Array> {
    const found = await done(this.files("readonly").get(`${folder}\n${path}`));
    if (!(found instanceof Uint8Array)) throw new AppError("file-missing", path);
    return found;
  }

  async removeFile(folder: string, path: string): Promise<void> {
    await done(this.files("readwrite").delete(`${folder}\n${path}`));
  }

  async remove(folder: string): Promise<void> {
    await done(this.files("readwrite").delete(IDBKeyRange.bound(`${folder}\n`, `${folder}\n\uffff`)));
  }

  async folders(): Promise<string[]> {
    const keys = await done(this.files("readonly").getAllKeys());
    return [...new Set(keys.map((key) => String(key).split("\n")[0]!))];
  }

  private files(mode: IDBTransactionMode): IDBObjectStore {
    return this.database.transaction("files", mode).objectStore("files");
  }
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB failed"));
  });
}
