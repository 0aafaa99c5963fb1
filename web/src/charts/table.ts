/** The data of a chart as rows, for those who cannot see it and for those who want the numbers. */
export interface Table {
  columns: string[];
  /** Cells as people read them, in the order of columns. */
  rows: string[][];
}

/** Rows of a table that are put on the page; the file holds them all. */
export const MOST_ROWS = 500;

/** csv writes a table as comma-separated values (RFC 4180). A cell that a spreadsheet would run as a formula is quoted as text. */
export function csv(t: Table): string {
  return [t.columns, ...t.rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
}

function cell(s: string): string {
  const text = /^[=+@\t\r]/.test(s) || /^-[^\d.]/.test(s) ? `'${s}` : s;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** save hands a file to the browser. */
export function save(name: string, content: Blob | string, type = "text/plain"): void {
  const url =
    typeof content === "string" && content.startsWith("data:")
      ? content
      : URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const a = document.createElement("a");
  a.href = url;
  a.download = name;
  a.click();
  if (url.startsWith("blob:")) setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** fileName makes a name for a file out of a title. */
export function fileName(title: string, ending: string): string {
  const base = title
    .replace(/[^\p{L}\p{N}._-]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 80);
  return `${base || "chart"}.${ending}`;
}
