#!/usr/bin/env node
// Bundles a TypeScript function at deploy into one ES module for Node 20, with its source map inside.
//
// Usage: node build-typescript.mjs SOURCE OUTPUT.mjs [ENTRY]
//   SOURCE  a .ts file, or a folder
//   ENTRY   the entry module inside the folder; default: `main` of package.json when it is TypeScript, index.ts, main.ts,
//           handler.ts, src/index.ts, else the only .ts file
// Prints a JSON array of {severity, file, line, column, message}; lines and columns count from 1, files are relative to
// the folder. Exits with 0 when OUTPUT was written, with 1 when the source is at fault, with 2 on wrong usage.
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const extensions = ['.ts', '.mts', '.cts', '.tsx'];
const defaultEntries = ['index.ts', 'index.mts', 'main.ts', 'handler.ts', 'src/index.ts'];
// Dependencies in CommonJS call `require`, which an ES module does not have.
const requireBanner =
  "import { createRequire as virgaCreateRequire } from 'node:module'; const require = virgaCreateRequire(import.meta.url);";

/** @returns {Promise<{succeeded: boolean, diagnostics: object[]}>} */
export async function buildTypeScript(source, output, entry) {
  const isFolder = statSync(source).isDirectory();
  const folder = resolve(isFolder ? source : dirname(source));
  const found = isFolder ? findEntry(folder, entry) : { file: basename(source) };
  if (found.file === undefined) {
    return {
      succeeded: false,
      diagnostics: [{ severity: 'error', file: found.place ?? '', line: 0, column: 0, message: found.message }],
    };
  }
  try {
    const { warnings } = await build({
      absWorkingDir: folder,
      entryPoints: [found.file],
      outfile: resolve(output),
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      sourcemap: 'inline',
      banner: { js: requireBanner },
      logLevel: 'silent',
      plugins: [withinFolder(folder)],
    });
    return { succeeded: true, diagnostics: toDiagnostics('warning', warnings) };
  } catch (error) {
    if (!Array.isArray(error.errors)) {
      throw error;
    }
    return { succeeded: false, diagnostics: toDiagnostics('error', error.errors) };
  }
}

function findEntry(folder, entry) {
  if (entry !== undefined) {
    const file = [entry, ...extensions.map((extension) => entry + extension)].find((name) =>
      isFile(join(folder, name)),
    );
    return file === undefined ? { message: `the package has no TypeScript module ${entry}` } : { file };
  }
  const { main, malformed } = packageMain(folder);
  if (malformed !== undefined) {
    return { place: 'package.json', message: malformed };
  }
  const candidates =
    typeof main === 'string' && extensions.includes(extname(main)) ? [main, ...defaultEntries] : defaultEntries;
  const file = candidates.find((name) => isFile(join(folder, name)));
  if (file !== undefined) {
    return { file };
  }
  const modules = readdirSync(folder).filter((name) => extensions.includes(extname(name)) && !name.endsWith('.d.ts'));
  return modules.length === 1
    ? { file: modules[0] }
    : { message: `the package has ${modules.length} TypeScript modules at its top: name one index.ts` };
}

function packageMain(folder) {
  const path = join(folder, 'package.json');
  if (!existsSync(path)) {
    return {};
  }
  try {
    return { main: JSON.parse(readFileSync(path, 'utf8'))?.main };
  } catch (error) {
    if (!(error instanceof SyntaxError)) {
      throw error;
    }
    return { malformed: `package.json is no JSON: ${error.message}` };
  }
}

// The build reads files as the node's user: what a package imports from elsewhere on the host must not get into its bundle.
function withinFolder(folder) {
  const root = join(realpathSync(folder), sep);
  return {
    name: 'within-folder',
    setup(bundler) {
      bundler.onLoad({ filter: /.*/ }, ({ path }) => {
        // What does not exist is reported by the bundler itself.
        if (existsSync(path) && !realpathSync(path).startsWith(root)) {
          return { errors: [{ text: `${path} lies outside the package` }] };
        }
        return undefined;
      });
    },
  };
}

function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function toDiagnostics(severity, messages) {
  return messages.map(({ text, location, notes }) => {
    // The refusal of a file has no place of its own, but its note names the import.
    const place = location ?? notes[0]?.location;
    return {
      severity,
      file: place?.file ?? '',
      line: place?.line ?? 0,
      column: place ? place.column + 1 : 0,
      message: text,
    };
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [source, output, entry] = process.argv.slice(2);
  if (output === undefined) {
    process.stderr.write(`usage: node ${relative('.', process.argv[1])} SOURCE OUTPUT.mjs [ENTRY]\n`);
    process.exit(2);
  }
  const { succeeded, diagnostics } = await buildTypeScript(source, output, entry);
  process.stdout.write(`${JSON.stringify(diagnostics)}\n`);
  process.exitCode = succeeded ? 0 : 1;
}
