// A client of server-sent events over fetch. Unlike EventSource it carries
// Last-Event-ID over every kind of failure, backs off, says what state it is
// in, and notices a connection that fell silent.

/** One event as the service sent it. `data` is the text of its data lines. */
export interface StreamEvent {
  id: string;
  event: string;
  data: string;
}

/** connecting: first try; live: events flow; waiting: lost, next try after a pause; closed: will not come back. */
export type StreamState = "connecting" | "live" | "waiting" | "closed";

export interface StreamOptions {
  url: string;
  onEvent: (e: StreamEvent) => void;
  onState?: (s: StreamState, failures: number) => void;
  /** Where to resume; empty: from the start. */
  lastEventId?: string;
  /** Milliseconds without a byte after which the connection counts as lost; the service pings every 15 to 20 s. */
  silence?: number;
  /** First pause and longest pause between tries in milliseconds. */
  pause?: number;
  longest?: number;
  headers?: () => Record<string, string>;
  /** For tests. */
  fetch?: typeof fetch;
}

export interface Stream {
  close: () => void;
  /** Tries again at once where it waits. */
  wake: () => void;
  lastEventId: () => string;
}

/** Splits a stream of text into events; keeps what is unfinished. */
export class EventParser {
  private rest = "";
  private id = "";
  private event = "";
  private data: string[] = [];
  /** Milliseconds to wait before a reconnect, where the service said so; 0: not said. */
  retry = 0;

  /** Takes the next piece of text and gives the events that it completes. */
  push(text: string): StreamEvent[] {
    const out: StreamEvent[] = [];
    this.rest += text;
    // A lone CR at the end may be the first half of CRLF: it waits.
    const lines = this.rest.split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") {
        if (this.data.length > 0) out.push({ id: this.id, event: this.event || "message", data: this.data.join("\n") });
        this.event = "";
        this.data = [];
      } else this.field(line);
    }
    return out;
  }

  private field(line: string): void {
    const colon = line.indexOf(":");
    if (colon === 0) return; // a comment: the ping
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") this.data.push(value);
    else if (name === "event") this.event = value;
    else if (name === "id" && !value.includes("\0")) this.id = value;
    else if (name === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
  }
}

/** Opens a stream that stays open until it is closed. It ends by itself on 401, 403, 404 and 410, and on 204. */
export function openStream(o: StreamOptions): Stream {
  const s = new Connection(o);
  s.start();
  return s;
}

const final = new Set([204, 401, 403, 404, 410]);

class Connection implements Stream {
  private readonly o: StreamOptions;
  private id: string;
  private failures = 0;
  private done = false;
  private abort: AbortController | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;

  constructor(o: StreamOptions) {
    this.o = o;
    this.id = o.lastEventId ?? "";
  }

  start(): void {
    this.o.onState?.("connecting", 0);
    void this.connect();
  }

  lastEventId(): string {
    return this.id;
  }

  close(): void {
    this.finish();
  }

  wake(): void {
    if (this.done || this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    void this.connect();
  }

  private finish(): void {
    if (this.done) return;
    this.done = true;
    clearTimeout(this.timer);
    clearTimeout(this.watchdog);
    this.abort?.abort();
    this.o.onState?.("closed", this.failures);
  }

  private async connect(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    let retry = 0;
    try {
      this.watch(abort);
      const headers: Record<string, string> = { Accept: "text/event-stream", ...this.o.headers?.() };
      if (this.id !== "") headers["Last-Event-ID"] = this.id;
      const res = await (this.o.fetch ?? fetch)(this.o.url, {
        headers,
        credentials: "same-origin",
        signal: abort.signal,
        cache: "no-store",
      });
      if (final.has(res.status)) return this.finish();
      if (!res.ok || res.body === null) throw new Error(`HTTP ${res.status}`);
      this.failures = 0;
      this.o.onState?.("live", 0);
      retry = await this.read(res.body, abort);
    } catch {
      // Whatever failed, the next try follows.
    }
    clearTimeout(this.watchdog);
    if (!this.done) this.later(retry);
  }

  private async read(body: ReadableStream<Uint8Array>, abort: AbortController): Promise<number> {
    const parser = new EventParser();
    const reader = body.getReader();
    const text = new TextDecoder();
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done || this.done) return parser.retry;
        this.watch(abort);
        for (const e of parser.push(text.decode(value, { stream: true }))) {
          if (e.id !== "") this.id = e.id;
          this.o.onEvent(e);
        }
      }
    } finally {
      reader.cancel().catch(() => undefined);
    }
  }

  private watch(abort: AbortController): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => abort.abort(), this.o.silence ?? 45_000);
  }

  private later(retry: number): void {
    this.failures++;
    const first = this.o.pause ?? 500;
    const pause = Math.min(first * 2 ** (this.failures - 1), this.o.longest ?? 15_000);
    // Between half and all of the pause, so that many pages do not return at once.
    const jittered = Math.max(retry, pause / 2 + (Math.random() * pause) / 2);
    this.o.onState?.("waiting", this.failures);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      void this.connect();
    }, jittered);
  }
}
