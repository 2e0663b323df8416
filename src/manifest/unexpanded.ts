/**
 * Compose fills in `${VAR}` and a shell `~`; here a text is what it is. Where one of them stands in the place
 * of a value, that is what is wrong with it. The answer repeats nothing of the text.
 */

/** What to do about a text that was meant to be filled in, or null. */
export function whyNotExpanded(text: string): string | null {
  if (hasVariable(text)) return 'variables are never filled in here; write the value itself'
  return text.startsWith('~') ? '~ never stands for a home folder here; write the whole path' : null
}

/** `${IMAGE}`, `${IMAGE:-redis:8}`, or a text that begins with `$HOME`. */
export function hasVariable(text: string): boolean {
  return text.includes('${') || /^\$[A-Za-z_]/.test(text)
}

/** A path as manifests name one. A file that is really called `~x` or `$x` is `./~x`. */
export const pathShape = /^[^~$](?:[^$]|\$[^{])*$/
