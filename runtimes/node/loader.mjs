// Finds a function's module and its handler: see docs/worker-protocol.md, "Life of an instance".
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, extname, isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { RuntimeError, describeError } from './errors.mjs';

const extensions = ['.mjs', '.js', '.cjs'];
const positionTimeoutMilliseconds = 5000;
const defaultModules = ['index.mjs', 'index.js', 'index.cjs'];

/**
 * Imports the module and returns its handler.
 * @param {{root: string, handler?: string}} spec `handler` is `module:function`, either part may be empty
 */
export async function loadHandler({ root, handler = '' }) {
  const colon = handler.lastIndexOf(':');
  const moduleName = colon < 0 ? handler : handler.slice(0, colon);
  const functionName = colon < 0 ? '' : handler.slice(colon + 1);
  const file = moduleName === '' ? findDefaultModule(root) : findModule(root, moduleName);
  enableSourceMaps(file);
  let module;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    restoreSyntaxErrorPosition(error, file);
    throw error;
  }
  return findFunction(module, functionName, basename(file));
}

/** `{type, message, stack, location}` of an error while loading; `location` is relative to `root`. */
export function describeLoadError(error, root) {
  const description = describeError(error);
  if (error?.code === 'ERR_MODULE_NOT_FOUND' || error?.code === 'MODULE_NOT_FOUND') {
    description.type = 'module-not-found';
  }
  const location = typeof error?.stack === 'string' ? findLocation(error.stack, root) : null;
  return location === null ? description : { ...description, location };
}

function findDefaultModule(root) {
  const main = packageMain(root);
  if (main !== null) {
    return findModule(root, main);
  }
  const byName = defaultModules.find((name) => existsSync(join(root, name)));
  if (byName !== undefined) {
    return join(root, byName);
  }
  const candidates = readdirSync(root).filter((name) => extensions.includes(extname(name)));
  if (candidates.length === 1) {
    return join(root, candidates[0]);
  }
  throw new RuntimeError(
    'module-not-found',
    candidates.length === 0
      ? 'the package has no .mjs, .js or .cjs file at its top'
      : `the package has several modules (${candidates.join(', ')}): name one index.mjs, or name it in the handler`,
  );
}

function packageMain(root) {
  let text;
  try {
    text = readFileSync(join(root, 'package.json'), 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') {
      return null;
    }
    throw error;
  }
  try {
    return JSON.parse(text).main ?? null;
  } catch (error) {
    throw new RuntimeError('module-not-found', `package.json is not valid JSON: ${error.message}`);
  }
}

function findModule(root, name) {
  const path = resolve(root, name);
  if (isAbsolute(name) || relative(root, path).startsWith('..')) {
    throw new RuntimeError('module-not-found', `module ${name} lies outside the package`);
  }
  const candidates = [
    path,
    ...extensions.map((extension) => path + extension),
    ...defaultModules.map((file) => join(path, file)),
  ];
  const found = candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
  if (found === undefined) {
    throw new RuntimeError('module-not-found', `the package has no module ${name} (tried ${extensions.join(', ')})`);
  }
  return found;
}

/** The default export of a CommonJS module is `module.exports`, which may hold the functions. */
function findFunction(module, name, file) {
  const fallback = module.default;
  const candidates =
    name === '' || name === 'default'
      ? [fallback, module.handler, fallback?.default, fallback?.handler]
      : [module[name], fallback?.[name]];
  const found = candidates.find((candidate) => typeof candidate === 'function');
  if (found !== undefined) {
    return found;
  }
  const names = new Set(Object.keys(module));
  if (typeof fallback === 'object' && fallback !== null) {
    Object.keys(fallback).forEach((key) => names.add(key));
  }
  const wanted = name === '' ? 'a function as its default export, nor as "handler"' : `a function "${name}"`;
  const exported = names.size === 0 ? 'it exports nothing' : `its exports are: ${[...names].join(', ')}`;
  throw new RuntimeError('handler-not-found', `${file} does not export ${wanted}; ${exported}`);
}

/** Only for bundles that carry a map: reading maps makes every later error a little slower. */
function enableSourceMaps(file) {
  if (readFileSync(file).includes('\n//# sourceMappingURL=')) {
    process.setSourceMapsEnabled(true);
  }
}

/**
 * Node 20 tells where an ES module's syntax is wrong only when it dies of the error. A child that imports the module
 * dies of it; nothing of the module runs there, because its syntax is checked before anything is evaluated.
 */
function restoreSyntaxErrorPosition(error, file) {
  if (
    !(error instanceof SyntaxError) ||
    /^ +at (?!.*node:internal\/)/m.test(error.stack) ||
    !error.stack.startsWith('SyntaxError')
  ) {
    return;
  }
  const script = `await import(${JSON.stringify(pathToFileURL(file).href)})`;
  const child = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: positionTimeoutMilliseconds,
  });
  const head = /^file:\/\/.+:\d+\n.*\n *\^*\n/m.exec(child.stderr ?? '');
  if (head !== null) {
    error.stack = `${head[0]}\n${error.stack}`;
  }
}

/**
 * Where in the package an error is. A syntax error's stack starts with `file:line` and shows the column as a caret
 * below the source line; other errors have stack frames.
 */
function findLocation(stack, root) {
  const lines = stack.split('\n');
  const head = /^(.+):(\d+)$/.exec(lines[0]);
  if (head !== null) {
    const file = inPackage(head[1], root);
    const caret = lines.slice(1, 4).find((line) => /^\s*\^+\s*$/.test(line));
    if (file !== null) {
      return caret === undefined ? `${file}:${head[2]}` : `${file}:${head[2]}:${caret.indexOf('^') + 1}`;
    }
  }
  for (const line of lines) {
    const frame = /^ +at .*?\(?((?:file:\/\/)?\/[^()]+):(\d+):(\d+)\)?$/.exec(line);
    const file = frame === null ? null : inPackage(frame[1], root);
    if (file !== null) {
      return `${file}:${frame[2]}:${frame[3]}`;
    }
  }
  return null;
}

/** The path relative to the package, or null when it is not inside. */
function inPackage(fileOrUrl, root) {
  const file = fileOrUrl.startsWith('file://') ? fileURLToPath(fileOrUrl) : fileOrUrl;
  for (const folder of [root, realpathSync(root)]) {
    const path = relative(folder, file);
    if (isAbsolute(file) && path !== '' && !path.startsWith('..')) {
      return path;
    }
  }
  return null;
}
