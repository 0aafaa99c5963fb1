import { afterEach, describe, expect, it, vi } from "vitest";
import { api, ApiError, etagVersion, href, request, setCsrf, whenDenied } from "./api";
import { retryDelay, shouldRetry } from "./query";

function answer(status: number, body: unknown, headers: Record<string, string> = {}) {
  const f = vi.fn(
    async () =>
      new Response(status === 204 ? null : JSON.stringify(body), {
        status,
        headers: { "Content-Type": "application/json", ...headers },
      }),
  );
  vi.stubGlobal("fetch", f);
  return f as unknown as ReturnType<typeof vi.fn>;
}

afterEach(() => {
  vi.unstubAllGlobals();
  setCsrf(null);
});

const sent = (f: ReturnType<typeof vi.fn>) => f.mock.calls[0]?.[1] as RequestInit & { headers: Record<string, string> };

describe("api", () => {
  it("builds addresses without what is empty", () => {
    expect(href("/incidents", { q: "a b", status: "", severity: ["major", "critical"], cursor: null })).toBe(
      "/api/v1/incidents?q=a+b&severity=major%2Ccritical",
    );
  });

  it("sends the CSRF token with changes only, and the version", async () => {
    setCsrf("secret");
    const get = answer(200, {});
    await api.get("/x");
    expect(sent(get).headers["X-CSRF-Token"]).toBeUndefined();
    const put = answer(200, {});
    await api.put("/x", { a: 1 }, 7);
    expect(sent(put).headers).toMatchObject({
      "X-CSRF-Token": "secret",
      "If-Match": '"7"',
      "Content-Type": "application/json",
    });
  });

  it("turns problems into errors that name the request", async () => {
    answer(
      422,
      { title: "Invalid", detail: "name is empty", errors: [{ location: "body.name", message: "too short" }] },
      { "X-Request-Id": "req-1" },
    );
    const e = (await api.post("/x", {}).catch((x: unknown) => x)) as ApiError;
    expect(e).toBeInstanceOf(ApiError);
    expect(e.message).toBe("name is empty");
    expect(e.requestId).toBe("req-1");
    expect(e.transient).toBe(false);
  });

  it("says that the session ended, but not for a wrong password", async () => {
    const denied = vi.fn();
    whenDenied(denied);
    answer(401, {});
    await api.post("/session", {}).catch(() => undefined);
    expect(denied).not.toHaveBeenCalled();
    await api.get("/incidents").catch(() => undefined);
    expect(denied).toHaveBeenCalledOnce();
    whenDenied(() => undefined);
  });

  it("knows an answer that never came", async () => {
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => Promise.reject(new TypeError("failed"))),
    );
    const e = (await request("GET", "/x").catch((x: unknown) => x)) as ApiError;
    expect(e.status).toBe(0);
    expect(e.transient).toBe(true);
  });

  it("reads versions", () => {
    expect(etagVersion(new Headers({ ETag: '"12"' }))).toBe(12);
    expect(etagVersion(new Headers({ ETag: 'W/"3"' }))).toBe(3);
    expect(etagVersion(new Headers())).toBe(0);
  });
});

describe("retries", () => {
  const failed = (status: number, after = 0) => new ApiError(status, {}, "", after);
  it("happen three times where a later try may succeed", () => {
    for (const s of [0, 429, 502, 503, 504]) expect(shouldRetry(0, failed(s))).toBe(true);
    for (const s of [400, 401, 403, 404, 412, 500]) expect(shouldRetry(0, failed(s))).toBe(false);
    expect(shouldRetry(3, failed(503))).toBe(false);
    expect(shouldRetry(0, new Error("bug"))).toBe(false);
  });
  it("wait as long as the service asks", () => {
    expect(retryDelay(0, failed(503, 4))).toBe(4000);
    expect(retryDelay(2, failed(0))).toBe(2000);
    expect(retryDelay(20, failed(0))).toBe(15_000);
  });
});
