/** literal is the longest piece of a template that every line of it holds: what to search for. */
export function literal(template: string): string {
  const pieces = template.split("<*>").map((p) => p.trim());
  return pieces.reduce((best, p) => (p.length > best.length ? p : best), "").slice(0, 120);
}

/** Where a line of a file stands. */
export interface RawLine {
  n: number;
  text: string;
}

/** linkTo gives the address of the tool where the raw data live, or "" where none is configured or it is no web address. */
export function linkTo(
  tool: "grafana" | "kibana",
  base: string | undefined,
  query: string,
  from: number,
  to: number,
): string {
  let url: URL;
  try {
    url = new URL(base ?? "");
  } catch {
    return "";
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") return "";
  if (!Number.isFinite(from) || !Number.isFinite(to)) return "";
  const root = url.href.replace(/[?#].*$/, "").replace(/\/+$/, "");
  if (tool === "grafana") {
    const panes = { t: { queries: [{ refId: "A", expr: query }], range: { from: String(from), to: String(to) } } };
    return `${root}/explore?schemaVersion=1&orgId=1&panes=${encodeURIComponent(JSON.stringify(panes))}`;
  }
  const iso = (at: number) => new Date(at).toISOString();
  const kuery = rison(`"${query.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`);
  return `${root}/app/discover#/?_g=(time:(from:'${iso(from)}',to:'${iso(to)}'))&_a=(query:(language:kuery,query:'${encodeURIComponent(kuery)}'))`;
}

/** rison escapes a text inside quotes of Kibana's addresses. */
function rison(text: string): string {
  return text.replaceAll("!", "!!").replaceAll("'", "!'");
}
