// Runs what is compared in turns, so that all see the same machine, and keeps what each came to.
import { median } from './statistics.mjs';

export class Rounds {
  /** By name, the figures of each round. */
  figures = {};

  take(name, figure) {
    (this.figures[name] ??= []).push(figure);
  }

  /** The median of the rounds. */
  of(name, what) {
    return median(this.figures[name].map((figure) => figure[what]));
  }
}
