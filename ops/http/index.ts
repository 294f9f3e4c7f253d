/**
 * How processes listen and talk over HTTP: listeners that end in order and do not wait for slow clients, bodies
 * with limits, problems, a client for calls between components, metrics and health, and the structured log. It
 * trusts no request; who may ask what is the component's own question.
 */
export { withBodyDeadline } from './body-deadline.js';
export { listen, requestTimeoutMs, type Listener } from './listen.js';
export { serve, type Handler } from './handler.js';
export { readBody, type BodyErrorCode } from './body.js';
export {
  createHttpClient,
  PeerUnavailable,
  type HttpAnswer,
  type HttpClient,
  type HttpRequest
} from './client.js';
export { createLogger, type LogLevel } from './log.js';
export {
  metricsServer,
  socketPath,
  type HealthPart,
  type HealthSource,
  type MetricsListener
} from './metrics.js';
