/** Records of a ZIP file (APPNOTE.TXT 6.3.10, section 4.3), as far as archives of requests have them. */
export const localSignature = 0x04034b50;
export const centralSignature = 0x02014b50;
export const endSignature = 0x06054b50;
export const descriptorSignature = 0x08074b50;

export const localOctets = 30;
export const centralOctets = 46;
export const endOctets = 22;

export const stored = 0;
export const deflated = 8;

/** General purpose bit flags (4.4.4): encrypted. */
export const encryptedFlag = 0x0001;
/** CRC and sizes follow the data. */
export const descriptorFlag = 0x0008;
/** The name is UTF-8. */
export const utf8Flag = 0x0800;
/** Bits 1 and 2 tell how hard the packer tried, and mean nothing to a reader. */
export const effortFlags = 0x0006;

/** 2.0: folders and deflate. */
export const versionNeeded = 20;
