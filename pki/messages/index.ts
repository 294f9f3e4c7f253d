/**
 * The messages that components exchange, and the interfaces they hand each other: orders, reports,
 * publications, device status, statements, receipts. Types and their one encoding; no I/O, no decision. Whoever reads a
 * message trusts nothing in it until the signature or the peer's certificate has been checked.
 */
export * from './codec.js';
export * from './environment.js';
export * from './statement.js';
export * from './order.js';
export * from './receipt.js';
export * from './receipt-json.js';
export * from './report.js';
export * from './publication.js';
export * from './device-status.js';
