import { createCommandHook } from './command-hook.js'
import { DeliveryWorker, type DeliveryTools } from './delivery.js'
import type { Receiver } from './receiver.js'
import type { NotifySettings } from './settings.js'
import { createWebhook } from './webhook.js'

/**
 * Tells everybody whom the settings name, each for itself, until it is stopped. Resolves when nothing that
 * happens from now on is missed. `env`: where a hook's program gets its PATH and HOME from.
 */
export async function startNotifier(
  { webhook, command }: NotifySettings,
  tools: DeliveryTools & { readonly env: Readonly<Record<string, string | undefined>> },
): Promise<{ stop(): Promise<void> }> {
  const receivers: Receiver[] = []
  if (webhook !== null) receivers.push(createWebhook(webhook, () => tools.clock.nowMs()))
  if (command !== null) receivers.push(createCommandHook({ command, env: plainEnv(tools.env) }))
  const workers = receivers.map(receiver => new DeliveryWorker(receiver, tools))
  await Promise.all(workers.map(worker => worker.started))
  return {
    async stop() {
      await Promise.all(workers.map(worker => worker.stop()))
    },
  }
}

/** Nothing else: the daemon's own environment may hold what a hook is not to know. */
function plainEnv(env: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    ['PATH', 'HOME', 'LANG', 'TZ'].flatMap(name => (env[name] === undefined ? [] : [[name, env[name]]])),
  )
}
