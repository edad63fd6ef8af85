// The functions under measurement, one source file each.
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

const folder = join(import.meta.dirname, 'functions');

const source = (environment, file, comment) => {
  const path = join(folder, file);
  const text = readFileSync(path, 'utf8');
  return {
    environment,
    path,
    file: basename(file),
    text,
    /** The same program in another package: a comment makes the text differ. */
    copy: (mark) => `${comment} ${mark}\n${text}`,
  };
};

export const languages = ['node', 'python', 'dotnet'];

export const hello = {
  node: source('node', 'hello-node/index.mjs', '//'),
  python: source('python', 'hello-python/main.py', '#'),
  dotnet: source('dotnet', 'hello-dotnet/Hello.cs', '//'),
};

export const transfer = source('node', 'transfer/index.mjs', '//');

/** Deploys a source under a name, with whatever else its specification says. */
export async function deploy(api, name, { environment, file, text }, spec = {}) {
  await api.putFunction(name, { environment, package: await api.uploadSource(file, text), ...spec });
}
