/** What sources declare, read from their text: names that a page about them has to have. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../..', import.meta.url));

function sourceOf(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(path.join(root, file), 'utf8'), ts.ScriptTarget.ES2023, true);
}

/** Names that a file re-exports. It does nothing else. */
export function exportedNames(file: string): { readonly values: string[]; readonly types: string[] } {
  const values: string[] = [];
  const types: string[] = [];
  for (const statement of sourceOf(file).statements) {
    if (!ts.isExportDeclaration(statement) || statement.exportClause === undefined)
      throw new RangeError(`not a list of names to export: ${statement.getText()}`);
    if (!ts.isNamedExports(statement.exportClause)) throw new RangeError('export * names nothing');
    for (const one of statement.exportClause.elements)
      (statement.isTypeOnly || one.isTypeOnly ? types : values).push(one.name.text);
  }
  return { values, types };
}

/** Members of an interface: without those it extends. */
export function membersOf(file: string, name: string): string[] {
  const found = sourceOf(file).statements.find(
    (statement): statement is ts.InterfaceDeclaration =>
      ts.isInterfaceDeclaration(statement) && statement.name.text === name
  );
  if (found === undefined) throw new RangeError(`no interface ${name} in ${file}`);
  return found.members.map(member => member.name?.getText() ?? '');
}
