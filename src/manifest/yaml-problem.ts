/** What is wrong with a YAML text, and where in it. */
export interface YamlProblem {
  readonly offset: number
  readonly message: string
}
