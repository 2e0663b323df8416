/**
 * Stands in for node:test where mutants are judged: keeps the test functions, so that each can be run many
 * times in one process.
 */

export interface CollectedTest {
  readonly title: string
  readonly run: () => unknown
}

interface Context {
  readonly name: string
  diagnostic(message: string): void
}

type Body = (context: Context) => unknown

export const collectedTests: CollectedTest[] = []

export function test(title: string, ...rest: readonly unknown[]): void {
  const body = rest.at(-1) as Body
  collectedTests.push({ title, run: () => body({ name: title, diagnostic: () => {} }) })
}

export function describe(_title: string, ...rest: readonly unknown[]): void {
  const body = rest.at(-1) as () => void
  body()
}
