import type { Command } from 'commander'
import { testProgram } from '../../cli/test-program.js'
import { otherStateDirectory } from './hold-cases.js'
import type { Scene } from './scene.js'
import { flotilla, stateDirectory, type SimWorld } from './sim-world.js'
import type { SimRun } from './sim-run.js'

/**
 * Types a command of a hold as it stands there. What is `flotilla …` goes through the command line's own
 * parser and then to the daemon, as the verb hands it over; what is `docker …` is done to the simulated
 * engine.
 * @throws when it is no command, or none that the command line knows.
 */
export async function runRemedy(scene: Scene, commands: string): Promise<void> {
  const { run } = scene
  for (const command of commands.split(' && ')) {
    const words = command.replace('<the directory that made them>', otherStateDirectory).split(' ')
    if (words[0] === 'flotilla') await runFlotillaCommand(scene, await parse(words.slice(1)))
    else if (words[0] === 'docker') runDockerCommand(run, words.slice(1))
    else throw new Error(`this is nothing to type: ${commands}`)
  }
}

interface Parsed {
  readonly verb: string
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
}

/** By the program as it is, with nothing behind its verbs. */
async function parse(words: readonly string[]): Promise<Parsed> {
  const program = testProgram()
  const parsed: Parsed[] = []
  // Of one that has verbs of its own, those.
  for (const verb of program.commands.flatMap(one => (one.commands.length > 0 ? one.commands : [one]))) {
    verb.exitOverride()
    verb.action((...given: unknown[]) => {
      const command = given.at(-1) as Command
      parsed.push({ verb: command.name(), args: command.args, options: command.opts() })
    })
  }
  await program.parseAsync([...words], { from: 'user' })
  const [first] = parsed
  if (first === undefined) throw new Error(`the command line does nothing for: flotilla ${words.join(' ')}`)
  return first
}

async function runFlotillaCommand({ run, until }: Scene, { verb, args, options }: Parsed): Promise<void> {
  const {
    to = null,
    node = null,
    force = false,
    timeout = 30,
    volumes = false,
    state = '',
  } = options as {
    readonly to?: number
    readonly node?: number
    readonly force?: boolean
    readonly timeout?: number
    readonly volumes?: boolean
    readonly state?: string
  }
  switch (verb) {
    case 'failover':
      return run.ask({ kind: 'failover', to, force, timeoutMs: timeout * 1_000 })
    case 'promote':
      return run.ask({ kind: 'take-over', to: null, force, timeoutMs: timeout * 1_000 })
    case 'down': {
      if (volumes) run.rules.forced = true
      let isDown = false
      const taken = run.daemon.takeDown({ removeVolumes: volumes }).finally(() => {
        isDown = true
      })
      await until('everything to be taken down', 60_000, () => isDown)
      return taken
    }
    case 'approve':
      return run.ask({ kind: 'approve', to: null, force: false, timeoutMs: timeout * 1_000 })
    case 'up':
      return run.start()
    case 'run': {
      const { files } = run.world
      run.daemon.kill()
      const keyring = files.peek(`${state}/secrets/${flotilla}.json`)
      if (keyring !== null) files.put(`${stateDirectory}/secrets/${flotilla}.json`, keyring)
      return run.start()
    }
    case 'resume':
      return run.ask({ kind: 'resume' })
    case 'restart':
      return run.ask({ kind: 'restart', node })
    case 'scale':
      return run.edit({ replicas: Number(args[1]) })
    default:
      throw new Error(`nobody has tried yet what a hold says by: flotilla ${verb}`)
  }
}

function runDockerCommand({ world }: SimRun, words: readonly string[]): void {
  const { controls, world: engine } = world.engine
  const last = words.at(-1) ?? ''
  const idOf = (name: string): string =>
    [...engine.containers.values()].find(one => one.name === name || one.id.startsWith(name))?.id ?? name
  const [first = '', second = '', third = '', fourth = ''] = words
  switch (['network', 'volume'].includes(first) ? `${first} ${second}` : first) {
    case 'rename':
      return controls.rename(idOf(second), third)
    case 'rm':
      return controls.forceRemove(idOf(last))
    case 'start':
      return controls.start(idOf(last))
    case 'kill':
      return controls.exit(idOf(last), 137)
    case 'restart':
      controls.exit(idOf(last), 0)
      return controls.start(idOf(last))
    case 'unpause':
      return controls.unpause(idOf(last))
    case 'run':
      return runOnVolume(world, words)
    case 'pull':
      return controls.addImage(second)
    case 'network create':
      return engine.addNetwork({ name: last, labels: {} })
    case 'network rm':
      return engine.removeNetwork(last)
    case 'network disconnect':
      return controls.disconnect(idOf(fourth), third)
    case 'volume rm':
      return controls.removeVolume(last)
    default:
      throw new Error(`nobody has tried yet what a hold says by: docker ${words.join(' ')}`)
  }
}

/** `docker run --rm --volumes-from shop-master … -c 'mv /data/dump.rdb …'`. */
function runOnVolume({ engine, redis }: SimWorld, words: readonly string[]): void {
  const name = words[words.indexOf('--volumes-from') + 1] ?? ''
  const disk = redis.disks.get(engine.world.need(name).spec.mounts[0]?.volume ?? '')
  const script = words.slice(words.indexOf('-c') + 1).join(' ')
  if (disk === undefined || script !== "'mv /data/dump.rdb /data/dump.rdb.unreadable'")
    throw new Error(`nobody has tried yet what a hold says by: ${script}`)
  disk.snapshot = null
}
