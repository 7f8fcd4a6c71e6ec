/** Builds the bundle into the integration; `--check` fails unless the committed bundle is what the source gives and small enough. */

import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";
import { build, context } from "esbuild";

const FOLDER = "../custom_components/proxmox_backup_checker/frontend";
const NAME = "proxmox-backup-checker";
const RAW_LIMIT = 60_000;
const GZIP_LIMIT = 20_000;
const ALLOWED = new Set([
  "http://www.w3.org/2000/svg", // names, not addresses
  "http://www.w3.org/1998/Math/MathML",
  "https://github.com/proxmox-backup-checker/proxmox-backup-checker",
]);

/** Takes the blanks out of style sheets, which esbuild leaves as they are inside template literals. */
const smallStyles = {
  name: "small-styles",
  setup(building) {
    building.onLoad({ filter: /src\/.*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const contents = source.replace(/css`[^`]*`/g, (sheet) =>
        sheet
          .replace(/\/\*.*?\*\//gs, "")
          .replace(/\s+/g, " ")
          .replace(/ ?([{};,>]) ?/g, "$1")
          .replace(/([a-z-]): /g, "$1:")
          .replace(/;}/g, "}"),
      );
      return { contents, loader: "ts" };
    });
  },
};

const options = {
  entryPoints: { [NAME]: "src/main.ts" },
  outdir: FOLDER,
  bundle: true,
  splitting: true,
  chunkNames: "[name]-[hash]",
  format: "esm",
  target: "es2022",
  minify: true,
  legalComments: "none",
  charset: "utf8",
  metafile: true,
  plugins: [smallStyles],
  write: false,
  logLevel: "warning",
};

if (process.argv.includes("--dev")) {
  await serveDevPage();
} else {
  const { outputFiles, metafile } = await build(options);
  const built = new Map(outputFiles.map((file) => [basename(file.path), Buffer.from(file.contents)]));
  const problems = process.argv.includes("--check") ? await check(built, metafile) : await write(built);
  report(built, metafile);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length ? 1 : 0;
}

/** Returns the files that a page loads for the wall: the bundle and what it cannot do without. */
function bundleOf(built, metafile) {
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const needed = new Set();
  const add = (name) => {
    if (needed.has(name)) return;
    needed.add(name);
    for (const imported of outputs.get(name).imports)
      if (imported.kind === "import-statement") add(basename(imported.path));
  };
  add(`${NAME}.js`);
  return Buffer.concat([...needed].map((name) => built.get(name)));
}

function report(built, metafile) {
  const line = (name, content) =>
    console.log(`${name}: ${content.length} bytes, ${gzipSync(content, { level: 9 }).length} gzipped`);
  for (const [name, content] of built) line(name, content);
  line("the wall and what it loads", bundleOf(built, metafile));
  line("all", Buffer.concat([...built.values()]));
}

async function write(built) {
  await mkdir(FOLDER, { recursive: true });
  for (const name of await readdir(FOLDER)) if (name.endsWith(".js") && !built.has(name)) await rm(`${FOLDER}/${name}`);
  for (const [name, content] of built) await writeFile(`${FOLDER}/${name}`, content);
  return [];
}

async function check(built, metafile) {
  const problems = [];
  const committed = (await readdir(FOLDER).catch(() => [])).filter((name) => name.endsWith(".js"));
  const same = await Promise.all(
    [...built].map(async ([name, content]) =>
      content.equals(await readFile(`${FOLDER}/${name}`).catch(() => Buffer.alloc(0))),
    ),
  );
  if (same.includes(false) || committed.length !== built.size) {
    problems.push("The bundle is not what the source gives: run `npm run build` and commit it.");
  }
  const bundle = bundleOf(built, metafile);
  if (bundle.length > RAW_LIMIT) problems.push(`The bundle is larger than ${RAW_LIMIT} bytes.`);
  if (gzipSync(bundle, { level: 9 }).length > GZIP_LIMIT)
    problems.push(`The bundle is larger than ${GZIP_LIMIT} bytes gzipped.`);
  const addresses = new Set(
    Buffer.concat([...built.values()])
      .toString()
      .match(/https?:\/\/[^"'`\s\\]+/g),
  );
  for (const address of addresses)
    if (!ALLOWED.has(address)) problems.push(`The bundle names an outside address: ${address}`);
  return problems;
}

async function serveDevPage() {
  const page = await context({
    ...options,
    entryPoints: ["dev/page.ts"],
    outdir: "dev/built",
    splitting: false,
    write: true,
    minify: false,
  });
  await page.watch();
  const { port } = await page.serve({ servedir: "dev", port: Number(process.env.PORT) || 0 });
  console.log(`http://127.0.0.1:${port}/`);
}
