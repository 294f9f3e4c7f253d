/**
 * The portal's files (SEC Appendix M, Appendix F): a ZIP of requests in; when the batch is completed, a report in text
 * and a ZIP of certificates out. What is uploaded becomes a batch like any other; results of every batch can be fetched
 * this way. The archive is hostile until it has been read whole: its directory, its names and what it unpacks to are
 * checked before anything of it is stored.
 */
export { portalPath, servePortal } from './service.js';
