// Makes src/lib/schema.ts of the service's OpenAPI document: node types.mjs [FILE].
// Of the document only the schemas are kept, in openapi.json; without a FILE they
// are read from there.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";

const [file] = process.argv.slice(2);
if (file) {
  const { openapi, info, components } = JSON.parse(readFileSync(file, "utf8"));
  writeFileSync(
    "openapi.json",
    `${JSON.stringify({ openapi, info, paths: {}, components: { schemas: components.schemas } }, null, 1)}\n`,
  );
}
execFileSync("npx", ["openapi-typescript", "openapi.json", "-o", "src/lib/schema.ts"], { stdio: "inherit" });
