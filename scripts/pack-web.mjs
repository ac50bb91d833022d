// Makes a built web app fit to be served: node scripts/pack-web.mjs FOLDER
//
// Refuses an index that the server's Content-Security-Policy would not let run, and puts a .gz and a .br
// beside every text that gets smaller by it, so that nothing is packed while calls are on.
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const folder = process.argv[2];
const TEXTS = new Set(['.html', '.js', '.css', '.svg', '.json', '.webmanifest', '.txt']);

function fail(why) {
  console.error(`${folder}: ${why}`);
  process.exit(1);
}

const index = readFileSync(join(folder, 'index.html'), 'utf8');
if (/<script(?![^>]*\ssrc=)[^>]*>/i.test(index)) fail('index.html has an inline script.');
if (/<[^>]*\son[a-z]+\s*=/i.test(index)) {
  fail('index.html has an inline event handler: turn inlineCritical off (optimization.styles in angular.json).');
}

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath ?? entry.path, entry.name);
  if (!entry.isFile()) continue;
  if (file.endsWith('.gz') || file.endsWith('.br')) {
    rmSync(file);
  }
}
for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  const file = join(entry.parentPath ?? entry.path, entry.name);
  if (!entry.isFile() || !TEXTS.has(extname(file))) continue;
  const text = readFileSync(file);
  const packed = {
    gz: gzipSync(text, { level: 9 }),
    br: brotliCompressSync(text, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: text.length } }),
  };
  for (const [ending, bytes] of Object.entries(packed)) {
    if (bytes.length < text.length) writeFileSync(`${file}.${ending}`, bytes);
  }
}
