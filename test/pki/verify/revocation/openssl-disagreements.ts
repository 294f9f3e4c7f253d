/** What is accepted here and refused by OpenSSL, by rule and case, each with the clause that says so. */
export const accepted: ReadonlyMap<string, string> = new Map([
  [
    'a list is in force from thisUpdate to nextUpdate, both included: at nextUpdate',
    'RFC 5280 6.3.3 (a): a list is past when the current time is after nextUpdate; OpenSSL counts the second itself as past'
  ],
  [
    'nobody vouches for himself, unless his issuer has named him as the issuer of lists about him: named as cRLIssuer in his own certificate',
    'RFC 5280 4.2.1.13, 6.3.3 (b), (f), and NIST PKITS 4.14.30; OpenSSL verifies no list by a certificate outside the path of another list'
  ],
  [
    'distinguished names of points compare as names, and a relative one stands under its issuer: the issuer’s own name, no point in the certificate',
    'RFC 5280 6.3.3, last paragraph: a certificate without points is taken as one with the name of its issuer'
  ],
  [
    'a list counts for the reasons that both it and the distribution point name: two points of one list',
    'RFC 5280 6.3.3 (d), (l): every point is processed and the reasons add up; OpenSSL takes the first point that fits'
  ],
  [
    'what a delta list says comes before what the complete list says: on hold in an older delta, taken off in the newest',
    'RFC 5280 5.2.3: the greater number supersedes; OpenSSL takes the first delta it is handed'
  ],
  [
    'a delta list in force makes a complete list that is past as current as itself; a past one takes nothing off: a delta published after the moment asked about',
    'RFC 5280 5.1.2.4, 6.3.3 (a): thisUpdate is the date of issue; OpenSSL does not look at that of a delta'
  ]
]);
