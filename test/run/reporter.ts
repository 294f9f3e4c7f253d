import Mocha from 'mocha';

/** How long handles may stay open after the last test before the run is ended by force. */
const graceMs = 15_000;

/**
 * Mocha takes one reporter: this one is two of Mocha's own, the specification for the reader and JSON, in the
 * file of the reporter option `output`, for the count. A run whose tests leave a server or a process open is
 * ended with status 97 instead of hanging for ever.
 */
export default class Reporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    // @types/mocha lacks the options of this constructor.
    const Json = Mocha.reporters.JSON as unknown as new (
      runner: Mocha.Runner,
      options: Mocha.MochaOptions
    ) => unknown;
    new Json(runner, options);
    runner.once(Mocha.Runner.constants.EVENT_RUN_END, () => {
      // Without `ref` the timer fires only where something else keeps the process alive.
      setTimeout(() => {
        process.stderr.write(`the tests left open: ${process.getActiveResourcesInfo().join(', ')}\n`);
        // Mocha's own exit listener sets the status to the number of failures; this one comes after it.
        process.on('exit', () => {
          process.exitCode = 97;
        });
        process.exit();
      }, graceMs).unref();
    });
  }
}
