/** Sections 4.8 to 4.12 of the NIST Public Key Interoperability Test Suite. */
import { accept, refuse, type PkitsTest } from './pkits-test.js';

export const policies: readonly PkitsTest[] = [
  // 4.8 certificate policies
  accept('4.8.1.1', 'ValidCertificatePathTest1EE', 'GoodCA', { policy: { explicitPolicy: true } }),
  accept('4.8.1.2', 'ValidCertificatePathTest1EE', 'GoodCA', {
    policy: { initialPolicySet: ['P1'], explicitPolicy: true }
  }),
  refuse('4.8.1.3', 'ValidCertificatePathTest1EE', 'GoodCA', {
    policy: { initialPolicySet: ['P2'], explicitPolicy: true }
  }),
  accept('4.8.1.4', 'ValidCertificatePathTest1EE', 'GoodCA', {
    policy: { initialPolicySet: ['P1', 'P2'], explicitPolicy: true }
  }),
  accept('4.8.2.1', 'AllCertificatesNoPoliciesTest2EE', 'NoPoliciesCA'),
  refuse('4.8.2.2', 'AllCertificatesNoPoliciesTest2EE', 'NoPoliciesCA', { policy: { explicitPolicy: true } }),
  accept('4.8.3.1', 'DifferentPoliciesTest3EE', 'GoodCA PoliciesP2subCA'),
  refuse('4.8.3.2', 'DifferentPoliciesTest3EE', 'GoodCA PoliciesP2subCA', {
    policy: { explicitPolicy: true }
  }),
  refuse('4.8.3.3', 'DifferentPoliciesTest3EE', 'GoodCA PoliciesP2subCA', {
    policy: { initialPolicySet: ['P1', 'P2'], explicitPolicy: true }
  }),
  refuse('4.8.4', 'DifferentPoliciesTest4EE', 'GoodCA GoodsubCA'),
  refuse('4.8.5', 'DifferentPoliciesTest5EE', 'GoodCA PoliciesP2subCA2'),
  accept(
    '4.8.6.1',
    'OverlappingPoliciesTest6EE',
    'PoliciesP1234CA PoliciesP1234subCAP123 PoliciesP1234subsubCAP123P12'
  ),
  accept(
    '4.8.6.2',
    'OverlappingPoliciesTest6EE',
    'PoliciesP1234CA PoliciesP1234subCAP123 PoliciesP1234subsubCAP123P12',
    { policy: { initialPolicySet: ['P1'] } }
  ),
  refuse(
    '4.8.6.3',
    'OverlappingPoliciesTest6EE',
    'PoliciesP1234CA PoliciesP1234subCAP123 PoliciesP1234subsubCAP123P12',
    { policy: { initialPolicySet: ['P2'] } }
  ),
  refuse(
    '4.8.7',
    'DifferentPoliciesTest7EE',
    'PoliciesP123CA PoliciesP123subCAP12 PoliciesP123subsubCAP12P1'
  ),
  refuse('4.8.8', 'DifferentPoliciesTest8EE', 'PoliciesP12CA PoliciesP12subCAP1 PoliciesP12subsubCAP1P2'),
  refuse(
    '4.8.9',
    'DifferentPoliciesTest9EE',
    'PoliciesP123CA PoliciesP123subCAP12 PoliciesP123subsubCAP12P2 PoliciesP123subsubsubCAP12P2P1',
    {
      crls: 'PoliciesP123CACRL PoliciesP123subCAP12CRL PoliciesP123subsubCAP2P2CRL PoliciesP123subsubsubCAP12P2P1CRL'
    }
  ),
  accept('4.8.10.1', 'AllCertificatesSamePoliciesTest10EE', 'PoliciesP12CA'),
  accept('4.8.10.2', 'AllCertificatesSamePoliciesTest10EE', 'PoliciesP12CA', {
    policy: { initialPolicySet: ['P1'] }
  }),
  accept('4.8.10.3', 'AllCertificatesSamePoliciesTest10EE', 'PoliciesP12CA', {
    policy: { initialPolicySet: ['P2'] }
  }),
  accept('4.8.11.1', 'AllCertificatesanyPolicyTest11EE', 'anyPolicyCA'),
  accept('4.8.11.2', 'AllCertificatesanyPolicyTest11EE', 'anyPolicyCA', {
    policy: { initialPolicySet: ['P1'] }
  }),
  refuse('4.8.12', 'DifferentPoliciesTest12EE', 'PoliciesP3CA'),
  accept('4.8.13.1', 'AllCertificatesSamePoliciesTest13EE', 'PoliciesP123CA', {
    policy: { initialPolicySet: ['P1'] }
  }),
  accept('4.8.13.2', 'AllCertificatesSamePoliciesTest13EE', 'PoliciesP123CA', {
    policy: { initialPolicySet: ['P2'] }
  }),
  accept('4.8.13.3', 'AllCertificatesSamePoliciesTest13EE', 'PoliciesP123CA', {
    policy: { initialPolicySet: ['P3'] }
  }),
  accept('4.8.14.1', 'AnyPolicyTest14EE', 'anyPolicyCA', { policy: { initialPolicySet: ['P1'] } }),
  refuse('4.8.14.2', 'AnyPolicyTest14EE', 'anyPolicyCA', { policy: { initialPolicySet: ['P2'] } }),
  accept('4.8.15', 'UserNoticeQualifierTest15EE', ''),
  accept('4.8.16', 'UserNoticeQualifierTest16EE', 'GoodCA'),
  accept('4.8.17', 'UserNoticeQualifierTest17EE', 'GoodCA'),
  accept('4.8.18.1', 'UserNoticeQualifierTest18EE', 'PoliciesP12CA', {
    policy: { initialPolicySet: ['P1'] }
  }),
  accept('4.8.18.2', 'UserNoticeQualifierTest18EE', 'PoliciesP12CA', {
    policy: { initialPolicySet: ['P2'] }
  }),
  accept('4.8.19', 'UserNoticeQualifierTest19EE', ''),
  accept('4.8.20', 'CPSPointerQualifierTest20EE', 'GoodCA', { policy: { explicitPolicy: true } }),

  // 4.9 require explicit policy
  accept(
    '4.9.1',
    'ValidrequireExplicitPolicyTest1EE',
    'requireExplicitPolicy10CA requireExplicitPolicy10subCA requireExplicitPolicy10subsubCA requireExplicitPolicy10subsubsubCA'
  ),
  accept(
    '4.9.2',
    'ValidrequireExplicitPolicyTest2EE',
    'requireExplicitPolicy5CA requireExplicitPolicy5subCA requireExplicitPolicy5subsubCA requireExplicitPolicy5subsubsubCA'
  ),
  refuse(
    '4.9.3',
    'InvalidrequireExplicitPolicyTest3EE',
    'requireExplicitPolicy4CA requireExplicitPolicy4subCA requireExplicitPolicy4subsubCA requireExplicitPolicy4subsubsubCA'
  ),
  accept(
    '4.9.4',
    'ValidrequireExplicitPolicyTest4EE',
    'requireExplicitPolicy0CA requireExplicitPolicy0subCA requireExplicitPolicy0subsubCA requireExplicitPolicy0subsubsubCA'
  ),
  refuse(
    '4.9.5',
    'InvalidrequireExplicitPolicyTest5EE',
    'requireExplicitPolicy7CA requireExplicitPolicy7subCARE2 requireExplicitPolicy7subsubCARE2RE4 requireExplicitPolicy7subsubsubCARE2RE4'
  ),
  accept(
    '4.9.6',
    'ValidSelfIssuedrequireExplicitPolicyTest6EE',
    'requireExplicitPolicy2CA requireExplicitPolicy2SelfIssuedCA'
  ),
  refuse(
    '4.9.7',
    'InvalidSelfIssuedrequireExplicitPolicyTest7EE',
    'requireExplicitPolicy2CA requireExplicitPolicy2subCA requireExplicitPolicy2SelfIssuedCA'
  ),
  refuse(
    '4.9.8',
    'InvalidSelfIssuedrequireExplicitPolicyTest8EE',
    'requireExplicitPolicy2CA requireExplicitPolicy2subCA requireExplicitPolicy2SelfIssuedCA requireExplicitPolicy2SelfIssuedsubCA'
  ),

  // 4.10 policy mappings
  accept('4.10.1.1', 'ValidPolicyMappingTest1EE', 'Mapping1to2CA', { policy: { initialPolicySet: ['P1'] } }),
  refuse('4.10.1.2', 'ValidPolicyMappingTest1EE', 'Mapping1to2CA', { policy: { initialPolicySet: ['P2'] } }),
  refuse('4.10.1.3', 'ValidPolicyMappingTest1EE', 'Mapping1to2CA', { policy: { inhibitMapping: true } }),
  refuse('4.10.2.1', 'InvalidPolicyMappingTest2EE', 'Mapping1to2CA'),
  refuse('4.10.2.2', 'InvalidPolicyMappingTest2EE', 'Mapping1to2CA', { policy: { inhibitMapping: true } }),
  refuse(
    '4.10.3.1',
    'ValidPolicyMappingTest3EE',
    'P12Mapping1to3CA P12Mapping1to3subCA P12Mapping1to3subsubCA',
    { policy: { initialPolicySet: ['P1'] } }
  ),
  accept(
    '4.10.3.2',
    'ValidPolicyMappingTest3EE',
    'P12Mapping1to3CA P12Mapping1to3subCA P12Mapping1to3subsubCA',
    { policy: { initialPolicySet: ['P2'] } }
  ),
  refuse(
    '4.10.4',
    'InvalidPolicyMappingTest4EE',
    'P12Mapping1to3CA P12Mapping1to3subCA P12Mapping1to3subsubCA'
  ),
  accept('4.10.5.1', 'ValidPolicyMappingTest5EE', 'P1Mapping1to234CA P1Mapping1to234subCA', {
    policy: { initialPolicySet: ['P1'] }
  }),
  refuse('4.10.5.2', 'ValidPolicyMappingTest5EE', 'P1Mapping1to234CA P1Mapping1to234subCA', {
    policy: { initialPolicySet: ['P6'] }
  }),
  accept('4.10.6.1', 'ValidPolicyMappingTest6EE', 'P1Mapping1to234CA P1Mapping1to234subCA', {
    policy: { initialPolicySet: ['P1'] }
  }),
  refuse('4.10.6.2', 'ValidPolicyMappingTest6EE', 'P1Mapping1to234CA P1Mapping1to234subCA', {
    policy: { initialPolicySet: ['P6'] }
  }),
  refuse('4.10.7', 'InvalidMappingFromanyPolicyTest7EE', 'MappingFromanyPolicyCA'),
  refuse('4.10.8', 'InvalidMappingToanyPolicyTest8EE', 'MappingToanyPolicyCA'),
  accept('4.10.9', 'ValidPolicyMappingTest9EE', 'PanyPolicyMapping1to2CA'),
  refuse('4.10.10', 'InvalidPolicyMappingTest10EE', 'GoodCA GoodsubCAPanyPolicyMapping1to2CA'),
  accept('4.10.11', 'ValidPolicyMappingTest11EE', 'GoodCA GoodsubCAPanyPolicyMapping1to2CA'),
  accept('4.10.12.1', 'ValidPolicyMappingTest12EE', 'P12Mapping1to3CA', {
    policy: { initialPolicySet: ['P1'] }
  }),
  accept('4.10.12.2', 'ValidPolicyMappingTest12EE', 'P12Mapping1to3CA', {
    policy: { initialPolicySet: ['P2'] }
  }),
  accept('4.10.13', 'ValidPolicyMappingTest13EE', 'P1anyPolicyMapping1to2CA'),
  accept('4.10.14', 'ValidPolicyMappingTest14EE', 'P1anyPolicyMapping1to2CA'),

  // 4.11 inhibit policy mapping
  refuse(
    '4.11.1',
    'InvalidinhibitPolicyMappingTest1EE',
    'inhibitPolicyMapping0CA inhibitPolicyMapping0subCA'
  ),
  accept(
    '4.11.2',
    'ValidinhibitPolicyMappingTest2EE',
    'inhibitPolicyMapping1P12CA inhibitPolicyMapping1P12subCA'
  ),
  refuse(
    '4.11.3',
    'InvalidinhibitPolicyMappingTest3EE',
    'inhibitPolicyMapping1P12CA inhibitPolicyMapping1P12subCA inhibitPolicyMapping1P12subsubCA'
  ),
  accept(
    '4.11.4',
    'ValidinhibitPolicyMappingTest4EE',
    'inhibitPolicyMapping1P12CA inhibitPolicyMapping1P12subCA inhibitPolicyMapping1P12subsubCA'
  ),
  refuse(
    '4.11.5',
    'InvalidinhibitPolicyMappingTest5EE',
    'inhibitPolicyMapping5CA inhibitPolicyMapping5subCA inhibitPolicyMapping5subsubCA inhibitPolicyMapping5subsubsubCA'
  ),
  refuse(
    '4.11.6',
    'InvalidinhibitPolicyMappingTest6EE',
    'inhibitPolicyMapping1P12CA inhibitPolicyMapping1P12subCAIPM5 inhibitPolicyMapping1P12subsubCAIPM5'
  ),
  accept(
    '4.11.7',
    'ValidSelfIssuedinhibitPolicyMappingTest7EE',
    'inhibitPolicyMapping1P1CA inhibitPolicyMapping1P1subCA inhibitPolicyMapping1P1SelfIssuedCA'
  ),
  refuse(
    '4.11.8',
    'InvalidSelfIssuedinhibitPolicyMappingTest8EE',
    'inhibitPolicyMapping1P1CA inhibitPolicyMapping1P1subCA inhibitPolicyMapping1P1subsubCA inhibitPolicyMapping1P1SelfIssuedCA'
  ),
  refuse(
    '4.11.9',
    'InvalidSelfIssuedinhibitPolicyMappingTest9EE',
    'inhibitPolicyMapping1P1CA inhibitPolicyMapping1P1subCA inhibitPolicyMapping1P1subsubCA inhibitPolicyMapping1P1SelfIssuedCA'
  ),
  refuse(
    '4.11.10',
    'InvalidSelfIssuedinhibitPolicyMappingTest10EE',
    'inhibitPolicyMapping1P1CA inhibitPolicyMapping1P1subCA inhibitPolicyMapping1P1SelfIssuedCA inhibitPolicyMapping1P1SelfIssuedsubCA'
  ),
  refuse(
    '4.11.11',
    'InvalidSelfIssuedinhibitPolicyMappingTest11EE',
    'inhibitPolicyMapping1P1CA inhibitPolicyMapping1P1subCA inhibitPolicyMapping1P1SelfIssuedCA inhibitPolicyMapping1P1SelfIssuedsubCA'
  ),

  // 4.12 inhibit any policy
  refuse('4.12.1', 'InvalidinhibitAnyPolicyTest1EE', 'inhibitAnyPolicy0CA'),
  accept('4.12.2', 'ValidinhibitAnyPolicyTest2EE', 'inhibitAnyPolicy0CA'),
  accept('4.12.3.1', 'inhibitAnyPolicyTest3EE', 'inhibitAnyPolicy1CA inhibitAnyPolicy1subCA1'),
  refuse('4.12.3.2', 'inhibitAnyPolicyTest3EE', 'inhibitAnyPolicy1CA inhibitAnyPolicy1subCA1', {
    policy: { inhibitAnyPolicy: true }
  }),
  refuse('4.12.4', 'InvalidinhibitAnyPolicyTest4EE', 'inhibitAnyPolicy1CA inhibitAnyPolicy1subCA1'),
  refuse(
    '4.12.5',
    'InvalidinhibitAnyPolicyTest5EE',
    'inhibitAnyPolicy5CA inhibitAnyPolicy5subCA inhibitAnyPolicy5subsubCA'
  ),
  refuse('4.12.6', 'InvalidinhibitAnyPolicyTest6EE', 'inhibitAnyPolicy1CA inhibitAnyPolicy1subCAIAP5'),
  accept(
    '4.12.7',
    'ValidSelfIssuedinhibitAnyPolicyTest7EE',
    'inhibitAnyPolicy1CA inhibitAnyPolicy1subCA2 inhibitAnyPolicy1SelfIssuedCA'
  ),
  refuse(
    '4.12.8',
    'InvalidSelfIssuedinhibitAnyPolicyTest8EE',
    'inhibitAnyPolicy1CA inhibitAnyPolicy1subCA2 inhibitAnyPolicy1subsubCA2 inhibitAnyPolicy1SelfIssuedCA'
  ),
  accept(
    '4.12.9',
    'ValidSelfIssuedinhibitAnyPolicyTest9EE',
    'inhibitAnyPolicy1CA inhibitAnyPolicy1subCA2 inhibitAnyPolicy1SelfIssuedCA inhibitAnyPolicy1SelfIssuedsubCA2'
  ),
  refuse(
    '4.12.10',
    'InvalidSelfIssuedinhibitAnyPolicyTest10EE',
    'inhibitAnyPolicy1CA inhibitAnyPolicy1subCA2 inhibitAnyPolicy1SelfIssuedCA'
  )
];
