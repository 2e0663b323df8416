import { systemClock } from '../../src/clock.js'
import { createFakeRuntime } from '../fakes/runtime/fake-runtime.js'
import { describeLeftoverContract } from './leftover-endpoints-contract.js'

describeLeftoverContract('the engine in memory', async () => {
  const image = 'redis:test'
  const { runtime, controls } = createFakeRuntime({ clock: systemClock })
  controls.addImage(image)
  return {
    ...{ runtime, image, prefix: 'leftover' },
    leaveEndpoint: async (network, name) => controls.leaveEndpoint(network, name),
    close: async () => runtime.close(),
  }
})
