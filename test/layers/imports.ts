import path from 'node:path';
import ts from 'typescript';

/** One import as it stands in a file. */
export interface Import {
  /** What is written: `./der.js`, `zod`, `node:fs`. `undefined` for an `import()` of something computed. */
  readonly specifier: string | undefined;
  /** False only for `import type`, `export type … from` and `import('…')` in a type: these leave no trace at run time. */
  readonly value: boolean;
  readonly line: number;
}

export interface SourceFacts {
  readonly imports: readonly Import[];
  /** Lines that read `process.env`. */
  readonly environment: readonly number[];
}

/**
 * Reads the imports of one file. An `import { type X }` counts as a value: with `verbatimModuleSyntax` the
 * module is loaded all the same.
 */
export function readSource(file: string, text: string): SourceFacts {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true);
  const imports: Import[] = [];
  const environment: number[] = [];
  const lineOf = (node: ts.Node): number =>
    source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
  const add = (node: ts.Node, specifier: ts.Node | undefined, value: boolean): void => {
    const text = specifier !== undefined && ts.isStringLiteralLike(specifier) ? specifier.text : undefined;
    imports.push({ specifier: text, value, line: lineOf(node) });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      add(node, node.moduleSpecifier, node.importClause?.phaseModifier !== ts.SyntaxKind.TypeKeyword);
      if (isProcessModule(node.moduleSpecifier) && /\benv\b/.test(node.importClause?.getText(source) ?? '')) {
        environment.push(lineOf(node));
      }
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) {
      add(node, node.moduleSpecifier, !node.isTypeOnly);
    } else if (ts.isImportEqualsDeclaration(node)) {
      const reference = node.moduleReference;
      if (ts.isExternalModuleReference(reference)) add(node, reference.expression, !node.isTypeOnly);
    } else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined, false);
    } else if (ts.isCallExpression(node) && loadsModule(node.expression)) {
      add(node, node.arguments[0], true);
    } else if (readsEnvironment(node)) {
      environment.push(lineOf(node));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { imports, environment };
}

function isProcessModule(specifier: ts.Expression): boolean {
  return ts.isStringLiteral(specifier) && /^(node:)?process$/.test(specifier.text);
}

function loadsModule(callee: ts.Expression): boolean {
  return (
    callee.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(callee) && callee.text === 'require')
  );
}

/** `process.env`, `process['env']`, and `const { env } = process`. */
function readsEnvironment(node: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(node)) return isProcess(node.expression) && node.name.text === 'env';
  if (ts.isElementAccessExpression(node)) {
    const name = node.argumentExpression;
    return isProcess(node.expression) && ts.isStringLiteralLike(name) && name.text === 'env';
  }
  if (ts.isVariableDeclaration(node) && node.initializer !== undefined) {
    return (
      isProcess(node.initializer) &&
      ts.isObjectBindingPattern(node.name) &&
      /\benv\b/.test(node.name.getText())
    );
  }
  return false;
}

function isProcess(node: ts.Expression): boolean {
  if (ts.isIdentifier(node)) return node.text === 'process';
  return ts.isPropertyAccessExpression(node) && node.name.text === 'process';
}

/** Where an import leads: a file of ours, an npm package, or a module of Node.js. */
export type Target =
  | { readonly kind: 'ours'; readonly file: string }
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'node'; readonly name: string };

export function resolveImport(from: string, specifier: string): Target {
  if (specifier.startsWith('.')) {
    const file = path.posix.join(path.posix.dirname(from), specifier).replace(/\.js$/, '.ts');
    return { kind: 'ours', file };
  }
  if (specifier.startsWith('node:')) return { kind: 'node', name: specifier.slice('node:'.length) };
  const parts = specifier.split('/');
  return { kind: 'package', name: parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/') };
}
