import { validateXML } from 'xmllint-wasm';
import { readXml, type XmlElement } from '../../pki/xml/index.js';
import type { Client, Reply } from './client.js';

/**
 * Our own reading of SEC Appendix M, Appendix B as a schema: no target namespace, element form qualified. The
 * judge of every answer in the tests.
 */
const schema = `<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified">
  <xs:simpleType name="Id"><xs:restriction base="xs:string"><xs:minLength value="1"/><xs:maxLength value="32"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Version"><xs:restriction base="xs:string"><xs:enumeration value="1.0"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Status"><xs:restriction base="xs:string">
    <xs:enumeration value="SUCCESS"/><xs:enumeration value="UNKNOWN_DEVICE"/><xs:enumeration value="ISSUANCE_ANOMALY"/>
    <xs:enumeration value="CSR_ERROR"/><xs:enumeration value="CA_ERROR"/><xs:enumeration value="FORMAT_ERROR"/>
    <xs:enumeration value="WORKFLOW_ERROR"/>
  </xs:restriction></xs:simpleType>
  <xs:simpleType name="ErrorCode"><xs:restriction base="xs:string">
    <xs:pattern value="[A-Z]{2}:[A-Za-z0-9]+"/><xs:minLength value="1"/><xs:maxLength value="10"/>
  </xs:restriction></xs:simpleType>
  <xs:element name="DeviceCertificateSigningRequest">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="Version" type="Version"/>
        <xs:element name="CertificateSigningRequest" type="xs:base64Binary"/>
      </xs:sequence>
      <xs:attribute name="ID" type="Id" use="required"/>
    </xs:complexType>
  </xs:element>
  <xs:element name="DeviceCertificateSigningResponse">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="Version" type="Version"/>
        <xs:element name="Build" type="xs:string"/>
        <xs:element name="TransactionId" type="xs:positiveInteger"/>
        <xs:element name="Status" type="Status"/>
        <xs:choice>
          <xs:element name="Certificate" type="xs:base64Binary"/>
          <xs:element name="Error">
            <xs:complexType>
              <xs:sequence>
                <xs:element name="ErrorCode" type="ErrorCode"/>
                <xs:element name="ErrorText" type="xs:string"/>
              </xs:sequence>
            </xs:complexType>
          </xs:element>
        </xs:choice>
      </xs:sequence>
      <xs:attribute name="ID" type="Id"/>
    </xs:complexType>
  </xs:element>
</xs:schema>`;

export interface AdHocAnswer {
  readonly http: number;
  readonly id: string | undefined;
  readonly transactionId: bigint;
  readonly status: string;
  readonly errorCode: string | undefined;
  readonly certificate: Uint8Array | undefined;
}

export function adHocRequest(csr: Uint8Array | string, id = 'T1', version = '1.0'): string {
  const text = typeof csr === 'string' ? csr : Buffer.from(csr).toString('base64');
  return (
    `<?xml version="1.0" encoding="UTF-8"?><DeviceCertificateSigningRequest ID="${id}">` +
    `<Version>${version}</Version><CertificateSigningRequest>${text}</CertificateSigningRequest>` +
    '</DeviceCertificateSigningRequest>'
  );
}

/** Faults that the schema finds in documents; none when all are valid. */
export async function schemaFaults(...documents: readonly string[]): Promise<readonly string[]> {
  const result = await validateXML({
    xml: documents.map((contents, index) => ({ fileName: `message-${index}.xml`, contents })),
    schema: [schema]
  });
  return result.errors.map(({ message }) => message);
}

/** Sends a body to the ad hoc service and reads the answer, which must follow the schema. */
export async function adHoc(
  client: Client,
  body: string | Uint8Array,
  contentType = 'application/xml;charset=UTF-8'
): Promise<AdHocAnswer> {
  const [answer] = await adHocEach(client, [body], contentType);
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

/** The same for many bodies, one after the other. */
export async function adHocEach(
  client: Client,
  bodies: readonly (string | Uint8Array)[],
  contentType = 'application/xml;charset=UTF-8'
): Promise<AdHocAnswer[]> {
  const replies: Reply[] = [];
  for (const body of bodies)
    replies.push(
      await client.send({
        method: 'POST',
        path: '/1.0/AdHocDeviceCSR',
        headers: { 'content-type': contentType },
        body
      })
    );
  for (const { headers, body } of replies)
    if (headers['content-type'] !== 'application/xml;charset=UTF-8')
      throw new Error(`content type ${headers['content-type'] ?? 'missing'}: ${body.toString()}`);
  const faults = await schemaFaults(...replies.map(({ body }) => body.toString('utf8')));
  if (faults.length > 0) throw new Error(`an answer breaks the schema: ${faults.join('; ')}`);
  return replies.map(readAnswer);
}

function readAnswer(reply: Reply): AdHocAnswer {
  const root = readXml(reply.body, {
    maxOctets: 65_536,
    maxDepth: 4,
    maxElements: 16,
    maxAttributes: 4,
    comments: 'refuse'
  });
  const child = (of: XmlElement | undefined, name: string) =>
    of?.children.find(element => element.name === name);
  const certificate = child(root, 'Certificate')?.text;
  return {
    http: reply.status,
    id: root.attributes[0]?.value,
    transactionId: BigInt(child(root, 'TransactionId')?.text ?? '0'),
    status: child(root, 'Status')?.text ?? '',
    errorCode: child(child(root, 'Error'), 'ErrorCode')?.text,
    certificate: certificate === undefined ? undefined : new Uint8Array(Buffer.from(certificate, 'base64'))
  };
}
