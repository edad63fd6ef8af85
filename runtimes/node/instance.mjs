// The life of an instance: see docs/worker-protocol.md, "Life of an instance".
import { Call } from './call.mjs';
import { Kind, ProtocolError } from './channel.mjs';
import { describeError } from './errors.mjs';
import { describeLoadError } from './loader.mjs';
import { ValueCache } from './platform/value-cache.mjs';
import { ConcurrentCallScope } from './scope.mjs';
import { Randomness, cryptoIsUniqueInClones, restore } from './snapshot.mjs';

/** Receives the node's frames, loads the function, and keeps the open calls. */
export class Instance {
  #load;
  #exit;
  #calls = new Map();
  #shuttingDown = false;
  #forceStreams;
  #randomness = null;

  /** Where frames go. */
  channel = null;
  logs = null;
  /** The SPECIALISE frame's header; null while the instance is generic. */
  functionSpec = null;
  /** The user's function. */
  handler = null;
  /** The node's name, a part of the ids by which calls are sent messages. */
  node = 'single';
  #values = null;

  /**
   * @param {object} options
   * @param {(spec: object) => Promise<Function>} options.load finds the handler
   * @param {(code: number) => void} options.exit ends the process
   * @param {boolean} [options.streamsRequests] the handler takes request bodies as streams, whatever the function asks
   */
  constructor({ load, exit, streamsRequests = false }) {
    this.#load = load;
    this.#exit = exit;
    this.#forceStreams = streamsRequests;
  }

  /** @param channel a Channel @param logs the Logs that write to it */
  connect(channel, logs) {
    this.channel = channel;
    this.logs = logs;
  }

  get streamsRequests() {
    return this.#forceStreams || this.functionSpec.requestBody === 'stream';
  }

  /** Large values of shared state that were read lately, for at most a quarter of the function's memory. */
  get values() {
    return (this.#values ??= new ValueCache((this.functionSpec.memory ?? 0) / 4));
  }

  receive(kind, id, header, body) {
    switch (kind) {
      case Kind.call:
        this.#openCall(id, header, body);
        break;
      case Kind.body:
        this.#calls.get(id)?.receiveBody(body);
        break;
      case Kind.end:
        this.#calls.get(id)?.receiveEnd(header);
        break;
      case Kind.window:
        this.#calls.get(id)?.receiveCredit(body.readUInt32LE(0));
        break;
      case Kind.message:
        this.#calls.get(id)?.receiveMessage(header, body);
        break;
      case Kind.answer:
        this.#calls.get(id)?.receiveAnswer(body);
        break;
      case Kind.cancel:
        this.#calls.get(id)?.cancel(header.reason);
        break;
      case Kind.specialise:
        if (this.functionSpec !== null) {
          throw new ProtocolError('SPECIALISE came twice');
        }
        this.#specialise(header);
        break;
      case Kind.restore:
        if (this.handler === null || this.#randomness === null) {
          throw new ProtocolError('RESTORE came to a worker that may not be cloned');
        }
        this.#restore(header);
        break;
      case Kind.shutdown:
        this.#shuttingDown = true;
        this.#exitWhenDone();
        break;
      default:
        throw new ProtocolError(`a frame of kind ${kind} is not for a worker`);
    }
  }

  /** Both directions of a call have ended. */
  close(id) {
    this.#calls.delete(id);
    if (this.#shuttingDown) {
      this.#exitWhenDone();
    }
  }

  /** Answers every open call with `error`: the process is about to end because of it. */
  failOpenCalls(error) {
    for (const call of [...this.#calls.values()]) {
      call.fail(error);
    }
  }

  #openCall(id, header, body) {
    if (this.handler === null) {
      throw new ProtocolError('CALL came before SPECIALISE');
    }
    const call = new Call(this, id, header);
    this.#calls.set(id, call);
    call.open(body);
  }

  async #specialise(spec) {
    this.functionSpec = spec;
    this.node = spec.node ?? this.node;
    let answer;
    try {
      Object.assign(process.env, spec.environment);
      process.chdir(spec.root);
      if (spec.concurrency > 1) {
        this.logs.scope = new ConcurrentCallScope();
      }
      answer = spec.snapshot ? this.#prepareForClones() : { ok: true };
      this.handler = await this.#load(spec);
    } catch (error) {
      answer = { ok: false, error: this.#describe(error, spec.root) };
    }
    this.channel.send(Kind.specialised, 0, JSON.stringify(answer));
  }

  #prepareForClones() {
    this.#randomness = new Randomness();
    this.#randomness.install();
    return cryptoIsUniqueInClones() ? { ok: true } : { ok: true, snapshot: false };
  }

  async #restore(header) {
    let answer = { ok: true };
    this.node = header.node ?? this.node;
    this.#values?.clear();
    try {
      await restore(this.#randomness, header);
    } catch (error) {
      answer = { ok: false, error: this.#describe(error, this.functionSpec.root) };
    }
    this.channel.send(Kind.restored, 0, JSON.stringify(answer));
  }

  #describe(error, root) {
    return typeof root === 'string' ? describeLoadError(error, root) : describeError(error);
  }

  #exitWhenDone() {
    if (this.#calls.size === 0) {
      this.channel.drain(() => this.#exit(0));
    }
  }
}
