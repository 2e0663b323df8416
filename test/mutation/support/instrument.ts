import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Instrumenter } from '@stryker-mutator/instrumenter'
import { transform } from 'esbuild'

/** One small change to one place of a source. */
export interface Mutant {
  readonly id: string
  /** Path of the source below the root. */
  readonly file: string
  readonly mutator: string
  /** Lines and columns count from one, as editors do. */
  readonly start: Place
  readonly end: Place
  readonly original: string
  readonly replacement: string
}

export interface Place {
  readonly line: number
  readonly column: number
}

export interface Instrumented {
  readonly mutants: readonly Mutant[]
  /** By path of the source: JavaScript that holds every mutant, each behind a switch. */
  readonly scripts: ReadonlyMap<string, string>
}

/**
 * All mutants of these sources at once. Which of them is alive is asked of `globalThis.__stryker__` while the
 * code runs, so one compilation and one import serve thousands of them. Types are not checked again: a mutant
 * that the compiler would have refused is one like any other.
 */
export async function instrument(root: string, files: readonly string[]): Promise<Instrumented> {
  const sources = new Map(files.map(file => [file, readFileSync(join(root, file), 'utf8')]))
  const result = await new Instrumenter(silentLog).instrument(
    files.map(file => ({ name: file, content: sources.get(file) ?? '', mutate: true })),
    { plugins: null, excludedMutations: [], ignorers: [] },
  )
  const scripts = new Map<string, string>()
  for (const { name, content } of result.files) {
    const { code } = await transform(content, { loader: 'ts', format: 'esm', target: 'es2022' })
    scripts.set(name, code)
  }
  const mutants = result.mutants.map(({ id, fileName, mutatorName, replacement, location }) => {
    const start = fromOne(location.start)
    const end = fromOne(location.end)
    const original = between(sources.get(fileName) ?? '', start, end)
    return { id, file: fileName, mutator: mutatorName, start, end, original, replacement }
  })
  return { mutants, scripts }
}

function fromOne({ line, column }: Place): Place {
  return { line: line + 1, column: column + 1 }
}

function between(text: string, start: Place, end: Place): string {
  const lines = text.split('\n').slice(start.line - 1, end.line)
  const last = lines.length - 1
  return lines
    .map((line, index) =>
      line.slice(index === 0 ? start.column - 1 : 0, index === last ? end.column - 1 : undefined),
    )
    .join('\n')
}

const silent = (): void => {}
const no = (): boolean => false

/** What it has to say is of no use here: it counts files and mutants. */
const silentLog: ConstructorParameters<typeof Instrumenter>[0] = {
  isTraceEnabled: no,
  isDebugEnabled: no,
  isInfoEnabled: no,
  isWarnEnabled: no,
  isErrorEnabled: no,
  isFatalEnabled: no,
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
  fatal: silent,
}
