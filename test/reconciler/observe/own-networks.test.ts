import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Execution } from '../../../src/reconciler/execute/execution.js'
import { perform } from '../../../src/reconciler/execute/perform.js'
import { OwnNetworks } from '../../../src/reconciler/observe/own-networks.js'
import { executionFixture } from '../support/execution.js'
import { observation } from '../support/world.js'
import { noNetwork } from '../../../src/model/engine.js'

test('whoever runs in a container joins a network of ours as soon as it is made', async () => {
  const { context, fake } = await executionFixture()
  const self = await fake.runtime.createContainer(
    {
      ...{ name: 'self', image: 'redis:8', command: [], labels: {}, attachment: noNetwork, mounts: [] },
      ...{ dnsOptions: [], openFilesMax: 1024, stopGraceSeconds: 1, publishPort: null, hostname: 'self' },
    },
    [],
  )
  await fake.runtime.startContainer(self)
  const ownNetworks = new OwnNetworks(fake.runtime, self)
  const execution = new Execution({ ...context, ownNetworks }, observation([]), 0)
  await perform(execution, { kind: 'create-network', network: 'new', subnet: null, cause: '' })
  const joined = (await fake.runtime.inspectContainer(self))?.networks.find(one => one.network === 'new')
  assert.notEqual(joined?.address ?? null, null)
})
