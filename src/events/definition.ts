/** What the catalogue says of one event. */
export interface EventDefinition {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly fields: readonly string[]
  /** When to wake a person, as the rest of a sentence; left out where the event alone is no reason to. */
  readonly alert?: string
}
