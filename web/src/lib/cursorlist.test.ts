import { describe, expect, it } from "vitest";
import { mergeHead, patchItem, putOnTop, type Pages } from "./cursorlist";

interface Row {
  id: string;
  v: number;
}

const row = (id: string, v = 1): Row => ({ id, v });

const data = (): Pages<Row> => ({
  pages: [
    { items: [row("5"), row("4")], next: "c1", total: 4 },
    { items: [row("3"), row("2")], next: null },
  ],
  pageParams: [null, "c1"],
});

const ids = (d: Pages<Row>) => d.pages.flatMap((p) => p.items.map((i) => `${i.id}/${i.v}`));

describe("patchItem", () => {
  it("replaces in place and leaves the other pages as they are", () => {
    const before = data();
    const after = patchItem(
      before,
      (r) => r.id === "3",
      (r) => ({ ...r, v: 2 }),
    );
    expect(ids(after)).toEqual(["5/1", "4/1", "3/2", "2/1"]);
    expect(after.pages[0]).toBe(before.pages[0]);
    expect(ids(before)).toEqual(["5/1", "4/1", "3/1", "2/1"]);
  });
  it("is the same object where nothing changes", () => {
    const before = data();
    expect(
      patchItem(
        before,
        (r) => r.id === "9",
        (r) => ({ ...r, v: 2 }),
      ),
    ).toBe(before);
    expect(
      patchItem(
        before,
        (r) => r.id === "3",
        (r) => r,
      ),
    ).toBe(before);
  });
});

describe("mergeHead", () => {
  it("puts what is new on top once, renews what is known, and takes the count", () => {
    const head = { items: [row("7"), row("6"), row("5", 2), row("4")], next: "x", total: 6 };
    const once = mergeHead(data(), head, (r) => r.id);
    expect(ids(once)).toEqual(["7/1", "6/1", "5/2", "4/1", "3/1", "2/1"]);
    expect(once.pages[0]?.total).toBe(6);
    expect(once.pages[0]?.next).toBe("c1");
    expect(ids(mergeHead(once, head, (r) => r.id))).toEqual(ids(once));
  });
  it("renews items of later pages without moving them", () => {
    expect(ids(mergeHead(data(), { items: [row("2", 9)], next: null }, (r) => r.id))).toEqual([
      "5/1",
      "4/1",
      "3/1",
      "2/9",
    ]);
  });
  it("leaves an empty list empty", () => {
    const none: Pages<Row> = { pages: [], pageParams: [] };
    expect(mergeHead(none, { items: [row("1")], next: null }, (r) => r.id)).toBe(none);
  });
});

describe("putOnTop", () => {
  const at = (r: Row) => Number(r.id);
  it("puts what is newer before the first and counts it", () => {
    const after = putOnTop(data(), row("6"), at);
    expect(ids(after)).toEqual(["6/1", "5/1", "4/1", "3/1", "2/1"]);
    expect(after.pages[0]?.total).toBe(5);
  });
  it("leaves out what is older: it belongs to a page that was not read", () => {
    const before = data();
    expect(putOnTop(before, row("1"), at)).toBe(before);
  });
  it("fills an empty list", () => {
    const empty = { pages: [{ items: [], next: null, total: 0 }], pageParams: [null] };
    expect(putOnTop<Row>(empty, row("1"), at).pages[0]).toMatchObject({ items: [row("1")], total: 1 });
  });
});
