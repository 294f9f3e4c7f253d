import { each, type IntakeCheck } from './check.js';

/** The message follows the schema of its interface (SEC Appendix M 2.4, step 2; Appendix B). */
export const message: IntakeCheck = {
  name: 'message',
  rule: 'schema',
  // One that came decoded has no message of its own.
  applies: intake => intake.known.csr === undefined,
  run: each((_deps, intake) => {
    if (intake.readMessage === undefined) throw new Error('neither a message nor a request');
    intake.message = intake.readMessage();
  })
};
