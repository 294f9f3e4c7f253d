import { readFileSync } from 'node:fs';
import { extname } from 'node:path';

interface Package {
  readonly name: string;
  readonly version: string;
}

/** Beside the sources, or one folder up from the compiled output. */
const packageFile = new URL(
  extname(import.meta.url) === '.ts' ? '../package.json' : '../../package.json',
  import.meta.url
);

/** Name and version of this program, as package.json has them. */
export const software: Package = JSON.parse(readFileSync(packageFile, 'utf8')) as Package;
