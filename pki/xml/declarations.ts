import { XmlError } from './error.js';

/**
 * Before any parser sees the text: `<!` starts a comment, a CDATA section or a declaration, and a declaration is
 * refused wherever it stands, inside comments as well.
 */
export function refuseDeclarations(text: string): void {
  for (let at = text.indexOf('<!'); at !== -1; at = text.indexOf('<!', at + 2))
    if (!allowed.some(start => text.startsWith(start, at))) throw declaration();
}

const allowed = ['<!--', '<![CDATA['] as const;

function declaration(): XmlError {
  return new XmlError('xml/doctype', 'declaration');
}

/** The same for a text that comes in pieces: what may be the beginning of a declaration waits for the next piece. */
export class DeclarationGuard {
  #held = '';

  /** Answers the text that may be parsed now. */
  pass(piece: string): string {
    const text = this.#held + piece;
    const whole = text.length - undecided(text);
    refuseDeclarations(text.slice(0, whole));
    this.#held = text.slice(whole);
    return whole === text.length ? text : text.slice(0, whole);
  }

  /** What was held back when the text ended; the parser says what is wrong with it. */
  end(): string {
    const held = this.#held;
    this.#held = '';
    return held;
  }
}

/** How many characters at the end may become either one of the allowed beginnings or a declaration. */
function undecided(text: string): number {
  const at = text.lastIndexOf('<');
  if (at === -1 || at + longest <= text.length) return 0;
  const tail = text.slice(at);
  return allowed.some(start => start.startsWith(tail)) && !allowed.some(start => start === tail)
    ? tail.length
    : 0;
}

const longest = Math.max(...allowed.map(({ length }) => length));
