import { inspect } from 'node:util'

/**
 * A string that never prints. Loggers, JSON, template strings and util.inspect all see `[secret]`;
 * the value leaves only through `reveal()`, which is easy to search for.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }

  [inspect.custom](): string {
    return '[secret]'
  }
}
