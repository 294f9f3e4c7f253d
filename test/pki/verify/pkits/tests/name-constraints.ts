/** Sections 4.13 of the NIST Public Key Interoperability Test Suite. */
import { accept, refuse, type PkitsTest } from './pkits-test.js';

export const nameConstraints: readonly PkitsTest[] = [
  // 4.13 name constraints
  accept('4.13.1', 'ValidDNnameConstraintsTest1EE', 'nameConstraintsDN1CA'),
  refuse('4.13.2', 'InvalidDNnameConstraintsTest2EE', 'nameConstraintsDN1CA'),
  refuse('4.13.3', 'InvalidDNnameConstraintsTest3EE', 'nameConstraintsDN1CA'),
  accept('4.13.4', 'ValidDNnameConstraintsTest4EE', 'nameConstraintsDN1CA'),
  accept('4.13.5', 'ValidDNnameConstraintsTest5EE', 'nameConstraintsDN2CA'),
  accept('4.13.6', 'ValidDNnameConstraintsTest6EE', 'nameConstraintsDN3CA'),
  refuse('4.13.7', 'InvalidDNnameConstraintsTest7EE', 'nameConstraintsDN3CA'),
  refuse('4.13.8', 'InvalidDNnameConstraintsTest8EE', 'nameConstraintsDN4CA'),
  refuse('4.13.9', 'InvalidDNnameConstraintsTest9EE', 'nameConstraintsDN4CA'),
  refuse('4.13.10', 'InvalidDNnameConstraintsTest10EE', 'nameConstraintsDN5CA'),
  accept('4.13.11', 'ValidDNnameConstraintsTest11EE', 'nameConstraintsDN5CA'),
  refuse('4.13.12', 'InvalidDNnameConstraintsTest12EE', 'nameConstraintsDN1CA nameConstraintsDN1subCA1'),
  refuse('4.13.13', 'InvalidDNnameConstraintsTest13EE', 'nameConstraintsDN1CA nameConstraintsDN1subCA2'),
  accept('4.13.14', 'ValidDNnameConstraintsTest14EE', 'nameConstraintsDN1CA nameConstraintsDN1subCA2'),
  refuse('4.13.15', 'InvalidDNnameConstraintsTest15EE', 'nameConstraintsDN3CA nameConstraintsDN3subCA1'),
  refuse('4.13.16', 'InvalidDNnameConstraintsTest16EE', 'nameConstraintsDN3CA nameConstraintsDN3subCA1'),
  refuse('4.13.17', 'InvalidDNnameConstraintsTest17EE', 'nameConstraintsDN3CA nameConstraintsDN3subCA2'),
  accept('4.13.18', 'ValidDNnameConstraintsTest18EE', 'nameConstraintsDN3CA nameConstraintsDN3subCA2'),
  accept('4.13.19', 'ValidDNnameConstraintsTest19EE', 'nameConstraintsDN1CA nameConstraintsDN1SelfIssuedCA'),
  refuse('4.13.20', 'InvalidDNnameConstraintsTest20EE', 'nameConstraintsDN1CA'),
  accept('4.13.21', 'ValidRFC822nameConstraintsTest21EE', 'nameConstraintsRFC822CA1'),
  refuse('4.13.22', 'InvalidRFC822nameConstraintsTest22EE', 'nameConstraintsRFC822CA1'),
  accept('4.13.23', 'ValidRFC822nameConstraintsTest23EE', 'nameConstraintsRFC822CA2'),
  refuse('4.13.24', 'InvalidRFC822nameConstraintsTest24EE', 'nameConstraintsRFC822CA2'),
  accept('4.13.25', 'ValidRFC822nameConstraintsTest25EE', 'nameConstraintsRFC822CA3'),
  refuse('4.13.26', 'InvalidRFC822nameConstraintsTest26EE', 'nameConstraintsRFC822CA3'),
  accept(
    '4.13.27',
    'ValidDNandRFC822nameConstraintsTest27EE',
    'nameConstraintsDN1CA nameConstraintsDN1subCA3'
  ),
  refuse(
    '4.13.28',
    'InvalidDNandRFC822nameConstraintsTest28EE',
    'nameConstraintsDN1CA nameConstraintsDN1subCA3'
  ),
  refuse(
    '4.13.29',
    'InvalidDNandRFC822nameConstraintsTest29EE',
    'nameConstraintsDN1CA nameConstraintsDN1subCA3'
  ),
  accept('4.13.30', 'ValidDNSnameConstraintsTest30EE', 'nameConstraintsDNS1CA'),
  refuse('4.13.31', 'InvalidDNSnameConstraintsTest31EE', 'nameConstraintsDNS1CA'),
  accept('4.13.32', 'ValidDNSnameConstraintsTest32EE', 'nameConstraintsDNS2CA'),
  refuse('4.13.33', 'InvalidDNSnameConstraintsTest33EE', 'nameConstraintsDNS2CA'),
  accept('4.13.34', 'ValidURInameConstraintsTest34EE', 'nameConstraintsURI1CA'),
  refuse('4.13.35', 'InvalidURInameConstraintsTest35EE', 'nameConstraintsURI1CA'),
  accept('4.13.36', 'ValidURInameConstraintsTest36EE', 'nameConstraintsURI2CA'),
  refuse('4.13.37', 'InvalidURInameConstraintsTest37EE', 'nameConstraintsURI2CA'),
  refuse('4.13.38', 'InvalidDNSnameConstraintsTest38EE', 'nameConstraintsDNS1CA')
];
