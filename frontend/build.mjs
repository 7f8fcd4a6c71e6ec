/**
 * Builds the bundle into the integration, the wall in one file and what is needed later in others; `--check` fails
 * unless what is committed is what the source gives, and small enough; `--dev` serves the development page.
 */

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { gzipSync } from "node:zlib";
import { rolldown } from "rolldown";

const FOLDER = "../custom_components/proxmox_backup_checker/frontend";
const NAME = "proxmox-backup-checker";
const RAW_LIMIT = 80_000;
const GZIP_LIMIT = 28_000;
const ALLOWED = new Set([
  "http://www.w3.org/2000/svg", // names, not addresses
  "http://www.w3.org/1998/Math/MathML",
  "https://github.com/proxmox-backup-checker/proxmox-backup-checker",
]);

/** Takes the blanks out of style sheets, which minifiers leave as they are inside templates. */
const smallStyles = {
  name: "small-styles",
  transform: {
    filter: { id: /src\/.*\.ts$/ },
    handler(source) {
      const sheets = source.replace(/css`[^`]*`/g, (sheet) =>
        sheet
          .replace(/\s+/g, " ")
          .replace(/ ?([{};,>]) ?/g, "$1")
          .replace(/([a-z-]): /g, "$1:")
          .replace(/;}/g, "}"),
      );
      return { code: sheets, map: null };
    },
  },
};

async function bundle() {
  const building = await rolldown({
    input: { [NAME]: "src/main.ts" },
    tsconfig: true,
    preserveEntrySignatures: "allow-extension",
    plugins: [smallStyles],
  });
  const { output } = await building.generate({
    format: "es",
    minify: true,
    comments: { legal: false },
    entryFileNames: "[name].js",
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ name: "base", test: /node_modules|data\/contract/ }],
    },
    // The folder is served under a hash of its content: names need none.
    chunkFileNames: "[name].js",
  });
  // In minified code lines break in templates only, where one blank says the same as many.
  return output.map((file) => ({ ...file, fileName: file.fileName, code: file.code.replace(/\s*\n\s*/g, " ").trim() }));
}

const contents = (output) => new Map(output.map((file) => [file.fileName, Buffer.from(file.code)]));

/** Returns all that a page has to load for the wall. */
function wallOf(output) {
  const files = new Map(output.map((file) => [file.fileName, file]));
  const needed = new Set();
  const add = (name) => {
    if (needed.has(name)) return;
    needed.add(name);
    for (const imported of files.get(name).imports) add(imported);
  };
  add(`${NAME}.js`);
  return Buffer.concat([...needed].map((name) => Buffer.from(files.get(name).code)));
}

const zipped = (content) => gzipSync(content, { level: 9 }).length;

function report(output) {
  const line = (name, content) => console.log(`${name}: ${content.length} bytes, ${zipped(content)} gzipped`);
  for (const [name, content] of contents(output)) line(name, content);
  line("the wall with all that it loads", wallOf(output));
  line("everything", Buffer.concat([...contents(output).values()]));
}

async function write(output) {
  const built = contents(output);
  await mkdir(FOLDER, { recursive: true });
  for (const name of await readdir(FOLDER)) {
    if (extname(name) === ".js" && !built.has(name)) await rm(`${FOLDER}/${name}`);
  }
  for (const [name, content] of built) await writeFile(`${FOLDER}/${name}`, content);
  return [];
}

async function check(output) {
  const problems = [];
  const built = contents(output);
  const committed = (await readdir(FOLDER).catch(() => [])).filter((name) => extname(name) === ".js");
  const same = await Promise.all(
    [...built].map(async ([name, content]) =>
      content.equals(await readFile(`${FOLDER}/${name}`).catch(() => Buffer.alloc(0))),
    ),
  );
  if (same.includes(false) || committed.length !== built.size) {
    problems.push("The bundle is not what the source gives: run `npm run build` and commit it.");
  }
  const wall = wallOf(output);
  if (wall.length > RAW_LIMIT) problems.push(`The wall is larger than ${RAW_LIMIT} bytes.`);
  if (zipped(wall) > GZIP_LIMIT) problems.push(`The wall is larger than ${GZIP_LIMIT} bytes gzipped.`);
  const text = Buffer.concat([...built.values()]).toString();
  for (const address of new Set(text.match(/https?:\/\/[^"'`\s\\]+/g))) {
    if (!ALLOWED.has(address)) problems.push(`The bundle names an outside address: ${address}`);
  }
  return problems;
}

async function serveDevPage() {
  const building = await rolldown({ input: "dev/page.ts", tsconfig: true });
  await building.write({ dir: "dev/built", entryFileNames: "[name].js", codeSplitting: false });
  const types = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const name = path === "/" ? "index.html" : path.slice(1).replaceAll("..", "");
    const content = await readFile(`dev/${name}`).catch(() => undefined);
    response.writeHead(content ? 200 : 404, { "content-type": types[extname(name)] ?? "text/plain" }).end(content);
  });
  server.listen(Number(process.env.PORT) || 0, "127.0.0.1", () => {
    console.log(`http://127.0.0.1:${server.address().port}/`);
  });
}

if (process.argv.includes("--dev")) {
  await serveDevPage();
} else {
  const output = await bundle();
  const problems = process.argv.includes("--check") ? await check(output) : await write(output);
  report(output);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length ? 1 : 0;
}
