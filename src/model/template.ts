/** Which node a text of the manifest that is written once for all of them is filled in for. */
export interface TemplateNode {
  readonly flotilla: string
  readonly ordinal: number
}

/**
 * `{flotilla}` and `{ordinal}` stand for the name of the flotilla and the number of the node; everything else
 * is what it is.
 */
export function fillTemplate(template: string, { flotilla, ordinal }: TemplateNode): string {
  return template.replaceAll('{flotilla}', flotilla).replaceAll('{ordinal}', String(ordinal))
}
