/** The headings of one level, without their marks. */
export function headings(markdown: string, level: number): readonly string[] {
  const marks = '#'.repeat(level)
  return markdown
    .split('\n')
    .filter(line => line.startsWith(`${marks} `))
    .map(line => line.slice(marks.length + 1).trim())
}

/** What a link to a heading ends in, as GitHub makes it: lower case, no punctuation, dashes for spaces. */
export function headingAnchors(markdown: string): readonly string[] {
  return [1, 2, 3, 4]
    .flatMap(level => headings(markdown, level))
    .map(heading =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    )
}

/**
 * The text of the code block that is named so: the second word after its opening fence. @throws when there is
 * none.
 */
export function codeBlock(markdown: string, name: string): string {
  const found = [...markdown.matchAll(/^```\w+ (\S+)\n(.*?)^```$/gms)].find(match => match[1] === name)
  if (found?.[2] === undefined) throw new Error(`no code block is named ${name}`)
  return found[2]
}
