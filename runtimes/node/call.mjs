// One open call: from its CALL frame to the end of both directions.
import { Kind, maxInlineBody, maxPieceBody } from './channel.mjs';
import { Context } from './context.mjs';
import { CancelledError, RuntimeError, describeError } from './errors.mjs';
import { Event } from './event.mjs';
import { ReceivedPieces, SendCredit, windowBody } from './flow.mjs';
import { hasHeader, isPlainValue, pieceBytes, streamType, toAnswer, toJson } from './response.mjs';
import { Platform } from './platform/platform.mjs';
import { WebSocket } from './websocket.mjs';

export class Call {
  #instance;
  #id;
  #header;
  #context;
  #platform = null;
  #references = null;
  #answered = false;
  #cancelled = null;
  // The request: a whole body, or pieces that go to the user (#pieces), or pieces that are gathered (#gathered).
  #raw = null;
  #pieces = null;
  #gathered = null;
  #requestEnded = true;
  // The answer, when it takes more than one frame.
  #credit = null;
  #source = null;
  #socket = null;

  constructor(instance, id, header) {
    this.#instance = instance;
    this.#id = id;
    this.#header = header;
    this.#context = new Context(instance.functionSpec, header, this);
  }

  /** The logger of this call. */
  get logger() {
    return this.#instance.logs.loggerOf(this.#id);
  }

  /** What the call may ask of the platform. */
  get platform() {
    return (this.#platform ??= new Platform(this.#instance.channel, this.#id, this.#instance.values));
  }

  /** By which other functions send it messages. */
  get address() {
    return `${this.#instance.node}.${this.#header.id}`;
  }

  get isAnswered() {
    return this.#answered;
  }

  /** Starts the handler, or waits for the rest of the body first. */
  open(inlineBody) {
    if (this.#header.body === 'stream') {
      this.#requestEnded = false;
      if (this.#instance.streamsRequests) {
        this.#pieces = new ReceivedPieces(this.#instance.channel, this.#id);
        this.#run();
      } else {
        this.#gathered = [];
      }
      return;
    }
    this.#raw = inlineBody;
    this.#run();
  }

  receiveBody(body) {
    if (this.#pieces !== null) {
      this.#pieces.push(body, body.length);
      return;
    }
    this.#gathered?.push(body);
    this.#instance.channel.send(Kind.window, this.#id, '', windowBody(body.length));
  }

  receiveEnd(header) {
    if (this.#socket !== null) {
      this.#socket.receiveEnd(header);
      return;
    }
    this.#requestEnded = true;
    const failure =
      header.error === undefined ? null : new CancelledError(header.error.message ?? 'the body was cut off');
    if (this.#gathered !== null) {
      this.#raw = this.#gathered.length === 1 ? this.#gathered[0] : Buffer.concat(this.#gathered);
      this.#gathered = null;
      if (failure === null) {
        this.#run();
      } else {
        this.fail(failure);
      }
    } else if (failure === null) {
      this.#pieces?.end();
    } else {
      this.#pieces?.fail(failure);
    }
    this.#closeIfEnded();
  }

  receiveAnswer(body) {
    this.#platform?.receive(body);
  }

  receiveMessage(header, body) {
    this.#socket?.receiveMessage(header, body);
  }

  receiveCredit(bytes) {
    if (this.#socket !== null) {
      this.#socket.receiveCredit(bytes);
    } else {
      this.#sendCredit.add(bytes);
    }
  }

  cancel(reason) {
    const error = Context.cancel(this.#context, reason);
    this.#cancelled = error;
    // The rest of a body that was cut off does not come; the call must not stay open for it.
    this.#requestEnded = true;
    this.#pieces?.fail(error);
    this.#credit?.fail(error);
    this.#socket?.cancel(error);
    if (this.#gathered !== null) {
      this.#gathered = null;
      this.fail(error);
    }
    // A Node stream that waits for its own source would not see the cancellation otherwise.
    this.#source?.destroy?.(error);
    this.#closeIfEnded();
  }

  /** Answers with ERROR; when the answer's head is already out, breaks its body instead. */
  fail(thrown) {
    const wasCancelled = this.#isCancellation(thrown);
    const error = describeError(wasCancelled ? this.#cancelled : thrown);
    if (this.#socket !== null) {
      if (!wasCancelled) {
        this.#instance.logs.write(this.#id, 'error', error.stack ?? error.message);
      }
      this.#socket.fail(error);
    } else if (!this.#answered) {
      this.#platform?.flush();
      this.#instance.channel.send(Kind.error, this.#id, JSON.stringify(error));
      this.#answered = true;
    } else if (this.#source !== null) {
      this.#instance.channel.send(Kind.end, this.#id, JSON.stringify({ error }));
      this.#source = null;
    }
    this.#leave();
  }

  #run() {
    const { references } = this.#header;
    if (references === undefined || references.length === 0) {
      this.#start();
      return;
    }
    this.platform.resolve(references).then(
      (values) => {
        this.#references = values;
        if (!this.#answered) {
          this.#start();
        }
      },
      (error) => this.fail(error),
    );
  }

  #start() {
    const accept = this.#header.trigger === 'websocket' ? () => this.#acceptSocket() : null;
    const event = new Event(this.#header, this.#raw, this.#pieces, accept, this.#references);
    let returned;
    try {
      const { handler } = this.#instance;
      returned = this.#instance.logs.scope.run(this.#id, () => handler(event, this.#context));
    } catch (error) {
      this.fail(error);
      return;
    }
    if (typeof returned?.then === 'function') {
      returned.then(
        (value) => this.#answer(value),
        (error) => this.fail(error),
      );
    } else {
      this.#answer(returned);
    }
  }

  #answer(value) {
    if (this.#socket !== null) {
      this.#socket.close();
      this.#leave();
      return;
    }
    if (this.#answered) {
      return;
    }
    // What the function did not wait for happens all the same.
    this.#platform?.flush();
    try {
      if (isPlainValue(value)) {
        const json = toJson(value);
        if (json.length * 3 <= maxInlineBody || Buffer.byteLength(json) <= maxInlineBody) {
          this.#instance.channel.send(Kind.result, this.#id, '', json);
          this.#answered = true;
          this.#leave();
          return;
        }
        this.#sendAnswer({ status: 200, headers: [['content-type', 'application/json']], body: json });
        return;
      }
      this.#sendAnswer(toAnswer(value));
    } catch (error) {
      this.fail(error);
    }
  }

  /** @param {import('./response.mjs').Answer} answer */
  #sendAnswer(answer) {
    if (answer.stream !== undefined) {
      this.#sendStream(answer, answer.stream);
      return;
    }
    const length = Buffer.byteLength(answer.body);
    if (length <= maxInlineBody) {
      const { status, headers } = answer;
      this.#instance.channel.send(
        Kind.result,
        this.#id,
        JSON.stringify({ status, headers, body: 'inline' }),
        answer.body,
      );
      this.#answered = true;
      this.#leave();
      return;
    }
    if (!hasHeader(answer.headers, 'content-length')) {
      answer.headers.push(['content-length', String(length)]);
    }
    this.#sendStream(answer, [answer.body]);
  }

  /**
   * Sends pieces as the source gives them and the node takes them. Without a content type the head waits for the
   * first piece, which tells it; a source that fails before that is an ordinary ERROR.
   */
  async #sendStream({ status, headers }, source) {
    this.#source = source;
    try {
      if (hasHeader(headers, 'content-type')) {
        this.#sendHead(status, headers);
      }
      for await (const piece of source) {
        const bytes = pieceBytes(piece);
        if (!this.#answered) {
          this.#sendHead(status, [...headers, ['content-type', streamType(piece)]]);
        }
        await this.#sendPiece(bytes);
      }
      if (!this.#answered) {
        this.#sendHead(status, headers);
      }
      if (this.#cancelled !== null) {
        throw this.#cancelled;
      }
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#instance.channel.send(Kind.end, this.#id);
    this.#source = null;
    this.#leave();
  }

  #sendHead(status, headers) {
    this.#instance.channel.send(Kind.result, this.#id, JSON.stringify({ status, headers, body: 'stream' }));
    this.#answered = true;
  }

  async #sendPiece(bytes) {
    const credit = this.#sendCredit;
    for (let at = 0; at < bytes.length;) {
      if (this.#cancelled !== null) {
        throw this.#cancelled;
      }
      const size = Math.min(bytes.length - at, maxPieceBody, credit.available);
      if (size <= 0) {
        await credit.wait();
        continue;
      }
      credit.take(size);
      this.#instance.channel.send(Kind.body, this.#id, '', bytes.subarray(at, at + size));
      at += size;
    }
  }

  get #sendCredit() {
    return (this.#credit ??= new SendCredit());
  }

  #acceptSocket() {
    if (this.#socket !== null) {
      return this.#socket;
    }
    if (this.#answered) {
      throw new RuntimeError('invalid-response', 'event.accept() came after the answer');
    }
    this.#requestEnded = true;
    this.#socket = new WebSocket(this.#instance.channel, this.#id, () => this.#instance.close(this.#id));
    this.#instance.channel.send(Kind.result, this.#id, '{"status":101}');
    this.#answered = true;
    return this.#socket;
  }

  /** User code that gave up because of CANCEL throws the signal's reason, or an AbortError made from it. */
  #isCancellation(thrown) {
    return this.#cancelled !== null && (thrown === this.#cancelled || thrown?.name === 'AbortError');
  }

  /** The handler's part is over. */
  #leave() {
    this.#instance.logs.endCall(this.#id);
    this.#instance.logs.scope.leave();
    this.#pieces?.discard();
    this.#closeIfEnded();
  }

  #closeIfEnded() {
    if (this.#requestEnded && this.#answered && this.#source === null && this.#socket === null) {
      this.#instance.close(this.#id);
    }
  }
}
