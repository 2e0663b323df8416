import { quoteArgument } from './redis-text.js'
import type { RedisOptions, ConfigValues } from '../model/redis.js'

/** Options that stand in a file once for each of their parts. */
export const repeatableOptions: readonly string[] = ['client-output-buffer-limit', 'loadmodule']

/** Options whose value is several arguments; all others take one, which may have spaces in it. */
const severalArguments = [...repeatableOptions, 'oom-score-adj-values', 'latency-tracking-info-percentiles']

/** The lines of redis.conf that set these options. */
export function optionLines(options: RedisOptions): readonly string[] {
  return Object.entries(options).flatMap(([name, values]) =>
    values.map(value => `${name} ${argumentsOf(name, value)}`),
  )
}

/** The value as CONFIG SET takes it: one argument, all parts in it. */
export function configSetValue(values: readonly string[]): string {
  return values.join(' ')
}

/** Of the wanted options those that are known there and have another value. */
export function whatDiffers(wanted: ConfigValues, now: ConfigValues): ConfigValues {
  return Object.fromEntries(
    Object.entries(wanted).filter(([name, value]) => now[name] !== undefined && now[name] !== value),
  )
}

function argumentsOf(name: string, value: string): string {
  const parts = severalArguments.includes(name) ? value.split(/\s+/).filter(part => part !== '') : [value]
  return parts.map(part => quoteArgument(part, `the option ${name}`)).join(' ')
}
