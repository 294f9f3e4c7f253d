/**
 * Ceremonies: the only work that opens root tokens. They use the same template, lint, permit and verification as
 * the running CA and leave a transcript. Trusts the tokens it is handed and the people in the room; what lies in
 * the output folder is verified before it is used.
 */
export {
  runTestHierarchyCeremony,
  type CeremonyDeps,
  type CeremonyFiles,
  type CeremonyToken,
  type Hierarchy
} from './test-hierarchy.js';
export { authorities, lists, type AuthorityName, type HierarchyNames, type ListName } from './hierarchy.js';
export type { TranscriptLine, WriteTranscript } from './transcript.js';
