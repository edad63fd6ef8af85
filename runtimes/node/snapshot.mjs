// What makes the clones of one snapshot differ: see docs/worker-protocol.md, "Snapshots".
import crypto from 'node:crypto';

// Node hands out random ids and integers from caches; so many calls use up what a cache can hold.
const cachedUuids = 128;
const cachedIntegers = 1024;
const twoToThe32 = 2 ** 32;

const hooks = [];

/**
 * Whether bytes of OpenSSL's generator differ in clones. Its state is in the process's memory and is cloned with it; with this
 * option the node has replaced it by the processor's own generator.
 */
export function cryptoIsUniqueInClones(execArgv = process.execArgv) {
  return execArgv.some((argument) => argument.startsWith('--openssl-config='));
}

/** Gives user code `virga.onRestore(hook)`. */
export function offerHooks() {
  const virga = Object.freeze({
    onRestore(hook) {
      if (typeof hook !== 'function') {
        throw new TypeError('virga.onRestore takes a function');
      }
      hooks.push(hook);
    },
  });
  Object.defineProperty(globalThis, 'virga', { value: virga, configurable: true, writable: true });
}

/**
 * V8's Math.random cannot be given a new seed: this one replaces it before user code loads, so that a reference that user
 * code keeps is the same function after the restore.
 */
export class Randomness {
  #state = new Uint32Array(4);

  /** @param {Uint8Array} entropy at least 16 bytes */
  seed(entropy) {
    crypto.createHash('sha256').update(entropy).digest().copy(new Uint8Array(this.#state.buffer));
  }

  install() {
    this.seed(crypto.randomBytes(32));
    const state = this.#state;
    // xoshiro128** of Blackman and Vigna, twice for the 53 bits of a number.
    const next = () => {
      const result = Math.imul(rotate(Math.imul(state[1], 5), 7), 9) >>> 0;
      const shifted = state[1] << 9;
      state[2] ^= state[0];
      state[3] ^= state[1];
      state[1] ^= state[2];
      state[0] ^= state[3];
      state[2] ^= shifted;
      state[3] = rotate(state[3], 11);
      return result;
    };
    Math.random = function random() {
      return ((next() >>> 5) + (next() >>> 6) / 2 ** 26) / 2 ** 27;
    };
  }
}

/** Makes this clone unique, then runs the user's hooks in the order in which they were added. */
export async function restore(randomness, { entropy }) {
  randomness.seed(Buffer.from(entropy, 'base64'));
  for (let i = 0; i < cachedUuids; i++) {
    crypto.randomUUID();
  }
  for (let i = 0; i < cachedIntegers; i++) {
    crypto.randomInt(twoToThe32);
  }
  for (const hook of hooks) {
    await hook();
  }
}

function rotate(value, bits) {
  return (value << bits) | (value >>> (32 - bits));
}
