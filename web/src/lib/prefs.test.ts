import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { newPrefs, type Preferences } from "./prefs";

function fakeRemote(kept: Partial<Preferences> = {}) {
  const put: Preferences[] = [];
  let broken = false;
  return {
    put,
    break: (v: boolean) => void (broken = v),
    remote: {
      get: async () => kept,
      put: async (p: Preferences) => {
        if (broken) throw new Error("offline");
        put.push(p);
      },
    },
  };
}

describe("preferences", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("come from the service at log-in", async () => {
    const { remote } = fakeRemote({ accent: "teal" });
    const p = newPrefs(remote, 100);
    expect(p.get().accent).toBe("blue");
    await p.load();
    expect(p.get().accent).toBe("teal");
    expect(p.get().density).toBe("comfortable");
  });

  it("act at once and are sent once for several changes", async () => {
    const { remote, put } = fakeRemote();
    const p = newPrefs(remote, 100);
    await p.load();
    const seen = vi.fn();
    p.subscribe(seen);
    p.set({ accent: "teal" });
    p.set({ density: "compact" });
    expect(seen).toHaveBeenCalledTimes(2);
    expect(put).toEqual([]);
    await vi.advanceTimersByTimeAsync(150);
    expect(put).toHaveLength(1);
    expect(put[0]).toMatchObject({ accent: "teal", density: "compact" });
  });

  it("wait in the browser while the service is away, and win over what it keeps", async () => {
    const far = fakeRemote({ accent: "plum" });
    far.break(true);
    const p = newPrefs(far.remote, 100);
    await p.load();
    p.set({ accent: "teal" });
    await vi.advanceTimersByTimeAsync(150);
    expect(far.put).toEqual([]);

    const again = newPrefs(far.remote, 100); // the page is opened anew
    expect(again.get().accent).toBe("teal");
    far.break(false);
    await again.load();
    expect(far.put).toHaveLength(1);
    expect(again.get().accent).toBe("teal");
  });

  it("are not sent before log-in or after log-out", async () => {
    const { remote, put } = fakeRemote();
    const p = newPrefs(remote, 100);
    p.set({ accent: "teal" });
    await vi.advanceTimersByTimeAsync(150);
    expect(put).toEqual([]);
    await p.load();
    expect(put).toHaveLength(1);
    p.set({ accent: "plum" });
    p.unload();
    await vi.advanceTimersByTimeAsync(150);
    expect(put).toHaveLength(1);
  });

  it("survive a broken store of the browser", () => {
    localStorage.setItem("triagent.preferences", "{");
    expect(newPrefs(fakeRemote().remote).get().accent).toBe("blue");
  });
});
