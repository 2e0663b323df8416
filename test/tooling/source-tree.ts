import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix, sep } from 'node:path'

/** One TypeScript file of the project, as the import rules see it. */
export interface Source {
  /** Below the project, with forward slashes: `src/clock.ts`. */
  readonly path: string
  /** Without comments. */
  readonly code: string
  readonly imports: readonly Import[]
}

export interface Import {
  /** As written: `node:fs`, `yaml`, `./plan.js`. */
  readonly specifier: string
  /** The project's own file that it means; null for a package. */
  readonly target: string | null
}

/** Reads every TypeScript file in these folders of the project; run from the project's own folder. */
export function readSources(folders: readonly string[]): readonly Source[] {
  return folders
    .filter(folder => existsSync(folder))
    .flatMap(folder =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter(path => /\.tsx?$/.test(path))
        .map(path => join(folder, path))
        .map(path => parseSource({ path: path.split(sep).join('/'), text: readFileSync(path, 'utf8') })),
    )
}

/** What the rules need of a file's text. */
export function parseSource({ path, text }: { readonly path: string; readonly text: string }): Source {
  const code = withoutComments(text)
  return { path, code, imports: specifiersOf(code).map(specifier => resolveImport(path, specifier)) }
}

/** Quoted strings are matched so that comment signs inside them stay. */
function withoutComments(text: string): string {
  const tokens = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g
  return text.replace(tokens, token => (token.startsWith('/') ? '' : token))
}

function specifiersOf(code: string): readonly string[] {
  const forms = [
    /^\s*(?:import|export)\s(?:[^'";]*?\sfrom\s)?\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
  ]
  return forms.flatMap(form => [...code.matchAll(form)].map(match => match[1] ?? ''))
}

function resolveImport(importer: string, specifier: string): Import {
  if (!specifier.startsWith('.')) return { specifier, target: null }
  const target = posix.join(posix.dirname(importer), specifier)
  return { specifier, target: target.replace(/\.js$/, '.ts') }
}
