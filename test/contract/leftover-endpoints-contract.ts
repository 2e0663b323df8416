import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { errorCode } from '../../src/errors.js'
import { flotillaLabel, nodeLabel } from '../../src/runtime/labels.js'
import type { DroppedEndpoint, Runtime } from '../../src/runtime/runtime.js'
import type { ContainerSpec } from '../../src/model/engine.js'

export interface LeftoverHarness {
  readonly runtime: Runtime
  readonly image: string
  readonly prefix: string
  /** Has the network keep an endpoint of this name, of a container that is gone. */
  leaveEndpoint(network: string, name: string): Promise<void>
  /** Removes all that the suite made. */
  close(): Promise<void>
}

/**
 * What the port promises of endpoints that an engine keeps of containers that are gone; each adapter runs it.
 */
export function describeLeftoverContract(adapter: string, open: () => Promise<LeftoverHarness>): void {
  describe(`endpoints of containers that are gone, on ${adapter}`, () => {
    let harness: LeftoverHarness
    let runtime: Runtime
    let serial = 0
    before(async () => {
      harness = await open()
      runtime = harness.runtime
    })
    after(() => harness.close())

    async function createFlotillaNetwork({ isOurs }: { readonly isOurs: boolean }): Promise<string> {
      const name = `${harness.prefix}-net-${++serial}`
      await runtime.createNetwork({
        name,
        labels: isOurs ? { [flotillaLabel]: harness.prefix } : { 'contract.test': harness.prefix },
      })
      return name
    }

    function create(network: string, name: string): Promise<string> {
      const spec: ContainerSpec = {
        ...{ name, image: harness.image, command: ['redis-server'], hostname: name },
        labels: { [flotillaLabel]: harness.prefix, [nodeLabel]: String(serial) },
        attachment: { network, links: [], aliases: [`${name}-alias`] },
        ...{ mounts: [], dnsOptions: [], openFilesMax: 1024, stopGraceSeconds: 1, publishPort: null },
      }
      return runtime.createContainer(spec, [])
    }

    test('they keep no network of ours from going', async () => {
      const network = await createFlotillaNetwork({ isOurs: true })
      await harness.leaveEndpoint(network, `${network}-master`)
      await harness.leaveEndpoint(network, `${network}-replica-1`)
      await runtime.removeNetwork(network)
      assert.equal(await runtime.findNetwork(network), null)
    })

    test('they keep no network of ours from being in use: who is attached is named', async () => {
      const network = await createFlotillaNetwork({ isOurs: true })
      await harness.leaveEndpoint(network, `${network}-gone`)
      await runtime.startContainer(await create(network, `${network}-alive`))
      await assert.rejects(runtime.removeNetwork(network), (error: Error) => {
        assert.equal(errorCode(error), 'runtime/conflict')
        assert.match(error.message, new RegExp(`attached to it: ${network}-alive$`))
        return true
      })
    })

    test('they keep no container of their name from starting, it keeps its name, and that one was dropped is told', async () => {
      const network = await createFlotillaNetwork({ isOurs: true })
      const name = `${network}-master`
      const told: DroppedEndpoint[] = []
      const unsubscribe = runtime.onEndpointDropped(dropped => told.push(dropped))
      await harness.leaveEndpoint(network, name)
      const started = await runtime.startContainer(await create(network, name))
      assert.deepEqual([started.name, started.state], [name, 'running'])
      assert.notEqual(started.networks[0]?.address ?? null, null)
      assert.deepEqual(told, [{ flotilla: harness.prefix, network, endpoint: name }])
      unsubscribe()
    })

    test('they keep no running container of their name from being attached', async () => {
      const network = await createFlotillaNetwork({ isOurs: true })
      const name = `${network}-master`
      await harness.leaveEndpoint(network, name)
      const elsewhere = await createFlotillaNetwork({ isOurs: true })
      const { containerId } = await runtime.startContainer(await create(elsewhere, name))
      await runtime.attachNetwork(containerId, { network, links: [], aliases: [`${name}-alias`] })
      const facts = await runtime.inspectContainer(containerId)
      assert.equal(facts?.name, name)
      const endpoint = facts.networks.find(one => one.network === network)
      assert.equal(endpoint?.aliases.includes(`${name}-alias`), true)
      assert.notEqual(endpoint.address, null)
    })

    test('on a network that is not ours they stay, and the error says how to fix it', async () => {
      const network = await createFlotillaNetwork({ isOurs: false })
      const name = `${network}-master`
      await harness.leaveEndpoint(network, name)
      const containerId = await create(network, name)
      await assert.rejects(runtime.startContainer(containerId), (error: Error & { hint?: string }) => {
        assert.equal(errorCode(error), 'runtime/conflict')
        assert.match(error.message, /not ours/)
        assert.match(error.hint ?? '', new RegExp(`docker network disconnect --force ${network} ${name}`))
        return true
      })
      assert.equal((await runtime.inspectContainer(containerId))?.name, name)
    })
  })
}
