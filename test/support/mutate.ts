import fc from 'fast-check'

/** Values that nobody expects where they turn up. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, -1, 1.5, 1e308, '', 'x', '__proto__', [], {}, [null], [[]], {
    a: 1,
  }),
  fc.jsonValue({ maxDepth: 1 }),
)

/**
 * A JSON document with up to `changesMax` places changed: something odd instead of what was there, a key
 * taken away, or one more.
 */
export function mutationsOf(document: unknown, changesMax = 3): fc.Arbitrary<unknown> {
  const change = fc.record({
    place: fc.nat(),
    how: fc.constantFrom('replace' as const, 'remove' as const, 'add' as const),
    value: odd,
  })
  return fc.array(change, { minLength: 1, maxLength: changesMax }).map(changes => {
    const root = { document: structuredClone(document) }
    for (const { place, how, value } of changes) {
      const places = placesIn(root)
      const at = places[place % places.length]
      if (at === undefined) continue
      if (how === 'add') Object.assign(at.parent, { [`odd${place}`]: structuredClone(value) })
      else if (how === 'remove' && at.parent !== root) Reflect.deleteProperty(at.parent, at.key)
      else Reflect.set(at.parent, at.key, structuredClone(value))
    }
    return root.document
  })
}

function placesIn(parent: object): readonly { readonly parent: object; readonly key: string }[] {
  return Object.entries(parent).flatMap(([key, child]: [string, unknown]) => [
    { parent, key },
    ...(typeof child === 'object' && child !== null ? placesIn(child) : []),
  ])
}
