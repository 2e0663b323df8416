/**
 * A second reporter beside the readable one: how long each test of the outermost level took, as
 * `took <ms> <file>`, and the closing counts of a run of node:test, one `name number` a line.
 * @param {AsyncIterable<{ type: string, data: any }>} source
 */
export default async function* countReporter(source) {
  for await (const { type, data } of source) {
    if ((type === 'test:pass' || type === 'test:fail') && data.nesting === 0 && data.file !== undefined) {
      yield `took ${Math.round(data.details.duration_ms)} ${data.file}\n`
    }
    // Counts are diagnostics of the outermost level; a test's own messages are nested or worded otherwise.
    if (type === 'test:diagnostic' && data.nesting === 0 && countLine.test(data.message)) {
      yield `${data.message}\n`
    }
  }
}

const countLine = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [0-9.]+$/
