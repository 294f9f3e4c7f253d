/**
 * The points of issuance at which `deps.stage` is called, in the order of the steps of issuance. `before` and
 * `after` stand around each write and each call that leaves the process; a fault test may stop the process at
 * any of them and everything must come right afterwards.
 */
export const stages = [
  'ca:4:claimed',
  'ca:5:prepared',
  'ca:6:before',
  'ca:6:after',
  'ca:7:before',
  'ca:7:after',
  'ca:8:before',
  'ca:8:after',
  'ca:9-seal:before',
  'ca:9-seal:after',
  'ca:9-publish:before',
  'ca:9-publish:after',
  'ca:9-report:before',
  'ca:9-report:after',
  'ca:9-acknowledge:before',
  'ca:9-acknowledge:after',
  'ca:10:before',
  'ca:10:after',
  'ca:crl-intent:before',
  'ca:crl-intent:after',
  'ca:crl-sign:before',
  'ca:crl-sign:after',
  'ca:crl-store:before',
  'ca:crl-store:after',
  'ca:crl-publish:before',
  'ca:crl-publish:after'
] as const;
export type CaStage = (typeof stages)[number];
