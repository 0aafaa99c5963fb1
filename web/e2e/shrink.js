// Makes the pictures of the page small: at most 256 colours each.
//   node e2e/shrink.js FOLDER FILE...
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { crc32, deflateSync, inflateSync } from "node:zlib";

/** The size and the RGB bytes of a PNG as Chromium writes it: 8 bits, colour with or without alpha. */
function decode(png) {
  const width = png.readUInt32BE(16);
  const height = png.readUInt32BE(20);
  const step = png[25] === 6 ? 4 : 3;
  const parts = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString("latin1", at + 4, at + 8) === "IDAT")
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const raw = inflateSync(Buffer.concat(parts));
  const line = width * step;
  let before = new Uint8Array(line);
  const pixels = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    const now = raw.subarray(y * (line + 1) + 1, (y + 1) * (line + 1));
    unfilter(raw[y * (line + 1)], now, before, step);
    for (let x = 0; x < width; x++)
      pixels[y * width + x] = (now[x * step] << 16) | (now[x * step + 1] << 8) | now[x * step + 2];
    before = now;
  }
  return { width, height, pixels };
}

function unfilter(kind, now, up, step) {
  for (let i = 0; i < now.length; i++) {
    const a = i < step ? 0 : now[i - step];
    const b = up[i];
    const c = i < step ? 0 : up[i - step];
    now[i] += kind === 1 ? a : kind === 2 ? b : kind === 3 ? (a + b) >> 1 : kind === 4 ? paeth(a, b, c) : 0;
  }
}

function paeth(a, b, c) {
  const [pa, pb, pc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/**
 * Up to 256 colours, and for every other the nearest of them. Of colours that look alike only the most
 * frequent counts, so that a small spot of colour is not crowded out by shades of grey.
 */
function palette(pixels) {
  const count = new Map();
  for (const p of pixels) count.set(p, (count.get(p) ?? 0) + 1);
  const alike = new Map();
  for (const [c, n] of count) {
    const key = c & 0xf0f0f0;
    const known = alike.get(key);
    if (!known) alike.set(key, { c, most: n, all: n });
    else alike.set(key, { c: n > known.most ? c : known.c, most: Math.max(n, known.most), all: known.all + n });
  }
  const groups = [...alike.values()].sort((a, b) => b.all - a.all).slice(0, 256);
  const colours = groups.map((g) => g.c);
  for (const [c] of [...count].sort((a, b) => b[1] - a[1])) {
    if (colours.length >= 256) break;
    if (!colours.includes(c)) colours.push(c);
  }
  const index = new Map(colours.map((c, i) => [c, i]));
  for (const c of count.keys()) if (!index.has(c)) index.set(c, nearest(c, colours));
  return { colours, index };
}

function nearest(c, colours) {
  let best = 0;
  let least = Infinity;
  colours.forEach((o, i) => {
    const d = ((c >> 16) - (o >> 16)) ** 2 + (((c >> 8) & 255) - ((o >> 8) & 255)) ** 2 + ((c & 255) - (o & 255)) ** 2;
    if (d < least) [least, best] = [d, i];
  });
  return best;
}

function chunk(name, data) {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const out = Buffer.alloc(body.length + 8);
  out.writeUInt32BE(data.length);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), body.length + 4);
  return out;
}

function encode({ width, height, pixels }) {
  const { colours, index } = palette(pixels);
  const raw = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) raw[y * (width + 1) + 1 + x] = index.get(pixels[y * width + x]);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width);
  head.writeUInt32BE(height, 4);
  head.set([8, 3], 8);
  const table = Buffer.from(colours.flatMap((c) => [c >> 16, (c >> 8) & 255, c & 255]));
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  const body = chunk("IDAT", deflateSync(raw, { level: 9 }));
  return Buffer.concat([signature, chunk("IHDR", head), chunk("PLTE", table), body, chunk("IEND", Buffer.alloc(0))]);
}

const [to, ...files] = process.argv.slice(2);
for (const file of files) writeFileSync(join(to, basename(file)), encode(decode(readFileSync(file))));
