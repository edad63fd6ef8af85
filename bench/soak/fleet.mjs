// The functions of the soak: 30 in three languages, all of which can fail in every way.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const perLanguage = 10;
const sources = { node: ['main.mjs', '//'], python: ['main.py', '#'], dotnet: ['Main.cs', '//'] };

/**
 * @typedef {object} Member
 * @property {string} name
 * @property {string} environment
 * @property {number} concurrency 1, or 8: then a failing call takes its neighbours along
 * @property {boolean} deleted whether it is deleted and made anew at times, so that calls may find nothing
 */

/** @returns {Member[]} */
export function makeFleet() {
  return Object.entries(sources).flatMap(([environment, [file, comment]]) => {
    const text = readFileSync(join(import.meta.dirname, 'functions', file), 'utf8');
    return Array.from({ length: perLanguage }, (_, index) => ({
      name: `soak-${environment}-${index}`,
      environment,
      file,
      comment,
      text,
      concurrency: index < 7 ? 1 : 8,
      deleted: index === 0,
    }));
  });
}

/** Creates the function, or gives it a new version: `mark` makes a package of its own. */
export async function deploy(api, { name, environment, file, comment, text, concurrency }, mark) {
  await api.putFunction(name, {
    environment,
    package: await api.uploadSource(file, `${comment} ${mark}\n${text}`),
    concurrency,
    maxInstances: 3,
    timeout: '2s',
    keepWarm: '5s',
  });
}
