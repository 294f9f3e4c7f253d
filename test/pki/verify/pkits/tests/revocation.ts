/** Sections 4.14 to 4.16 of the NIST Public Key Interoperability Test Suite. */
import { accept, refuse, type PkitsTest } from './pkits-test.js';

export const revocation: readonly PkitsTest[] = [
  // 4.14 distribution points
  accept('4.14.1', 'ValiddistributionPointTest1EE', 'distributionPoint1CA'),
  refuse('4.14.2', 'InvaliddistributionPointTest2EE', 'distributionPoint1CA'),
  refuse('4.14.3', 'InvaliddistributionPointTest3EE', 'distributionPoint1CA'),
  accept('4.14.4', 'ValiddistributionPointTest4EE', 'distributionPoint1CA'),
  accept('4.14.5', 'ValiddistributionPointTest5EE', 'distributionPoint2CA'),
  refuse('4.14.6', 'InvaliddistributionPointTest6EE', 'distributionPoint2CA'),
  accept('4.14.7', 'ValiddistributionPointTest7EE', 'distributionPoint2CA'),
  refuse('4.14.8', 'InvaliddistributionPointTest8EE', 'distributionPoint2CA'),
  refuse('4.14.9', 'InvaliddistributionPointTest9EE', 'distributionPoint2CA'),
  accept('4.14.10', 'ValidNoissuingDistributionPointTest10EE', 'NoissuingDistributionPointCA'),
  refuse('4.14.11', 'InvalidonlyContainsUserCertsTest11EE', 'onlyContainsUserCertsCA'),
  refuse('4.14.12', 'InvalidonlyContainsCACertsTest12EE', 'onlyContainsCACertsCA'),
  accept('4.14.13', 'ValidonlyContainsCACertsTest13EE', 'onlyContainsCACertsCA'),
  refuse('4.14.14', 'InvalidonlyContainsAttributeCertsTest14EE', 'onlyContainsAttributeCertsCA'),
  refuse('4.14.15', 'InvalidonlySomeReasonsTest15EE', 'onlySomeReasonsCA1', {
    crls: 'onlySomeReasonsCA1compromiseCRL onlySomeReasonsCA1otherreasonsCRL'
  }),
  refuse('4.14.16', 'InvalidonlySomeReasonsTest16EE', 'onlySomeReasonsCA1', {
    crls: 'onlySomeReasonsCA1compromiseCRL onlySomeReasonsCA1otherreasonsCRL'
  }),
  refuse('4.14.17', 'InvalidonlySomeReasonsTest17EE', 'onlySomeReasonsCA2', {
    crls: 'onlySomeReasonsCA2CRL1 onlySomeReasonsCA2CRL2'
  }),
  accept('4.14.18', 'ValidonlySomeReasonsTest18EE', 'onlySomeReasonsCA3', {
    crls: 'onlySomeReasonsCA3compromiseCRL onlySomeReasonsCA3otherreasonsCRL'
  }),
  accept('4.14.19', 'ValidonlySomeReasonsTest19EE', 'onlySomeReasonsCA4', {
    crls: 'onlySomeReasonsCA4compromiseCRL onlySomeReasonsCA4otherreasonsCRL'
  }),
  refuse('4.14.20', 'InvalidonlySomeReasonsTest20EE', 'onlySomeReasonsCA4', {
    crls: 'onlySomeReasonsCA4compromiseCRL onlySomeReasonsCA4otherreasonsCRL'
  }),
  refuse('4.14.21', 'InvalidonlySomeReasonsTest21EE', 'onlySomeReasonsCA4', {
    crls: 'onlySomeReasonsCA4compromiseCRL onlySomeReasonsCA4otherreasonsCRL'
  }),
  accept('4.14.22', 'ValidIDPwithindirectCRLTest22EE', 'indirectCRLCA1'),
  refuse('4.14.23', 'InvalidIDPwithindirectCRLTest23EE', 'indirectCRLCA1'),
  accept('4.14.24', 'ValidIDPwithindirectCRLTest24EE', 'indirectCRLCA1 indirectCRLCA2', {
    crls: 'indirectCRLCA1CRL'
  }),
  accept('4.14.25', 'ValidIDPwithindirectCRLTest25EE', 'indirectCRLCA1 indirectCRLCA2', {
    crls: 'indirectCRLCA1CRL'
  }),
  refuse('4.14.26', 'InvalidIDPwithindirectCRLTest26EE', 'indirectCRLCA1 indirectCRLCA2', {
    crls: 'indirectCRLCA1CRL'
  }),
  refuse('4.14.27', 'InvalidcRLIssuerTest27EE', 'GoodCA indirectCRLCA2', { crls: 'GoodCACRL' }),
  accept('4.14.28', 'ValidcRLIssuerTest28EE', 'indirectCRLCA3 indirectCRLCA3cRLIssuer'),
  accept('4.14.29', 'ValidcRLIssuerTest29EE', 'indirectCRLCA3 indirectCRLCA3cRLIssuer'),
  accept('4.14.30', 'ValidcRLIssuerTest30EE', 'indirectCRLCA4 indirectCRLCA4cRLIssuer', {
    crls: 'indirectCRLCA4cRLIssuerCRL'
  }),
  refuse('4.14.31', 'InvalidcRLIssuerTest31EE', 'indirectCRLCA5 indirectCRLCA6', {
    crls: 'indirectCRLCA5CRL'
  }),
  refuse('4.14.32', 'InvalidcRLIssuerTest32EE', 'indirectCRLCA5 indirectCRLCA6', {
    crls: 'indirectCRLCA5CRL'
  }),
  accept('4.14.33', 'ValidcRLIssuerTest33EE', 'indirectCRLCA5 indirectCRLCA6', { crls: 'indirectCRLCA5CRL' }),
  refuse('4.14.34', 'InvalidcRLIssuerTest34EE', 'indirectCRLCA5'),
  refuse('4.14.35', 'InvalidcRLIssuerTest35EE', 'indirectCRLCA5'),

  // 4.15 delta lists
  refuse('4.15.1', 'InvaliddeltaCRLIndicatorNoBaseTest1EE', 'deltaCRLIndicatorNoBaseCA'),
  accept('4.15.2', 'ValiddeltaCRLTest2EE', 'deltaCRLCA1', { crls: 'deltaCRLCA1CRL deltaCRLCA1deltaCRL' }),
  refuse('4.15.3', 'InvaliddeltaCRLTest3EE', 'deltaCRLCA1', { crls: 'deltaCRLCA1CRL deltaCRLCA1deltaCRL' }),
  refuse('4.15.4', 'InvaliddeltaCRLTest4EE', 'deltaCRLCA1', { crls: 'deltaCRLCA1CRL deltaCRLCA1deltaCRL' }),
  accept('4.15.5', 'ValiddeltaCRLTest5EE', 'deltaCRLCA1', { crls: 'deltaCRLCA1CRL deltaCRLCA1deltaCRL' }),
  refuse('4.15.6', 'InvaliddeltaCRLTest6EE', 'deltaCRLCA1', { crls: 'deltaCRLCA1CRL deltaCRLCA1deltaCRL' }),
  accept('4.15.7', 'ValiddeltaCRLTest7EE', 'deltaCRLCA1', { crls: 'deltaCRLCA1CRL deltaCRLCA1deltaCRL' }),
  accept('4.15.8', 'ValiddeltaCRLTest8EE', 'deltaCRLCA2', { crls: 'deltaCRLCA2CRL deltaCRLCA2deltaCRL' }),
  refuse('4.15.9', 'InvaliddeltaCRLTest9EE', 'deltaCRLCA2', { crls: 'deltaCRLCA2CRL deltaCRLCA2deltaCRL' }),
  refuse('4.15.10', 'InvaliddeltaCRLTest10EE', 'deltaCRLCA3', { crls: 'deltaCRLCA3CRL deltaCRLCA3deltaCRL' }),

  // 4.16 private extensions
  accept('4.16.1', 'ValidUnknownNotCriticalCertificateExtensionTest1EE', ''),
  refuse('4.16.2', 'InvalidUnknownCriticalCertificateExtensionTest2EE', '')
];
