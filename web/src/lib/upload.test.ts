import { afterEach, describe, expect, it, vi } from "vitest";
import { sendFile } from "./upload";

/** A service that takes uploads, and fails the PATCHes whose numbers are given. */
function fakeService(fails: number[] = []) {
  let data = "";
  let patches = 0;
  let made = 0;
  const f = vi.fn(async (url: string, init: RequestInit) => {
    const json = (status: number, body: unknown, headers = {}) =>
      new Response(JSON.stringify(body), { status, headers: { "Content-Type": "application/json", ...headers } });
    if (url.endsWith("/finish")) return json(202, { id: "inc-1" });
    if (init.method === "POST") {
      made++;
      return json(201, { id: `u${made}`, offset: 0, size: 10 });
    }
    if (init.method === "PATCH") {
      if (fails.includes(++patches)) throw new TypeError("reset");
      data += await (init.body as Blob).text();
      return new Response(null, { status: 204, headers: { "Upload-Offset": String(data.length) } });
    }
    return new Response(null, { status: 200, headers: { "Upload-Offset": String(data.length) } });
  });
  vi.stubGlobal("fetch", f);
  return { text: () => data, made: () => made };
}

afterEach(() => vi.unstubAllGlobals());

const file = () => new File(["0123456789"], "a.tar.gz", { lastModified: 1 });
const at = () => ({ signal: new AbortController().signal, piece: 4, pause: async () => undefined });

describe("sendFile", () => {
  it("sends pieces in order and opens the incident", async () => {
    const s = fakeService();
    const sent: number[] = [];
    const incident = await sendFile({ file: file(), onProgress: (n) => sent.push(n), ...at() });
    expect(incident.id).toBe("inc-1");
    expect(s.text()).toBe("0123456789");
    expect(sent).toEqual([0, 4, 8, 10]);
  });

  it("goes on where it stopped after a broken line", async () => {
    const s = fakeService([2, 3]);
    const waiting: boolean[] = [];
    await sendFile({ file: file(), onProgress: () => undefined, onWaiting: (w) => waiting.push(w), ...at() });
    expect(s.text()).toBe("0123456789");
    expect(waiting).toEqual([true, true, false]);
  });

  it("takes up the same file after the page was closed", async () => {
    const s = fakeService([2]);
    await expect(sendFile({ file: file(), onProgress: () => undefined, ...at(), tries: 0 })).rejects.toThrow();
    await sendFile({ file: file(), onProgress: () => undefined, ...at() });
    expect(s.text()).toBe("0123456789");
    expect(s.made()).toBe(1);
  });
});
