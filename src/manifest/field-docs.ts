import { z } from 'zod'

/**
 * What error messages say about a field. They live beside its schema, so that adding a field is one edit:
 * `<label> must be <wants>, not <what was found>; write <key>: <example>`.
 */
export interface FieldDocs {
  /** Completes "… must be". */
  readonly wants: string
  /** A value that is right here, as YAML text. */
  readonly example: string
  /** Every value that is allowed, when they are few: typos of them get a did-you-mean. */
  readonly choices?: readonly string[]
  /**
   * Makes what was probably meant out of a wrong value (null where there is none), as YAML text; null when it
   * can't be told.
   */
  readonly repair?: (value: unknown) => string | null
  /**
   * What to do, where a field has no value that is right for everybody: stands in the place of "write <key>:
   * <example>".
   */
  readonly advice?: string
  /**
   * What to write in the place of keys that people bring from elsewhere, made of what they have written
   * there.
   */
  readonly misplaced?: Readonly<Record<string, (written: unknown) => string>>
  /**
   * Whether here, or in what is inside and says nothing else, a password may have been written by mistake: no
   * message repeats the value.
   */
  readonly mayBeSecret?: boolean
}

/** Gives a schema its description (which editors show on hover) and its words for error messages. */
export function field<Schema extends z.ZodType>(
  schema: Schema,
  about: FieldDocs & { readonly describe: string },
): Schema {
  const { describe, ...docs } = about
  const described = schema.describe(describe)
  docsBySchema.add(described, docs)
  return described
}

/** The words given to this very schema object; undefined when it has none. */
export function docsOf(schema: z.core.$ZodType): FieldDocs | undefined {
  return docsBySchema.get(schema)
}

const docsBySchema = z.registry<FieldDocs>()

/** The repair of a field that wants text where YAML has made a number or a truth of it, or found nothing. */
export function inQuotes(value: unknown): string | null {
  if (value === null) return '""'
  return typeof value === 'number' || typeof value === 'boolean' ? JSON.stringify(String(value)) : null
}
