import { systemClock } from '../../src/clock.js'
import { createFakeRuntime } from '../../src/runtime/fake/fake-runtime.js'
import { describeLeftoverContract } from './leftover-endpoints-contract.js'

describeLeftoverContract('the engine in memory', async () => {
  const image = 'redis:test'
  const { runtime, hands } = createFakeRuntime({ clock: systemClock })
  hands.addImage(image)
  return {
    ...{ runtime, image, prefix: 'leftover' },
    leaveEndpoint: async (network, name) => hands.leaveEndpoint(network, name),
    close: async () => runtime.close(),
  }
})
