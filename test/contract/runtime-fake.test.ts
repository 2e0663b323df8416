import { systemClock } from '../../src/clock.js'
import { createFakeRuntime } from '../../src/runtime/fake/fake-runtime.js'
import { describeRuntimeContract } from './runtime-contract.js'

const printsAndExitsWith3 = ['print-and-exit-with-3']

describeRuntimeContract('the engine in memory', async () => {
  const image = 'redis:test'
  const { runtime, hands } = createFakeRuntime({
    clock: systemClock,
    exec: (_container, command) =>
      command === printsAndExitsWith3
        ? { exitCode: 3, stdout: 'out\n', stderr: 'err\n' }
        : { exitCode: 0, stdout: '', stderr: '' },
  })
  hands.addImage(image)
  const soon = (act: () => void) => Promise.resolve().then(act)
  return {
    runtime,
    image,
    prefix: 'contract',
    commands: {
      serves: ['redis-server'],
      exitsWith3OnRequest: ['sh'],
      unstartable: ['/no/such/program'],
      printsAndExitsWith3,
    },
    hands: {
      kill9: id => soon(() => hands.kill9(id)),
      pause: id => soon(() => hands.pause(id)),
      removeByHand: id => soon(() => hands.removeByHand(id)),
      disconnect: (id, network) => soon(() => hands.disconnect(id, network)),
      requestExit: id => soon(() => hands.exit(id, 3)),
      breakStart: id => soon(() => hands.failNextStart(id, 'no such program')),
      say: (id, line) => soon(() => hands.writeLog(id, line)),
      makeVolume: name => runtime.createVolume({ name, labels: {} }),
      limitsOf: async id => hands.limitsOf(id),
      async fileOf(id, path) {
        const file = hands.filesOf(id).get(path)
        if (file === undefined) throw new Error(`no ${path}`)
        return file
      },
      async makeStranger(name) {
        const attachment = { network: 'contract-net', links: [], aliases: [] }
        await runtime.createContainer(
          {
            ...{
              name,
              image,
              command: [],
              labels: { 'some.one': 'else' },
              attachment,
              mounts: [],
              dnsOptions: [],
            },
            ...{ openFilesMax: 1024, stopGraceSeconds: 1, publishPort: null, hostname: name },
          },
          [],
        )
      },
    },
    close: async () => runtime.close(),
  }
})
