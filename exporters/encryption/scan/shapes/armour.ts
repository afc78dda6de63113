import { isBase64 } from './base64.js';

/**
 * The bytes of a text in the ASCII armour of OpenPGP: what is between the empty line and the checksum, which newer
 * libraries leave out. One that is cut off has no last line.
 *
 * @param broken what stands for armour that is not whole.
 */
export function unarmoured(text: string, broken: string): string {
  const between = `substring(${text} from E'\\n[ \\t]*\\r?\\n(.*?)(?:\\n=[A-Za-z0-9+/]{4}[ \\t]*)?\\r?\\n-----END PGP MESSAGE-----\\\\s*$')`;
  return `(select case when ${isBase64('body', 24)} then decode(body, 'base64') else ${broken} end
    from (select translate(${between}, E' \\t\\r\\n', '') as body offset 0) a)`;
}
