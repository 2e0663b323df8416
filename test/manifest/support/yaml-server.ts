import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import type { TestContext } from 'node:test'

/** What an editor underlines, by the line (from 0) on which it begins. */
export interface Complaint {
  readonly line: number
  readonly message: string
}

/**
 * The YAML language server that editors run, spoken to as they do. It reads schemas from this machine and
 * asks nobody else.
 */
export interface YamlServer {
  complaintsAbout(text: string): Promise<readonly Complaint[]>
  /**
   * What it would write when one of its proposals is taken at the `|` in the text, by the proposals' names.
   */
  proposalsAt(text: string): Promise<ReadonlyMap<string, string>>
}

interface Message {
  readonly id?: number
  readonly method?: string
  readonly params?: unknown
  readonly result?: unknown
}

const program = createRequire(import.meta.url).resolve('yaml-language-server/bin/yaml-language-server')
const settings = { schemaStore: { enable: false }, validate: true, completion: true }

export async function startYamlServer(t: TestContext): Promise<YamlServer> {
  const child = spawn(process.execPath, [program, '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] })
  t.after(() => child.kill('SIGKILL'))
  const waiting = new Map<string, (value: unknown) => void>()
  let count = 0
  const send = (message: Message): void => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', ...message }))
    child.stdin.write(Buffer.concat([Buffer.from(`Content-Length: ${body.length}\r\n\r\n`), body]))
  }
  const answerTo = (key: string): Promise<unknown> => new Promise(resolve => waiting.set(key, resolve))
  const ask = (method: string, params: unknown): Promise<unknown> => {
    count += 1
    const answer = answerTo(`answer ${count}`)
    send({ id: count, method, params })
    return answer
  }
  const hear = ({ id, method, params, result }: Message): void => {
    if (method === undefined) return waiting.get(`answer ${id}`)?.(result)
    if (method === 'textDocument/publishDiagnostics') {
      const { uri, diagnostics } = params as { uri: string; diagnostics: unknown }
      return waiting.get(`complaints ${uri}`)?.(diagnostics)
    }
    if (id === undefined) return
    // It asks for its settings, and for leave to be told of changes.
    const { items = [] } = params as { items?: readonly { section: string }[] }
    send({ id, result: items.map(({ section }) => (section === 'yaml' ? settings : null)) })
  }
  child.stdout.on('data', splitter(hear))
  await ask('initialize', { processId: process.pid, rootUri: null, capabilities })
  send({ method: 'initialized', params: {} })

  const open = async (text: string): Promise<{ uri: string; complaints: unknown }> => {
    count += 1
    const uri = `file:///manifests/${count}.yaml`
    const complaints = answerTo(`complaints ${uri}`)
    const textDocument = { uri, languageId: 'yaml', version: 1, text }
    send({ method: 'textDocument/didOpen', params: { textDocument } })
    return { uri, complaints: await complaints }
  }
  return {
    async complaintsAbout(text) {
      const { complaints } = await open(text)
      const found = complaints as readonly { range: { start: { line: number } }; message: string }[]
      return found.map(({ range, message }) => ({ line: range.start.line, message }))
    },
    async proposalsAt(text) {
      const before = text.slice(0, text.indexOf('|')).split('\n')
      const { uri } = await open(text.replace('|', ''))
      const position = { line: before.length - 1, character: before.at(-1)?.length ?? 0 }
      const answer = await ask('textDocument/completion', { textDocument: { uri }, position })
      const { items } = answer as { items: readonly { label: string; insertText: string }[] }
      return new Map(items.map(({ label, insertText }) => [label, insertText]))
    },
  }
}

const capabilities = {
  workspace: { configuration: true },
  textDocument: { completion: { completionItem: { snippetSupport: true } } },
}

/** Cuts a stream into messages, each of which comes behind its length. */
function splitter(hear: (message: Message) => void): (chunk: Buffer) => void {
  let rest = Buffer.alloc(0)
  return chunk => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const headEnd = rest.indexOf('\r\n\r\n')
      if (headEnd < 0) return
      const length = Number(/content-length: (\d+)/i.exec(rest.subarray(0, headEnd).toString())?.[1])
      const end = headEnd + 4 + length
      if (rest.length < end) return
      const message = JSON.parse(rest.subarray(headEnd + 4, end).toString()) as Message
      rest = rest.subarray(end)
      hear(message)
    }
  }
}
