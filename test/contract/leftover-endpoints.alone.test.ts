import { systemClock } from '../../src/clock.js'
import { createDockerRuntime } from '../../src/runtime/docker/docker-runtime.js'
import { findDockerEndpoint } from '../../src/runtime/docker/endpoint.js'
import { callEngine, removeFlotilla, testEngine, uniqueName } from '../support/engine.js'
import { canBreakEngine, leaveEndpoint } from '../support/broken-engine.js'
import { test } from 'node:test'
import { describeLeftoverContract } from './leftover-endpoints-contract.js'

const adapter = 'the Docker engine'

// An engine of somebody else's is not ours to spoil.
if (!canBreakEngine()) test(adapter, { skip: 'the engine is not ours to spoil' })
else
  describeLeftoverContract(adapter, async () => {
    const prefix = uniqueName('leftover')
    const { dockerHost, image } = testEngine()
    const runtime = createDockerRuntime({
      endpoint: findDockerEndpoint({
        env: { DOCKER_HOST: dockerHost },
        homeDir: '/nowhere',
        platform: process.platform,
      }),
      clock: systemClock,
      random: Math.random,
    })
    return {
      ...{ runtime, image, prefix },
      async leaveEndpoint(network, name) {
        const made = await callEngine('POST', `/containers/create?name=${name}`, {
          ...{ Image: image, Cmd: ['redis-server'], HostConfig: { NetworkMode: network } },
          Labels: { 'io.flotilla.flotilla': prefix },
        })
        const { Id } = JSON.parse(made.text) as { readonly Id: string }
        await callEngine('POST', `/containers/${Id}/start`)
        await leaveEndpoint(Id)
      },
      async close() {
        await removeFlotilla(prefix)
        // The network that is not ours carries no label of ours, and its endpoint is still there.
        const { text } = await callEngine('GET', '/networks')
        for (const { Name } of JSON.parse(text) as readonly { Name: string }[])
          if (Name.startsWith(`${prefix}-`)) {
            await callEngine('POST', `/networks/${Name}/disconnect`, {
              Container: `${Name}-master`,
              Force: true,
            })
            await callEngine('DELETE', `/networks/${Name}`)
          }
        runtime.close()
      },
    }
  })
