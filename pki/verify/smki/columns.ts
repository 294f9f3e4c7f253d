import { profileNames, profiles, type Profile, type ProfileName } from '../../profile/index.js';
import { oids } from '../../x509/index.js';

/** An extension of a profile, by its object identifier: what certificates are compared with. */
export interface Column {
  readonly name: string;
  readonly oid: string;
  readonly critical: boolean;
}

const columns: Readonly<Record<ProfileName, readonly Column[]>> = Object.fromEntries(
  profileNames.map(name => [
    name,
    profiles[name].extensions.map(({ extension, critical }) => ({
      ...{ name: extension, oid: oids[extension], critical }
    }))
  ])
) as Record<ProfileName, Column[]>;

/** The extensions of a profile, in its order. */
export function columnsOf({ name }: Profile): readonly Column[] {
  return columns[name];
}

/** The place of an extension in a profile; undefined where it has none. */
export function columnOf({ name }: Profile, oid: string): Column | undefined {
  for (const column of columns[name]) if (column.oid === oid) return column;
  return undefined;
}
