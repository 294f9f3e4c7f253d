import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

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
  return [process.execPath, ...loaders, file];
}
