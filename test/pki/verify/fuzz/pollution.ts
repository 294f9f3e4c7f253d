/** What must not happen beside the answer: changed prototypes, and octets from outside on a console or in a log. */
import { expect } from 'chai';

const watched: readonly object[] = [
  Object.prototype,
  Array.prototype,
  Function.prototype,
  String.prototype,
  Map.prototype,
  Uint8Array.prototype,
  Error.prototype,
  Promise.prototype
];

function prototypes(): string {
  return JSON.stringify(watched.map(prototype => Reflect.ownKeys(prototype).map(String)));
}

/** Runs, and demands that nothing was written and no prototype changed meanwhile. */
export function withoutPollution(run: () => void): void {
  const before = prototypes();
  const written: string[] = [];
  const streams = [process.stdout, process.stderr] as const;
  const writers = streams.map(stream => stream.write.bind(stream));
  for (const stream of streams)
    stream.write = (chunk: string | Uint8Array) => {
      written.push(String(chunk));
      return true;
    };
  try {
    run();
  } finally {
    streams.forEach((stream, i) => {
      const writer = writers[i];
      if (writer !== undefined) stream.write = writer;
    });
  }
  expect(written).to.deep.equal([]);
  expect(prototypes()).to.equal(before);
}

/** The longest text that a failure may tell: a line of a log, not a copy of the input. */
const longestText = 4_096;

/** Whether a text may be logged as it is: no control character, nothing that turns the line around, no lone surrogate. */
export function expectLoggable(text: string): void {
  expect(text.length).to.be.at.most(longestText);
  expect(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text), JSON.stringify(text)).to.equal(false);
}
