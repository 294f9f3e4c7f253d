#!/usr/bin/env node
/** The command line of OpenSMKI. Everything it does is in ops/cli; each command loads what it needs when asked. */
import process from 'node:process';
import { runCommandLine } from './cli/index.js';
import { processTerminal } from './cli/process-terminal.js';

const status = await runCommandLine(process.argv.slice(2), processTerminal());
// A component that could not start has set its own.
process.exitCode ||= status;
