// Sends a file in pieces, so that a broken line costs one piece. The number of
// an unfinished upload is kept in this browser: choosing the same file again
// goes on where it stopped, even after the page was closed.

import { ApiError, request } from "./api";
import { retryDelay } from "./query";
import type { Incident, Upload } from "./types";

export interface UploadOptions {
  file: File;
  title?: string;
  severity?: string;
  signal: AbortSignal;
  onProgress: (sent: number) => void;
  /** Says that it waits for the network; false: it goes on. */
  onWaiting?: (waiting: boolean) => void;
  /** Bytes of a piece. */
  piece?: number;
  /** Tries of a piece before it gives up. */
  tries?: number;
  pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const storageKey = (f: File) => `triagent.upload/${f.name}/${f.size}/${f.lastModified}`;

/** Sends the file and opens an incident from it. Throws ApiError, or AbortError where the signal says so. */
export async function sendFile(o: UploadOptions): Promise<Incident> {
  let { id, offset } = await begin(o);
  o.onProgress(offset);
  const piece = o.piece ?? 4 << 20;
  let failures = 0;
  while (offset < o.file.size) {
    try {
      offset = await put(id, offset, o.file.slice(offset, offset + piece), o.signal);
      if (failures > 0) o.onWaiting?.(false);
      failures = 0;
      o.onProgress(offset);
    } catch (e) {
      if (!(e instanceof ApiError)) throw e;
      if (e.status === 404) {
        // The service has dropped it: begin anew.
        localStorage.removeItem(storageKey(o.file));
        ({ id, offset } = await begin(o));
      } else if (e.status !== 409 && !e.transient) throw e;
      if (++failures > (o.tries ?? 60)) throw e;
      o.onWaiting?.(true);
      await (o.pause ?? sleep)(retryDelay(failures - 1, e), o.signal);
      offset = await offsetOf(id, o.signal, offset);
    }
  }
  return finish(id, o);
}

async function begin(o: UploadOptions): Promise<{ id: string; offset: number }> {
  const known = localStorage.getItem(storageKey(o.file));
  if (known !== null) {
    const offset = await offsetOf(known, o.signal, -1);
    if (offset >= 0) return { id: known, offset };
  }
  const { data } = await request<Upload>("POST", "/uploads", {
    body: { name: o.file.name, size: o.file.size },
    signal: o.signal,
  });
  localStorage.setItem(storageKey(o.file), data.id);
  return { id: data.id, offset: data.offset };
}

/** What the service has of it; `fallback` where it does not say. */
async function offsetOf(id: string, signal: AbortSignal, fallback: number): Promise<number> {
  try {
    const { headers } = await request<void>("HEAD", `/uploads/${id}`, { signal });
    const at = Number(headers.get("Upload-Offset") ?? Number.NaN);
    return Number.isFinite(at) ? at : fallback;
  } catch (e) {
    if (e instanceof ApiError) return fallback;
    throw e;
  }
}

async function put(id: string, offset: number, body: Blob, signal: AbortSignal): Promise<number> {
  const { headers } = await request<void>("PATCH", `/uploads/${id}`, {
    body,
    signal,
    headers: { "Upload-Offset": String(offset), "Content-Type": "application/offset+octet-stream" },
  });
  const said = headers.get("Upload-Offset");
  return said === null ? offset + body.size : Number(said);
}

async function finish(id: string, o: UploadOptions): Promise<Incident> {
  const body = { ...(o.title ? { title: o.title } : {}), ...(o.severity ? { severity: o.severity } : {}) };
  const { data } = await request<Incident>("POST", `/uploads/${id}/finish`, { body, signal: o.signal });
  localStorage.removeItem(storageKey(o.file));
  return data;
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    });
  });
}
