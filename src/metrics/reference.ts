import type { MetricObject, Registry } from 'prom-client'

/**
 * docs/metrics.md: every metric with its type, labels and meaning, in the order of their registration. As the
 * formatter wants it.
 */
export function renderMetricReference(registry: Registry): string {
  const rows = registry.getMetricsAsArray().map(metric => [
    `\`${metric.name}\``,
    typeOf(metric),
    labelsOf(metric)
      .map(label => `\`${label}\``)
      .join(', '),
    metric.help,
  ])
  return `${head}\n\n${renderTable([['metric', 'type', 'labels', 'meaning'], ...rows])}\n`
}

const head = `# Metrics

<!-- Written by \`npm run generate:metrics\` from the registry (src/metrics/). Changes made here are lost. -->

\`GET /metrics\` of the daemon answers in Prometheus's text format. A scrape tells what the last pass saw: it asks neither the engine nor a node anything.

\`flotilla\` is a flotilla's name; \`node\` the alias that a node keeps whatever role it has (\`shop-1\`). Series of a flotilla or a node that is gone are gone with it.
There are at most some 140 series for a flotilla and 20 for each of its nodes. How to scrape is in
[http.md](http.md#prometheus). Alert rules: [deploy/prometheus/flotilla.rules.yml](../deploy/prometheus/flotilla.rules.yml). A Grafana dashboard:
[deploy/grafana/flotilla.json](../deploy/grafana/flotilla.json).`

/** prom-client keeps type and label names on each metric and leaves them out of its types. */
function typeOf(metric: MetricObject): string {
  const { type } = metric as unknown as { readonly type?: unknown }
  return typeof type === 'string' ? type : metric.constructor.name.toLowerCase()
}

function labelsOf(metric: MetricObject): readonly string[] {
  const { labelNames } = metric as unknown as { readonly labelNames?: readonly string[] }
  return labelNames ?? []
}

function renderTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [first = [], ...rest] = rows
  return [line(first), line(widths.map(width => '-'.repeat(width))), ...rest.map(line)].join('\n')
}
