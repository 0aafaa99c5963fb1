// The client of the REST API. Every call goes through `request`: it adds the
// CSRF header to unsafe methods, names the language, and turns every answer
// that is not 2xx into an ApiError with the request ID. Calls that may be
// repeated are repeated by the query client (see query.ts), not here.

import type { Problem } from "./types";

export const base = "/api/v1";

/** Says what went wrong in words for people. `status` is 0 where no answer came. */
export class ApiError extends Error {
  readonly status: number;
  readonly problem: Problem;
  readonly requestId: string;
  /** Seconds that the service asks to wait; 0: not said. */
  readonly retryAfter: number;
  /** When it happened, in ms. */
  readonly at = Date.now();

  constructor(status: number, problem: Problem, requestId: string, retryAfter = 0) {
    super(problem.detail || problem.title || `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.problem = problem;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }

  /** Whether the same request may succeed later. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }

  /** Someone else changed it since it was read. */
  get stale(): boolean {
    return this.status === 412;
  }
}

export type QueryValue = string | number | boolean | null | undefined | readonly string[];

export interface Options {
  query?: Record<string, QueryValue>;
  /** Sent as JSON, unless it is a Blob, which is sent as it is. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Version for If-Match. */
  version?: number;
  signal?: AbortSignal;
}

/** An answer with what its headers say. */
export interface Answer<T> {
  data: T;
  status: number;
  headers: Headers;
}

let csrf: string | null = null;
let lang = "en";
let onDenied: () => void = () => undefined;

/** Sets the token that unsafe methods carry; null: none. */
export function setCsrf(token: string | null): void {
  csrf = token;
}

/** Sets the language in which the service words its texts. */
export function setApiLang(l: string): void {
  lang = l;
}

/** Calls f whenever the service says 401: the session ended. */
export function whenDenied(f: () => void): void {
  onDenied = f;
}

/** The path with its query; empty values are left out, lists are joined by comma. */
export function href(path: string, query?: Record<string, QueryValue>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) {
    if (value === undefined || value === null || value === "") continue;
    const text = Array.isArray(value) ? value.join(",") : String(value);
    if (text !== "") params.set(key, text);
  }
  const q = params.toString();
  return base + path + (q ? `?${q}` : "");
}

function headersFor(method: string, o: Options): Record<string, string> {
  const headers: Record<string, string> = { Accept: "application/json", "Accept-Language": lang, ...o.headers };
  if (csrf !== null && method !== "GET" && method !== "HEAD") headers["X-CSRF-Token"] = csrf;
  if (o.version !== undefined) headers["If-Match"] = `"${o.version}"`;
  if (o.body !== undefined && !(o.body instanceof Blob)) headers["Content-Type"] ??= "application/json";
  return headers;
}

/** Sends one request and gives the answer with its headers. Throws ApiError, or AbortError where the signal says so. */
export async function request<T>(method: string, path: string, o: Options = {}): Promise<Answer<T>> {
  let res: Response;
  try {
    res = await fetch(href(path, o.query), {
      method,
      headers: headersFor(method, o),
      body: o.body === undefined ? null : o.body instanceof Blob ? o.body : JSON.stringify(o.body),
      credentials: "same-origin",
      signal: o.signal ?? null,
    });
  } catch (e) {
    if (e instanceof DOMException && e.name === "AbortError") throw e;
    throw new ApiError(0, { title: "unreachable" }, "");
  }
  if (!res.ok) throw await failure(res, path);
  const text = res.status === 204 || method === "HEAD" ? "" : await res.text();
  const json = (res.headers.get("Content-Type") ?? "").includes("json");
  return {
    data: (text === "" ? undefined : json ? JSON.parse(text) : text) as T,
    status: res.status,
    headers: res.headers,
  };
}

async function failure(res: Response, path: string): Promise<ApiError> {
  if (res.status === 401 && !path.startsWith("/session")) onDenied();
  let problem: Problem;
  try {
    problem = (await res.json()) as Problem;
  } catch {
    problem = { title: res.statusText || `HTTP ${res.status}`, status: res.status };
  }
  const id = res.headers.get("X-Request-Id") ?? problem.request_id ?? "";
  return new ApiError(res.status, problem, id, Number(res.headers.get("Retry-After")) || 0);
}

/** Shorthands that give the body only. */
export const api = {
  get: async <T>(path: string, query?: Record<string, QueryValue>, signal?: AbortSignal): Promise<T> =>
    (await request<T>("GET", path, signal ? ({ query, signal } as Options) : ({ query } as Options))).data,
  post: async <T>(path: string, body?: unknown, o: Options = {}): Promise<T> =>
    (await request<T>("POST", path, { ...o, body })).data,
  put: async <T>(path: string, body: unknown, version?: number): Promise<T> =>
    (await request<T>("PUT", path, { body, ...(version === undefined ? {} : { version }) })).data,
  patch: async <T>(path: string, body: unknown, version?: number): Promise<T> =>
    (await request<T>("PATCH", path, { body, ...(version === undefined ? {} : { version }) })).data,
  delete: async (path: string, version?: number): Promise<void> => {
    await request<void>("DELETE", path, version === undefined ? {} : { version });
  },
};

/** The version in an ETag, as `"7"`; 0 where there is none. */
export function etagVersion(headers: Headers): number {
  return Number((headers.get("ETag") ?? "").replace(/^W\//, "").replaceAll('"', "")) || 0;
}
