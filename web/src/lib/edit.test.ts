import { describe, expect, it } from "vitest";
import { conflicts, rebase } from "./edit";

const base = { name: "ops", to: ["a"], on: true };

describe("editing together", () => {
  it("shows what they changed beside mine", () => {
    expect(conflicts(base, { ...base, to: ["a", "b"] }, { ...base, name: "mine" })).toEqual([
      { field: "to", before: ["a"], theirs: ["a", "b"], mine: ["a"] },
    ]);
  });
  it("puts my changes on top of theirs", () => {
    expect(rebase(base, { name: "theirs", to: ["b"], on: false }, { ...base, name: "mine" })).toEqual({
      name: "mine",
      to: ["b"],
      on: false,
    });
  });
});
