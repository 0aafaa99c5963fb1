import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { EventParser, openStream, type StreamEvent } from "./sse";

describe("EventParser", () => {
  it("joins pieces, several data lines and all kinds of line ends", () => {
    const p = new EventParser();
    expect(p.push("id: 1-1\r\nevent: st")).toEqual([]);
    expect(p.push("ep\r\ndata: a\r\ndata: b\r")).toEqual([]);
    expect(p.push("\n\r\n")).toEqual([{ id: "1-1", event: "step", data: "a\nb" }]);
  });

  it("keeps the last id, ignores comments and events without data", () => {
    const p = new EventParser();
    expect(p.push(": ping\n\nid: 7\ndata: x\n\n:ping\n\nevent: empty\n\ndata:y\n\n")).toEqual([
      { id: "7", event: "message", data: "x" },
      { id: "7", event: "message", data: "y" },
    ]);
  });

  it("reads the pause that the service asks for", () => {
    const p = new EventParser();
    p.push("retry: 2500\n\n");
    expect(p.retry).toBe(2500);
  });
});

interface Answer {
  headers: Record<string, string>;
  push: (text: string) => void;
  end: () => void;
  fail: () => void;
}

/** A service that answers as the test says, and remembers what it was asked. */
function fakeService(status: (n: number) => number = () => 200) {
  const asked: Answer[] = [];
  const fetch = vi.fn(async (_url: string | URL | Request, init?: RequestInit) => {
    let c!: ReadableStreamDefaultController<Uint8Array>;
    const body = new ReadableStream<Uint8Array>({ start: (x) => void (c = x) });
    init?.signal?.addEventListener("abort", () => {
      try {
        c.error(new DOMException("aborted", "AbortError"));
      } catch {
        // It has ended already.
      }
    });
    asked.push({
      headers: init?.headers as Record<string, string>,
      push: (text) => c.enqueue(new TextEncoder().encode(text)),
      end: () => c.close(),
      fail: () => c.error(new Error("reset")),
    });
    const s = status(asked.length);
    return new Response(s === 204 ? null : body, { status: s });
  });
  return { asked, fetch: fetch as unknown as typeof globalThis.fetch };
}

describe("openStream", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  const settle = () => vi.advanceTimersByTimeAsync(0);

  it("resumes from the last event after the connection broke", async () => {
    const { asked, fetch } = fakeService();
    const got: StreamEvent[] = [];
    const states: string[] = [];
    const s = openStream({ url: "/x", fetch, onEvent: (e) => got.push(e), onState: (x) => states.push(x) });
    await settle();
    asked[0]?.push("id: 1-4\nevent: step\ndata: {}\n\n");
    await settle();
    asked[0]?.fail();
    await settle();
    expect(states).toEqual(["connecting", "live", "waiting"]);
    await vi.advanceTimersByTimeAsync(600);
    expect(asked).toHaveLength(2);
    expect(asked[1]?.headers["Last-Event-ID"]).toBe("1-4");
    expect(got).toEqual([{ id: "1-4", event: "step", data: "{}" }]);
    expect(states.at(-1)).toBe("live");
    s.close();
  });

  it("waits longer after each failure, up to the longest pause", async () => {
    vi.spyOn(Math, "random").mockReturnValue(0);
    const { asked, fetch } = fakeService(() => 503);
    const s = openStream({ url: "/x", fetch, onEvent: () => undefined, pause: 200, longest: 800 });
    await settle();
    for (const [pause, tries] of [
      [100, 2],
      [200, 3],
      [400, 4],
      [400, 5],
    ] as const) {
      await vi.advanceTimersByTimeAsync(pause - 1);
      expect(asked).toHaveLength(tries - 1);
      await vi.advanceTimersByTimeAsync(1);
      expect(asked).toHaveLength(tries);
    }
    s.close();
    vi.restoreAllMocks();
  });

  it("counts a silent connection as lost, and a ping as life", async () => {
    const { asked, fetch } = fakeService();
    const s = openStream({ url: "/x", fetch, onEvent: () => undefined, silence: 1000, pause: 10 });
    await settle();
    await vi.advanceTimersByTimeAsync(900);
    asked[0]?.push(": ping\n\n");
    await vi.advanceTimersByTimeAsync(900);
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(200);
    expect(asked).toHaveLength(2);
    s.close();
  });

  it("ends for good where the service says no", async () => {
    const { asked, fetch } = fakeService(() => 401);
    const states: string[] = [];
    openStream({ url: "/x", fetch, onEvent: () => undefined, onState: (x) => states.push(x) });
    await settle();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
    expect(states.at(-1)).toBe("closed");
  });

  it("tries at once when it is woken, and never after it was closed", async () => {
    const { asked, fetch } = fakeService(() => 502);
    const s = openStream({ url: "/x", fetch, onEvent: () => undefined, pause: 10_000 });
    await settle();
    s.wake();
    await settle();
    expect(asked).toHaveLength(2);
    s.close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(2);
  });
});
