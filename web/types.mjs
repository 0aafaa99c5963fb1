// Makes src/lib/schema.ts of the service's OpenAPI document: node types.mjs [FILE],
// openapi.json without one. Only the schemas are needed, not the paths.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const { openapi, info, components } = JSON.parse(readFileSync(process.argv[2] ?? "openapi.json", "utf8"));
const dir = mkdtempSync(join(tmpdir(), "triagent-types-"));
try {
  const schemas = join(dir, "openapi.json");
  writeFileSync(schemas, JSON.stringify({ openapi, info, paths: {}, components: { schemas: components.schemas } }));
  execFileSync("npx", ["openapi-typescript", schemas, "-o", "src/lib/schema.ts"], { stdio: "inherit" });
} finally {
  rmSync(dir, { recursive: true });
}
