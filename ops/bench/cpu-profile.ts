/** Reads CPU profiles as Node.js writes them and says what of the CPU each stage of the work took. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The parts of a `.cpuprofile` that are used here. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string };
    readonly children?: readonly number[];
  }[];
  readonly samples?: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas?: readonly number[];
}

export type Shares = Readonly<Record<string, number>>;

/**
 * Whose file a sample lies in, or was called from: the nearest frame outwards that fits a row decides, so that
 * OpenSSL's time belongs to the check that called it. The first row that fits counts.
 */
const stages: readonly (readonly [stage: string, file: RegExp])[] = [
  ['proof of possession', /\/pki\/request\/possession|\/native\//],
  ['reading requests', /\/pki\/request\/|\/ra\/intake\/csr|\/ops\/request-check\//],
  ['signature check', /\/pki\/verify\/|\/ca\/issue\/check-signature/],
  ['template', /\/pki\/profile\//],
  ['lint', /\/pki\/lint\//],
  ['reading certificates', /\/pki\/x509\/(?:certificate|name|extension)/],
  ['signer client', /\/hsm\//],
  ['messages', /\/pki\/messages\//],
  ['XML', /\/pki\/xml\/|\/node_modules\/saxes\//],
  ['batch intake and results', /\/ra\/batch\//],
  ['audit', /\/ops\/audit\/|\/audit\.|\/audit-events\./],
  ['database driver', /\/node_modules\/(?:pg|pg-[a-z-]+|postgres-[a-z-]+|knex|tarn)\/|\/ops\/database\//],
  ['store', /\/ca\/ledger\/|\/repository\/(?:store|publish)\/|\/ra\/issuance\//],
  ['HTTP and TLS', /^node:(?:internal\/)?(?:_?http|https|tls|_tls|net)|\/(?:ra|repository|ops)\/http\//],
  ['issuance', /\/ca\//],
  ['registration authority', /\/ra\//],
  ['repository', /\/repository\//]
];

/** Microseconds of CPU by stage; what waits is none. */
export function stageMicros(profile: CpuProfile): Record<string, number> {
  const parent = new Map<number, number>();
  const frames = new Map(profile.nodes.map(node => [node.id, node.callFrame]));
  for (const { id, children } of profile.nodes) for (const child of children ?? []) parent.set(child, id);
  const stageOfNode = new Map<number, string>();
  const stageOf = (id: number): string => {
    const known = stageOfNode.get(id);
    if (known !== undefined) return known;
    const frame = frames.get(id);
    const stage =
      frame === undefined || frame.functionName === '(root)'
        ? 'Node.js'
        : (namedStage(frame.functionName, frame.url) ?? parentStage(id));
    stageOfNode.set(id, stage);
    return stage;
  };
  const parentStage = (id: number): string => {
    const above = parent.get(id);
    return above === undefined ? 'Node.js' : stageOf(above);
  };
  const micros: Record<string, number> = {};
  for (const [index, sample] of (profile.samples ?? []).entries()) {
    const stage = stageOf(sample);
    if (stage === idle) continue;
    micros[stage] = (micros[stage] ?? 0) + Math.max(0, profile.timeDeltas?.[index] ?? 0);
  }
  return micros;
}

const idle = '(idle)';

function namedStage(functionName: string, url: string): string | undefined {
  if (functionName === '(idle)') return idle;
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(program)') return 'Node.js';
  return stages.find(([, file]) => file.test(url))?.[0];
}

/** The sum of all profiles of a folder whose name fits. */
export function readProfiles(
  folder: string,
  fits: (name: string) => boolean = () => true
): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const name of readdirSync(folder).filter(file => file.endsWith('.cpuprofile') && fits(file))) {
    const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile;
    for (const [stage, micros] of Object.entries(stageMicros(profile)))
      sums[stage] = (sums[stage] ?? 0) + micros;
  }
  return sums;
}

/** Of parts the shares, 0 to 1, the largest first; parts below a two-hundredth stand together as `other`. */
export function sharesOf(parts: Readonly<Record<string, number>>): Shares {
  const total = Object.values(parts).reduce((sum, part) => sum + part, 0);
  if (total === 0) return {};
  const shares: Record<string, number> = {};
  let other = 0;
  for (const [name, part] of Object.entries(parts).sort(([, a], [, b]) => b - a)) {
    const share = part / total;
    if (share < 0.005) other += share;
    else shares[name] = Number(share.toFixed(4));
  }
  if (other > 0) shares['other'] = Number(other.toFixed(4));
  return shares;
}
