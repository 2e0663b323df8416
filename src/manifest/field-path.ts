import { z } from 'zod'
import { docsOf } from './field-docs.js'
import type { FieldDocs } from './field-docs.js'

/** Keys from the root of a document: `['spec', 'auth', 'passwordFile']`. */
export type FieldPath = readonly string[]

/** The words of the field at `path`; undefined where the schema has none, or no such field. */
export function docsAt(root: z.ZodType, path: FieldPath): FieldDocs | undefined {
  for (const schema of schemasAt(root, path)) {
    const docs = docsOf(schema)
    if (docs !== undefined) return docs
  }
  return undefined
}

/** The keys that a mapping at `path` may have; empty where the schema takes no mapping. */
export function keysAt(root: z.ZodType, path: FieldPath): readonly string[] {
  return schemasAt(root, path).flatMap(schema =>
    schema instanceof z.ZodObject ? Object.keys(schema.shape) : [],
  )
}

/**
 * How messages call a field: `replicas` for what stands in spec, `metadata.name` and the like for the rest.
 */
export function labelOf(path: FieldPath): string {
  const shown = path.length > 1 && path[0] === 'spec' ? path.slice(1) : path
  return shown
    .map(key => (/^\d+$/.test(key) ? `[${key}]` : key))
    .join('.')
    .replaceAll('.[', '[')
}

/** Every schema that judges the value at `path`, wrappers first. Of unions each branch. */
function schemasAt(root: z.ZodType, path: FieldPath): readonly z.ZodType[] {
  let schemas = unwrap(root)
  for (const key of path) schemas = schemas.flatMap(schema => stepInto(schema, key)).flatMap(unwrap)
  return schemas
}

/**
 * `schema` and what it wraps: defaults, optionals, transforms and unions judge the same value as their
 * insides.
 */
function unwrap(schema: z.ZodType): readonly z.ZodType[] {
  return [schema, ...insides(schema).flatMap(unwrap)]
}

function insides(schema: z.ZodType): readonly z.ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options as readonly z.ZodType[]
  if (schema instanceof z.ZodPipe) return [schema.in as z.ZodType]
  if (
    schema instanceof z.ZodPrefault ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable
  )
    return [schema.unwrap() as z.ZodType]
  return []
}

function stepInto(schema: z.ZodType, key: string): readonly z.ZodType[] {
  // Object.hasOwn, because a key may be called `constructor`.
  if (schema instanceof z.ZodObject)
    return Object.hasOwn(schema.shape, key) ? [schema.shape[key] as z.ZodType] : []
  if (schema instanceof z.ZodArray) return [schema.element as z.ZodType]
  if (schema instanceof z.ZodRecord) return [schema.valueType as z.ZodType]
  return []
}
