import type { JSX } from 'preact'
import { failedChecks } from '../model/severity.js'
import type { Daemon } from '../model/api-types.js'
import { Command } from './command.js'

/** Nothing is kept yet: what to do first. */
export function Empty({ daemon }: { readonly daemon: Daemon }): JSX.Element {
  if (daemon.flotillas.length > 0 || failedChecks(daemon).length > 0)
    return <p class="notice">Nothing was looked at yet.</p>
  const file = /\.ya?ml$/.test(daemon.manifests) ? daemon.manifests : `${daemon.manifests}/shop.yaml`
  return (
    <section class="empty">
      <svg class="harbour" viewBox="0 0 240 96" aria-hidden="true">
        <path class="water" d="M8 78q14-9 28 0t28 0 28 0 28 0 28 0 28 0 28 0 28 0" />
        <path class="ghost" d="M70 48C104 48 116 24 152 24M70 48C104 48 116 66 152 66" />
        <circle class="ghost" cx="56" cy="48" r="13" />
        <circle class="ghost" cx="162" cy="24" r="9" />
        <circle class="ghost" cx="162" cy="62" r="9" />
      </svg>
      <h1>No flotilla yet</h1>
      <p>The daemon runs and waits for a manifest. Type this, and a master with two replicas appears here:</p>
      <Command block text={manifestCommand(file)} />
      <p class="hint">
        Any <code>.yaml</code> in <code>{daemon.manifests}</code> counts, as soon as it is saved.{' '}
        <code>flotilla validate</code> says what is wrong with one.
      </p>
    </section>
  )
}

function manifestCommand(file: string): string {
  return `cat > ${/^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", `'\\''`)}'`} <<'END'
apiVersion: flotilla/v1
kind: RedisReplication
metadata:
  name: shop
spec:
  image: redis:8
  replicas: 2
END`
}
