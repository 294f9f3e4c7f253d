/** Validity periods: RFC 5280 4.1.2.5 and 6.1.3 (a) (2). */
import { sequence, time } from '../../../../../pki/der/index.js';
import { testMoment, timeAs } from '../../../../kit/pki/index.js';
import { change, someAuthority, type Variation } from '../plan.js';

const before = new Date('2024-01-01T00:00:00Z');
const early = new Date('2025-01-01T00:00:00Z');
const past = new Date('2026-05-31T23:59:59Z');
const later = new Date('2026-06-02T00:00:00Z');
const far = new Date('2027-06-02T00:00:00Z');
const second = 1000;

export const dates: readonly Variation[] = [
  { rule: 'leaf-expired', apply: plan => change(plan, 'leaf', { notAfter: past }) },
  { rule: 'leaf-not-yet-valid', apply: plan => change(plan, 'leaf', { notBefore: later }) },
  {
    rule: 'authority-expired',
    apply: (plan, random) => change(plan, someAuthority(plan, random), { notAfter: past })
  },
  {
    rule: 'authority-not-yet-valid',
    apply: (plan, random) => change(plan, someAuthority(plan, random), { notBefore: later })
  },
  { rule: 'anchor-expired', apply: plan => change(plan, 'anchor', { notAfter: past }) },
  { rule: 'anchor-not-yet-valid', apply: plan => change(plan, 'anchor', { notBefore: later }) },
  { rule: 'leaf-not-after-now', apply: plan => change(plan, 'leaf', { notAfter: testMoment }) },
  {
    rule: 'leaf-not-after-a-second-ago',
    apply: plan => change(plan, 'leaf', { notAfter: new Date(testMoment.getTime() - second) })
  },
  { rule: 'leaf-not-before-now', apply: plan => change(plan, 'leaf', { notBefore: testMoment }) },
  {
    rule: 'leaf-not-before-in-a-second',
    apply: plan => change(plan, 'leaf', { notBefore: new Date(testMoment.getTime() + second) })
  },
  { rule: 'leaf-outlives-authority', apply: plan => change(plan, 'leaf', { notAfter: far }) },
  {
    rule: 'leaf-not-after-9999',
    apply: plan => change(plan, 'leaf', { notAfter: new Date('9999-12-31T23:59:59Z') })
  },
  {
    rule: 'generalized-time-before-2050',
    apply: plan => change(plan, 'leaf', { notAfter: timeAs('generalized', far) })
  },
  {
    rule: 'dates-reversed',
    apply: plan => change(plan, 'leaf', { notBefore: far, notAfter: early })
  },
  {
    rule: 'time-with-offset',
    apply: plan =>
      change(plan, 'leaf', {
        raw: { validity: sequence(time(early), Buffer.from('17113237303630323030303030302b30313030', 'hex')) }
      })
  },
  {
    rule: 'time-without-seconds',
    apply: plan =>
      change(plan, 'leaf', {
        raw: { validity: sequence(time(early), Buffer.from('170b323730363032303030305a', 'hex')) }
      })
  },
  {
    rule: 'time-that-is-no-date',
    apply: plan =>
      change(plan, 'leaf', {
        raw: { validity: sequence(time(early), Buffer.from('170d3237303233303030303030305a', 'hex')) }
      })
  },
  { rule: 'asked-before-validity', apply: plan => void (plan.at = before) },
  { rule: 'asked-after-validity', apply: plan => void (plan.at = new Date('2029-01-01T00:00:00Z')) }
];
