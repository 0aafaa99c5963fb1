import { describe, expect, it } from "vitest";

const texts = import.meta.glob<Tree>("../locales/*/*.json", { eager: true, import: "default" });
const code = import.meta.glob<string>(["../**/*.{ts,tsx}", "!../**/*.test.*"], {
  eager: true,
  query: "?raw",
  import: "default",
});
const names = Object.keys(texts)
  .filter((f) => f.includes("/en/"))
  .map((f) => f.split("/").at(-1) ?? "");

type Tree = { [key: string]: string | Tree };

/** Every text by its path; plural forms of a key count as one. */
function flat(tree: Tree, at = ""): Map<string, string> {
  const out = new Map<string, string>();
  for (const [k, v] of Object.entries(tree)) {
    const path = at === "" ? k : `${at}.${k}`;
    if (typeof v === "string") out.set(path.replace(/_(zero|one|two|few|many|other)$/, ""), v);
    else for (const [p, text] of flat(v, path)) out.set(p, text);
  }
  return out;
}

const read = (lang: string, ns: string) => flat(texts[`../locales/${lang}/${ns}`] ?? {});
const holes = (text: string) => [...new Set(text.match(/{{\w+}}/g) ?? [])].sort();

describe.each(names)("%s", (ns) => {
  const en = read("en", ns);
  const zh = read("zh", ns);

  it("has the same keys in both languages", () => {
    expect([...zh.keys()].sort()).toEqual([...en.keys()].sort());
  });

  it("has no empty text and the same holes to fill", () => {
    for (const [key, text] of en) {
      expect(text.trim(), key).not.toBe("");
      expect(holes(zh.get(key) ?? ""), key).toEqual(holes(text));
    }
  });

  it("is Chinese where it is Chinese", () => {
    const same = [...en].filter(
      ([key, text]) => zh.get(key) === text && /[a-z]{4,} [a-z]{3,}/i.test(text) && !/[<>/=]/.test(text),
    );
    expect(same).toEqual([]);
  });
});

describe("texts", () => {
  it("stand in the files, never in the code", () => {
    const found: string[] = [];
    for (const [f, text] of Object.entries(code)) {
      if (!f.endsWith(".tsx")) continue;
      for (const m of text.matchAll(/>\s*([A-Z][a-z]+(?: [a-z]+)+)\s*</g)) found.push(`${f}: ${m[1] ?? ""}`);
      for (const m of text.matchAll(/\b(?:label|title|placeholder|aria-label|description)="([^"{]*[a-z]{3,} [^"{]*)"/g))
        found.push(`${f}: ${m[1] ?? ""}`);
    }
    expect(found).toEqual([]);
  });

  it("exist for every key that the code names", () => {
    const known = new Set<string>();
    for (const ns of names) for (const k of read("en", ns).keys()) known.add(k);
    const missing: string[] = [];
    for (const [f, text] of Object.entries(code)) {
      for (const m of text.matchAll(/\b(?:t|common|shell)\("([\w.-]+)"/g))
        if (!known.has(m[1] ?? "")) missing.push(`${f}: ${m[1] ?? ""}`);
    }
    expect(missing).toEqual([]);
  });
});
