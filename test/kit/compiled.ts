/**
 * The sources as JavaScript, for the component processes of `startTestSystem`: a process starts in half the time
 * that a loader takes. Made anew by each run of tests, so that no run tests what another wrote.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = ['pki', 'hsm', 'ca', 'ra', 'repository', 'sec', 'ops', 'test/kit'];
let made: string | undefined;

/** Path of a compiled module, such as `test/kit/component-process`. */
export function compiled(module: string): string {
  made ??= compileAll();
  return join(made, `${module}.js`);
}

function compileAll(): string {
  // Inside the checkout, for its packages; one folder deep, as the build's own output.
  const builds = join(root, '.state', 'test-build');
  mkdirSync(builds, { recursive: true });
  for (const left of readdirSync(builds))
    if (/^\d+$/.test(left) && !isAlive(Number(left))) rmSync(join(builds, left), { recursive: true });
  copyFileSync(join(root, 'package.json'), join(builds, 'package.json'));
  // The add-ons that set-up built: the processes are to run as they do from dist.
  const addOns = join(builds, 'build');
  if (existsSync(join(root, 'build')) && !existsSync(addOns)) symlinkSync(join(root, 'build'), addOns, 'dir');
  const output = join(builds, String(process.pid));
  process.once('exit', () => rmSync(output, { recursive: true, force: true }));
  for (const folder of folders)
    for (const name of readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const file = join(output, folder, name.replace(/ts$/, 'js'));
      mkdirSync(dirname(file), { recursive: true });
      const { outputText } = ts.transpileModule(readFileSync(join(root, folder, name), 'utf8'), {
        fileName: name,
        compilerOptions: {
          target: ts.ScriptTarget.ES2023,
          module: ts.ModuleKind.ESNext,
          verbatimModuleSyntax: true
        }
      });
      writeFileSync(file, outputText);
    }
  return output;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
