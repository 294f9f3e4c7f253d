import type { IntakeCheck } from './check.js';

/** The message follows the schema of its interface (SEC Appendix M 2.4, step 2; Appendix B). */
export const message: IntakeCheck = {
  name: 'message',
  rule: 'schema',
  applies: () => true,
  run(_deps, intake) {
    intake.message = intake.readMessage();
  }
};
