import './node-version.mjs'
import { spawnSync } from 'node:child_process'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  bringUpEngine,
  bringUpTestEngine,
  findEngine,
  takeDownEngine,
  takeDownTestEngine,
} from './engine.mjs'
import { testEngineHome, userEngineHome } from './engine-home.mjs'
import { enterCommand, isUp } from './own-engine.mjs'
import { runScript, logStep } from './log.mjs'

const usage = `Usage: scripts/engine up|down|status [--test]
       scripts/engine enter --test -- <command> [argument …]

  up      makes sure that a container engine answers; prints its DOCKER_HOST on stdout:
          export DOCKER_HOST="$(scripts/engine up)"
  down    stops the engine if it is one that \`up\` started, and no other
  status  says which engine is in use; exit code 1 when none answers
  enter   runs a command where the test engine's containers can be reached

  --test  the tests' own engine: empty, apart from every other, gone without a trace after \`down\`
`

const testHome = testEngineHome(dirname(dirname(dirname(fileURLToPath(import.meta.url)))))
const [verb, ...rest] = process.argv.slice(2)
const separator = rest.indexOf('--')
const options = separator === -1 ? rest : rest.slice(0, separator)
const command = separator === -1 ? [] : rest.slice(separator + 1)
const forTests = options.includes('--test')

await runScript(async () => {
  if (verb === '--help' || verb === '-h') {
    process.stdout.write(usage)
    return 0
  }
  if (options.some(option => option !== '--test')) return refuse()
  if (verb === 'up') return await up()
  if (verb === 'down') return await down()
  if (verb === 'status') return await status()
  if (verb === 'enter' && forTests && command.length > 0) return enter()
  return refuse()
})

async function up() {
  const engine = forTests ? await bringUpTestEngine(testHome, { keep: true }) : await bringUpEngine()
  logStep(`using ${engine.source} at ${engine.address.url}`)
  process.stdout.write(`${engine.address.url}\n`)
  return 0
}

async function down() {
  const stopped = forTests ? await takeDownTestEngine(testHome) : await takeDownEngine()
  logStep(stopped ? 'the engine is down' : 'no engine of ours is running')
  return 0
}

async function status() {
  if (forTests && (await isUp(testHome))) {
    process.stdout.write(`${testHome.url}\n`)
    return 0
  }
  const { engine } = forTests ? { engine: null } : await findEngine()
  if (engine === null) {
    logStep(forTests ? 'the test engine is down' : `no engine answers, ours (${userEngineHome.url}) neither`)
    return 1
  }
  logStep(`using ${engine.source}`)
  process.stdout.write(`${engine.address.url}\n`)
  return 0
}

function enter() {
  const [program = '', ...args] = [...enterCommand(testHome), ...command]
  const env = { ...process.env, DOCKER_HOST: testHome.url }
  return spawnSync(program, args, { env, stdio: 'inherit' }).status ?? 1
}

function refuse() {
  process.stderr.write(usage)
  return 2
}
