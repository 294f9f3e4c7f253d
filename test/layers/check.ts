import { builtinModules } from 'node:module';
import { readSource, resolveImport, type Import, type SourceFacts, type Target } from './imports.js';
import {
  inputOutputModules,
  layers,
  mayReadEnvironment,
  reachable,
  withoutPackages,
  type Layer
} from './table.js';

export type Rule =
  | 'no layer'
  | 'unresolved'
  | 'computed'
  | 'layer'
  | 'package'
  | 'node'
  | 'environment'
  | 'reach'
  | 'npm-free';

export interface Violation {
  readonly rule: Rule;
  readonly file: string;
  readonly detail: string;
}

/** True when `file` is `place` or lies below it. */
export function isIn(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}

function layerOf(file: string): Layer | undefined {
  return layers
    .filter(layer => isIn(file, layer.folder))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** Checks a set of files, path to text, against the table. Files of test/ are held to nothing but existence. */
export function checkLayers(files: ReadonlyMap<string, string>): Violation[] {
  const facts = new Map([...files].map(([file, text]) => [file, readSource(file, text)]));
  return [...checkDirect(facts), ...checkReach(facts)];
}

function checkDirect(facts: ReadonlyMap<string, SourceFacts>): Violation[] {
  const violations: Violation[] = [];
  for (const [file, { imports, environment }] of facts) {
    const report = (rule: Rule, detail: string): void => void violations.push({ rule, file, detail });
    if (!mayReadEnvironment.some(place => isIn(file, place))) {
      for (const line of environment) report('environment', `line ${line}`);
    }
    const layer = layerOf(file);
    const isTest = isIn(file, 'test');
    if (layer === undefined && !isTest) report('no layer', 'no layer of the table holds this file');
    for (const entry of imports) {
      const where = `line ${entry.line}: ${entry.specifier ?? 'import(…)'}`;
      if (entry.specifier === undefined) {
        if (!isTest) report('computed', where);
        continue;
      }
      const target = resolveImport(file, entry.specifier);
      if (target.kind === 'ours' && !facts.has(target.file)) report('unresolved', where);
      if (layer === undefined) continue;
      const rule = brokenRule(layer, entry, target);
      if (rule !== undefined) report(rule, where);
    }
  }
  return violations;
}

function brokenRule(layer: Layer, entry: Import, target: Target): Rule | undefined {
  switch (target.kind) {
    case 'ours': {
      const places = [layer.folder, ...layer.values, ...(entry.value ? [] : layer.types)];
      // A folder inside a layer with a stricter table of its own is reached only where it is named.
      return places.some(place => isIn(target.file, place)) ? undefined : 'layer';
    }
    case 'package': {
      // Every module of Node.js is written with its `node:`, so that a package cannot stand in for it.
      if (builtinModules.includes(target.name)) return 'node';
      const names = [...layer.packages, ...(entry.value ? [] : layer.packageTypes)];
      return names.includes(target.name) ? undefined : 'package';
    }
    case 'node': {
      const family = target.name.split('/')[0] ?? target.name;
      return layer.node === 'pure' && inputOutputModules.includes(family) ? 'node' : undefined;
    }
  }
}

function checkReach(facts: ReadonlyMap<string, SourceFacts>): Violation[] {
  const violations: Violation[] = [];
  for (const file of facts.keys()) {
    if (isIn(file, 'test')) continue;
    const closure = closureOf(file, facts);
    for (const { target, from } of reachable) {
      if ([target, ...from].some(place => isIn(file, place))) continue;
      const reached = [...closure.files].find(other => isIn(other, target));
      if (reached !== undefined) violations.push({ rule: 'reach', file, detail: reached });
    }
    if (withoutPackages.some(place => isIn(file, place))) {
      for (const name of closure.packages) violations.push({ rule: 'npm-free', file, detail: name });
    }
  }
  return violations;
}

/** Everything that is loaded when `file` is loaded, and what it loads later by `import()`. */
function closureOf(
  file: string,
  facts: ReadonlyMap<string, SourceFacts>
): { files: ReadonlySet<string>; packages: ReadonlySet<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const waiting = [file];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (files.has(next)) continue;
    files.add(next);
    for (const { specifier, value } of facts.get(next)?.imports ?? []) {
      if (!value || specifier === undefined) continue;
      const target = resolveImport(next, specifier);
      if (target.kind === 'ours') waiting.push(target.file);
      if (target.kind === 'package') packages.add(target.name);
    }
  }
  return { files, packages };
}
