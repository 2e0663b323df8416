/**
 * As much of XML as answers of S3 have: elements without attributes that matter, and text.
 */

/** What is in each element of this name, in order. */
export function readElements(xml: string, name: string): readonly string[] {
  return xml
    .split(`<${name}>`)
    .slice(1)
    .map(rest => rest.split(`</${name}>`, 1)[0] ?? '')
}

/** The text of the first element of this name; null when there is none. */
export function readText(xml: string, name: string): string | null {
  const [text] = readElements(xml, name)
  return text === undefined ? null : unescaped(text)
}

function unescaped(text: string): string {
  return text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll(/&#(\d{1,7});/g, (_, digits: string) => String.fromCodePoint(Number(digits)))
    .replaceAll('&amp;', '&')
}
