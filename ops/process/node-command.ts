import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * DESIGN: 64 MiB, where Node.js has 16. A group of a batch is some megabytes of buffers and small objects that live
 * until it is stored: with less, collections come while it is under way and copy what is about to be dropped, which
 * costs a tenth of the processors. With more, what is gained is lost to the processor's cache, and each process may
 * grow by three times the figure.
 */
const semiSpaceMebibytes = 64;

/**
 * The command that runs one of our own programs the way this one runs: compiled beside compiled, source beside
 * source, with the same loader.
 *
 * @param module path of the program relative to `from`, without its ending
 */
export function nodeCommand(module: string, from: string): readonly [string, ...string[]] {
  const file = fileURLToPath(new URL(`${module}${extname(new URL(from).pathname)}`, from));
  const loaders = process.execArgv.filter((argument, at, all) => {
    const flag = (at > 0 ? all[at - 1] : undefined) ?? '';
    return /^--import(=|$)/.test(argument) || flag === '--import';
  });
  return [process.execPath, `--max-semi-space-size=${semiSpaceMebibytes}`, ...loaders, file];
}
