/** What the process that leads a mutation run and the processes that judge mutants say to each other. */

/** Written as JSON into a file of its own: it is the same for all judges. */
export interface Job {
  /** URLs of compiled test files. */
  readonly tests: readonly string[]
  /** By URL of a compiled source: the file that holds the same with every mutant in it. */
  readonly replaced: Readonly<Record<string, string>>
}

/** `cover`: run all tests without a mutant and tell who reaches what. `judge`: run these until one fails. */
export type Command =
  | { readonly kind: 'cover' }
  | {
      readonly kind: 'judge'
      /** Empty: none, which all tests must survive. */
      readonly mutantId: string
      /** Indices into the tests, in the order in which they are to be asked. */
      readonly tests: readonly number[]
      /** Whoever passes the place of the mutant more often goes in circles. */
      readonly hitsMax: number
    }

export type Reply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'covered'; readonly coverage: Coverage }
  | { readonly kind: 'judged'; readonly verdict: Verdict }

/** How often the place of each mutant was passed, by the mutant's id. */
export type Hits = Readonly<Record<string, number>>

export interface Coverage {
  /** Passed while files were imported, before any test. */
  readonly static: Hits
  readonly tests: readonly TestRun[]
}

export interface TestRun {
  readonly title: string
  readonly tookMs: number
  readonly hits: Hits
  /** Why it fails though nothing was changed; null: it passes. */
  readonly failure: string | null
}

export type Verdict =
  /** `by`: index of the test that failed; null: the test files could not even be imported. */
  | { readonly kind: 'killed'; readonly by: number | null }
  | { readonly kind: 'hung' }
  | { readonly kind: 'survived' }
  /** No test passes its place. */
  | { readonly kind: 'unreached' }
