/** Reads large inputs in a process whose heap has a limit: exhausting it ends the process, which fails the test. */
import { anchor } from '../../../kit/pki/index.js';
import { largeInputs } from './large-inputs.js';
import { readings } from './reading.js';

export interface LargeReading {
  readonly reading: string;
  readonly input: string;
  readonly milliseconds: number;
  readonly told: readonly string[];
}

/** A pause of the machine is not the reader's: the shortest of a few runs counts. */
const attempts = 3;

/** The bound that an attempt must keep for no other to be made. */
const mostMilliseconds = 250;

const inputs = largeInputs(anchor('O=Large, CN=Anchor'));
for (const reading of readings())
  for (const input of inputs) {
    let milliseconds = Infinity;
    let told: readonly string[] = [];
    for (let attempt = 0; attempt < attempts && milliseconds > mostMilliseconds; attempt++) {
      const started = performance.now();
      told = reading.read(input.octets).told;
      milliseconds = Math.min(milliseconds, performance.now() - started);
    }
    const answer: LargeReading = { reading: reading.name, input: input.name, milliseconds, told };
    process.send?.(answer);
  }
