import { systemClock } from '../../src/clock.js'
import { createFakeRuntime } from '../fakes/runtime/fake-runtime.js'
import { ownedRuntime } from '../../src/ownership/owned-runtime.js'
import { Owner } from '../../src/ownership/owner.js'
import type { Runtime } from '../../src/runtime/runtime.js'
import { MemoryFiles } from '../simulation/support/memory-files.js'
import { describeRuntimeContract, type RuntimeHarness } from './runtime-contract.js'

const printsAndExitsWith3 = ['print-and-exit-with-3']

describeRuntimeContract('the engine in memory', async () => open(runtime => runtime))

describeRuntimeContract('the engine in memory, seen by the owner of what is on it', async () =>
  open(runtime => {
    const memories = { knownFlotillas: async () => [], peekMemory: async () => null }
    const files = new MemoryFiles(systemClock, () => 0)
    return ownedRuntime(runtime, new Owner({ directory: '/state', runtime, memories, files }))
  }),
)

async function open(wrap: (runtime: Runtime) => Runtime): Promise<RuntimeHarness> {
  const image = 'redis:test'
  const { runtime: engine, controls } = createFakeRuntime({
    clock: systemClock,
    exec: (_container, command) =>
      command === printsAndExitsWith3
        ? { exitCode: 3, stdout: 'out\n', stderr: 'err\n' }
        : { exitCode: 0, stdout: '', stderr: '' },
  })
  const runtime = wrap(engine)
  controls.addImage(image)
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
    controls: {
      kill9: id => soon(() => controls.kill9(id)),
      pause: id => soon(() => controls.pause(id)),
      forceRemove: id => soon(() => controls.forceRemove(id)),
      disconnect: (id, network) => soon(() => controls.disconnect(id, network)),
      requestExit: id => soon(() => controls.exit(id, 3)),
      leaveUnusable: id => soon(() => controls.leaveUnusable(id)),
      breakStart: id => soon(() => controls.failNextStart(id, 'no such program')),
      isUp: async () => true,
      writeLog: (id, line) => soon(() => controls.writeLog(id, line)),
      makeVolume: name => engine.createVolume({ name, labels: {} }),
      limitsOf: async id => controls.limitsOf(id),
      async fileOf(id, path) {
        const file = controls.filesOf(id).get(path)
        if (file === undefined) throw new Error(`no ${path}`)
        return file
      },
      async makeStranger(name) {
        const attachment = { network: 'contract-net', links: [], aliases: [] }
        await engine.createContainer(
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
}
