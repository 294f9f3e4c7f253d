/** Sections 4.1 to 4.7 of the NIST Public Key Interoperability Test Suite. */
import { accept, refuse, type PkitsTest } from './pkits-test.js';

export const basics: readonly PkitsTest[] = [
  // 4.1 signature verification
  accept('4.1.1', 'ValidCertificatePathTest1EE', 'GoodCA'),
  refuse('4.1.2', 'InvalidCASignatureTest2EE', 'BadSignedCA'),
  refuse('4.1.3', 'InvalidEESignatureTest3EE', 'GoodCA'),
  accept('4.1.4', 'ValidDSASignaturesTest4EE', 'DSACA'),
  accept('4.1.5', 'ValidDSAParameterInheritanceTest5EE', 'DSACA DSAParametersInheritedCA'),
  refuse('4.1.6', 'InvalidDSASignatureTest6EE', 'DSACA'),

  // 4.2 validity periods
  refuse('4.2.1', 'InvalidCAnotBeforeDateTest1EE', 'BadnotBeforeDateCA'),
  refuse('4.2.2', 'InvalidEEnotBeforeDateTest2EE', 'GoodCA'),
  accept('4.2.3', 'Validpre2000UTCnotBeforeDateTest3EE', 'GoodCA'),
  accept('4.2.4', 'ValidGeneralizedTimenotBeforeDateTest4EE', 'GoodCA'),
  refuse('4.2.5', 'InvalidCAnotAfterDateTest5EE', 'BadnotAfterDateCA'),
  refuse('4.2.6', 'InvalidEEnotAfterDateTest6EE', 'GoodCA'),
  refuse('4.2.7', 'Invalidpre2000UTCEEnotAfterDateTest7EE', 'GoodCA'),
  accept('4.2.8', 'ValidGeneralizedTimenotAfterDateTest8EE', 'GoodCA'),

  // 4.3 name chaining
  refuse('4.3.1', 'InvalidNameChainingTest1EE', 'GoodCA'),
  refuse('4.3.2', 'InvalidNameChainingOrderTest2EE', 'NameOrderingCA', { crls: 'NameOrderCACRL' }),
  accept('4.3.3', 'ValidNameChainingWhitespaceTest3EE', 'GoodCA'),
  accept('4.3.4', 'ValidNameChainingWhitespaceTest4EE', 'GoodCA'),
  accept('4.3.5', 'ValidNameChainingCapitalizationTest5EE', 'GoodCA'),
  accept('4.3.6', 'ValidNameUIDsTest6EE', 'UIDCA'),
  accept('4.3.7', 'ValidRFC3280MandatoryAttributeTypesTest7EE', 'RFC3280MandatoryAttributeTypesCA'),
  accept('4.3.8', 'ValidRFC3280OptionalAttributeTypesTest8EE', 'RFC3280OptionalAttributeTypesCA'),
  accept('4.3.9', 'ValidUTF8StringEncodedNamesTest9EE', 'UTF8StringEncodedNamesCA'),
  accept(
    '4.3.10',
    'ValidRolloverfromPrintableStringtoUTF8StringTest10EE',
    'RolloverfromPrintableStringtoUTF8StringCA'
  ),
  accept('4.3.11', 'ValidUTF8StringCaseInsensitiveMatchTest11EE', 'UTF8StringCaseInsensitiveMatchCA'),

  // 4.4 basic revocation
  refuse('4.4.1', 'InvalidMissingCRLTest1EE', 'NoCRLCA', { crls: '' }),
  refuse('4.4.2', 'InvalidRevokedCATest2EE', 'GoodCA RevokedsubCA'),
  refuse('4.4.3', 'InvalidRevokedEETest3EE', 'GoodCA'),
  refuse('4.4.4', 'InvalidBadCRLSignatureTest4EE', 'BadCRLSignatureCA'),
  refuse('4.4.5', 'InvalidBadCRLIssuerNameTest5EE', 'BadCRLIssuerNameCA'),
  refuse('4.4.6', 'InvalidWrongCRLTest6EE', 'WrongCRLCA', { crls: '' }),
  accept('4.4.7', 'ValidTwoCRLsTest7EE', 'TwoCRLsCA', { crls: 'TwoCRLsCABadCRL TwoCRLsCAGoodCRL' }),
  refuse('4.4.8', 'InvalidUnknownCRLEntryExtensionTest8EE', 'UnknownCRLEntryExtensionCA'),
  refuse('4.4.9', 'InvalidUnknownCRLExtensionTest9EE', 'UnknownCRLExtensionCA'),
  refuse('4.4.10', 'InvalidUnknownCRLExtensionTest10EE', 'UnknownCRLExtensionCA'),
  refuse('4.4.11', 'InvalidOldCRLnextUpdateTest11EE', 'OldCRLnextUpdateCA'),
  refuse('4.4.12', 'Invalidpre2000CRLnextUpdateTest12EE', 'pre2000CRLnextUpdateCA'),
  accept('4.4.13', 'ValidGeneralizedTimeCRLnextUpdateTest13EE', 'GeneralizedTimeCRLnextUpdateCA'),
  accept('4.4.14', 'ValidNegativeSerialNumberTest14EE', 'NegativeSerialNumberCA'),
  refuse('4.4.15', 'InvalidNegativeSerialNumberTest15EE', 'NegativeSerialNumberCA'),
  accept('4.4.16', 'ValidLongSerialNumberTest16EE', 'LongSerialNumberCA'),
  accept('4.4.17', 'ValidLongSerialNumberTest17EE', 'LongSerialNumberCA'),
  refuse('4.4.18', 'InvalidLongSerialNumberTest18EE', 'LongSerialNumberCA'),
  accept(
    '4.4.19',
    'ValidSeparateCertificateandCRLKeysTest19EE',
    'SeparateCertificateandCRLKeysCRLSigning SeparateCertificateandCRLKeysCertificateSigningCA',
    { crls: 'SeparateCertificateandCRLKeysCRL' }
  ),
  refuse(
    '4.4.20',
    'InvalidSeparateCertificateandCRLKeysTest20EE',
    'SeparateCertificateandCRLKeysCRLSigning SeparateCertificateandCRLKeysCertificateSigningCA',
    { crls: 'SeparateCertificateandCRLKeysCRL' }
  ),
  refuse(
    '4.4.21',
    'InvalidSeparateCertificateandCRLKeysTest21EE',
    'SeparateCertificateandCRLKeysCA2CRLSigning SeparateCertificateandCRLKeysCA2CertificateSigningCA',
    { crls: 'SeparateCertificateandCRLKeysCA2CRL' }
  ),

  // 4.5 self-issued certificates
  accept(
    '4.5.1',
    'ValidBasicSelfIssuedOldWithNewTest1EE',
    'BasicSelfIssuedNewKeyCA BasicSelfIssuedNewKeyOldWithNewCA',
    { crls: 'BasicSelfIssuedNewKeyCACRL' }
  ),
  refuse(
    '4.5.2',
    'InvalidBasicSelfIssuedOldWithNewTest2EE',
    'BasicSelfIssuedNewKeyCA BasicSelfIssuedNewKeyOldWithNewCA',
    { crls: 'BasicSelfIssuedNewKeyCACRL' }
  ),
  accept(
    '4.5.3',
    'ValidBasicSelfIssuedNewWithOldTest3EE',
    'BasicSelfIssuedOldKeyCA BasicSelfIssuedOldKeyNewWithOldCA',
    { crls: 'BasicSelfIssuedOldKeyCACRL BasicSelfIssuedOldKeySelfIssuedCertCRL' }
  ),
  accept(
    '4.5.4',
    'ValidBasicSelfIssuedNewWithOldTest4EE',
    'BasicSelfIssuedOldKeyCA BasicSelfIssuedOldKeyNewWithOldCA',
    { crls: 'BasicSelfIssuedOldKeyCACRL BasicSelfIssuedOldKeySelfIssuedCertCRL' }
  ),
  refuse(
    '4.5.5',
    'InvalidBasicSelfIssuedNewWithOldTest5EE',
    'BasicSelfIssuedOldKeyCA BasicSelfIssuedOldKeyNewWithOldCA',
    { crls: 'BasicSelfIssuedOldKeyCACRL BasicSelfIssuedOldKeySelfIssuedCertCRL' }
  ),
  accept(
    '4.5.6',
    'ValidBasicSelfIssuedCRLSigningKeyTest6EE',
    'BasicSelfIssuedCRLSigningKeyCA BasicSelfIssuedCRLSigningKeyCRL',
    { crls: 'BasicSelfIssuedCRLSigningKeyCACRL BasicSelfIssuedCRLSigningKeyCRLCertCRL' }
  ),
  refuse(
    '4.5.7',
    'InvalidBasicSelfIssuedCRLSigningKeyTest7EE',
    'BasicSelfIssuedCRLSigningKeyCA BasicSelfIssuedCRLSigningKeyCRL',
    { crls: 'BasicSelfIssuedCRLSigningKeyCACRL BasicSelfIssuedCRLSigningKeyCRLCertCRL' }
  ),
  refuse(
    '4.5.8',
    'InvalidBasicSelfIssuedCRLSigningKeyTest8EE',
    'BasicSelfIssuedCRLSigningKeyCA BasicSelfIssuedCRLSigningKeyCRL',
    { crls: 'BasicSelfIssuedCRLSigningKeyCACRL BasicSelfIssuedCRLSigningKeyCRLCertCRL' }
  ),

  // 4.6 basic constraints
  refuse('4.6.1', 'InvalidMissingbasicConstraintsTest1EE', 'MissingbasicConstraintsCA'),
  refuse('4.6.2', 'InvalidcAFalseTest2EE', 'basicConstraintsCriticalcAFalseCA'),
  refuse('4.6.3', 'InvalidcAFalseTest3EE', 'basicConstraintsNotCriticalcAFalseCA'),
  accept('4.6.4', 'ValidbasicConstraintsNotCriticalTest4EE', 'basicConstraintsNotCriticalCA'),
  refuse('4.6.5', 'InvalidpathLenConstraintTest5EE', 'pathLenConstraint0CA pathLenConstraint0subCA'),
  refuse('4.6.6', 'InvalidpathLenConstraintTest6EE', 'pathLenConstraint0CA pathLenConstraint0subCA'),
  accept('4.6.7', 'ValidpathLenConstraintTest7EE', 'pathLenConstraint0CA'),
  accept('4.6.8', 'ValidpathLenConstraintTest8EE', 'pathLenConstraint0CA'),
  refuse(
    '4.6.9',
    'InvalidpathLenConstraintTest9EE',
    'pathLenConstraint6CA pathLenConstraint6subCA0 pathLenConstraint6subsubCA00'
  ),
  refuse(
    '4.6.10',
    'InvalidpathLenConstraintTest10EE',
    'pathLenConstraint6CA pathLenConstraint6subCA0 pathLenConstraint6subsubCA00'
  ),
  refuse(
    '4.6.11',
    'InvalidpathLenConstraintTest11EE',
    'pathLenConstraint6CA pathLenConstraint6subCA1 pathLenConstraint6subsubCA11 pathLenConstraint6subsubsubCA11X'
  ),
  refuse(
    '4.6.12',
    'InvalidpathLenConstraintTest12EE',
    'pathLenConstraint6CA pathLenConstraint6subCA1 pathLenConstraint6subsubCA11 pathLenConstraint6subsubsubCA11X'
  ),
  accept(
    '4.6.13',
    'ValidpathLenConstraintTest13EE',
    'pathLenConstraint6CA pathLenConstraint6subCA4 pathLenConstraint6subsubCA41 pathLenConstraint6subsubsubCA41X'
  ),
  accept(
    '4.6.14',
    'ValidpathLenConstraintTest14EE',
    'pathLenConstraint6CA pathLenConstraint6subCA4 pathLenConstraint6subsubCA41 pathLenConstraint6subsubsubCA41X'
  ),
  accept(
    '4.6.15',
    'ValidSelfIssuedpathLenConstraintTest15EE',
    'pathLenConstraint0CA pathLenConstraint0SelfIssuedCA'
  ),
  refuse(
    '4.6.16',
    'InvalidSelfIssuedpathLenConstraintTest16EE',
    'pathLenConstraint0CA pathLenConstraint0subCA2 pathLenConstraint0SelfIssuedCA'
  ),
  accept(
    '4.6.17',
    'ValidSelfIssuedpathLenConstraintTest17EE',
    'pathLenConstraint1CA pathLenConstraint1subCA pathLenConstraint1SelfIssuedCA pathLenConstraint1SelfIssuedsubCA'
  ),

  // 4.7 key usage
  refuse('4.7.1', 'InvalidkeyUsageCriticalkeyCertSignFalseTest1EE', 'keyUsageCriticalkeyCertSignFalseCA'),
  refuse(
    '4.7.2',
    'InvalidkeyUsageNotCriticalkeyCertSignFalseTest2EE',
    'keyUsageNotCriticalkeyCertSignFalseCA'
  ),
  accept('4.7.3', 'ValidkeyUsageNotCriticalTest3EE', 'keyUsageNotCriticalCA'),
  refuse('4.7.4', 'InvalidkeyUsageCriticalcRLSignFalseTest4EE', 'keyUsageCriticalcRLSignFalseCA'),
  refuse('4.7.5', 'InvalidkeyUsageNotCriticalcRLSignFalseTest5EE', 'keyUsageNotCriticalcRLSignFalseCA')
];
