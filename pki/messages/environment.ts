/** The two environments; each refuses the other's anchors, OIDs and keys. */
export const environments = ['test', 'live'] as const;
export type Environment = (typeof environments)[number];

/** The trust domains. Each has its own root, issuing CAs, policy OIDs and rules. */
export const domains = ['smki-device', 'smki-organisation', 'iki', 'dccki'] as const;
export type Domain = (typeof domains)[number];
