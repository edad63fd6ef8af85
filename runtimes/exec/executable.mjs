// Finds the function's executable in its package.
import { accessSync, constants, readdirSync, statSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { RuntimeError } from '../node/errors.mjs';

const defaultNames = ['main', 'handler', 'run', 'main.sh', 'handler.sh', 'run.sh'];

/**
 * Returns the absolute path of the executable that `handler` names, relative to `root`; without a name, that of the
 * first default name that is there, else of the only executable file at the package's top.
 */
export function findExecutable({ root, handler = '' }) {
  const name = handler.replace(/:$/, '');
  if (name !== '') {
    return checked(root, name);
  }
  const files = readdirSync(root).filter((file) => isFile(join(root, file)));
  const byName = defaultNames.find((candidate) => files.includes(candidate));
  if (byName !== undefined) {
    return checked(root, byName);
  }
  const executables = files.filter((file) => isExecutable(join(root, file)));
  if (executables.length === 1) {
    return join(root, executables[0]);
  }
  throw new RuntimeError(
    'handler-not-found',
    executables.length === 0
      ? 'the package has no executable file at its top: make one executable with chmod +x'
      : `the package has several executable files (${executables.join(', ')}): name one of them as the handler`,
  );
}

function checked(root, name) {
  const path = resolve(root, name);
  if (relative(root, path).startsWith('..')) {
    throw new RuntimeError('handler-not-found', `${name} lies outside the package`);
  }
  if (!isFile(path)) {
    throw new RuntimeError('handler-not-found', `the package has no file ${name}`);
  }
  if (!isExecutable(path)) {
    throw new RuntimeError('handler-not-found', `${name} is not executable: make it so with chmod +x ${name}`);
  }
  return path;
}

function isFile(path) {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch (error) {
    if (error.code === 'EACCES') {
      return false;
    }
    throw error;
  }
}
