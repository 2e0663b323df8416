import { readFileSync } from 'node:fs'
import { parseSync, Visitor } from 'oxc-parser'
import { roomOf } from './rooms.js'
import { readSources, type Source } from './source-tree.js'

/** How large the program is and how it hangs together: what a house has to shrink to stay habitable. */
export interface Structure {
  readonly files: number
  readonly lines: number
  readonly functions: number
  /** Without blank lines and comments, as lint counts. */
  readonly functionLinesMedian: number
  readonly largestFunction: { readonly name: string; readonly lines: number }
  /** Those above {@link functionLinesMax}. */
  readonly longFunctions: number
  readonly glossaryTerms: number
  /** Pairs of rooms of which one imports the other. */
  readonly roomImports: number
  /** Groups of rooms that lead back to themselves. */
  readonly roomCircles: readonly (readonly string[])[]
  readonly reconcilerLines: number
  readonly planFiles: number
  /** From one file of plan/ to another. */
  readonly planImports: number
}

const functionLinesMax = 70

const planFolder = 'src/reconciler/plan/'

/** Measures src/ and cmd/ of the checkout that is the working directory. */
export function measureStructure(): Structure {
  const sources = readSources(['src', 'cmd'])
  const texts = sources.map(({ path }) => ({ path, text: readFileSync(path, 'utf8') }))
  const functions = texts.flatMap(functionsOf).sort((a, b) => a.lines - b.lines || (a.name < b.name ? -1 : 1))
  const linesIn = (folder: string): number =>
    texts.reduce((sum, { path, text }) => sum + (path.startsWith(folder) ? lineCount(text) : 0), 0)
  const plan = sources.filter(({ path }) => path.startsWith(planFolder))
  const graph = roomGraph(sources)
  return {
    files: sources.length,
    lines: linesIn(''),
    functions: functions.length,
    functionLinesMedian: functions[Math.floor(functions.length / 2)]?.lines ?? 0,
    largestFunction: functions.at(-1) ?? { name: 'none', lines: 0 },
    longFunctions: functions.filter(({ lines }) => lines > functionLinesMax).length,
    glossaryTerms: glossaryTerms(),
    roomImports: [...graph.values()].reduce((sum, targets) => sum + targets.size, 0),
    roomCircles: circlesIn(graph),
    reconcilerLines: linesIn('src/reconciler/'),
    planFiles: plan.length,
    planImports: plan.flatMap(({ imports }) => imports).filter(({ target }) => target?.startsWith(planFolder))
      .length,
  }
}

/** As a table for people: a row for each measure. */
export function renderStructure(structure: Structure): string {
  const { largestFunction, roomCircles } = structure
  const rows: readonly (readonly [string, string | number])[] = [
    ['files', structure.files],
    ['lines', structure.lines],
    ['functions', structure.functions],
    ['median function, lines', structure.functionLinesMedian],
    ['largest function, lines', `${largestFunction.lines} (${largestFunction.name})`],
    [`functions over ${functionLinesMax} lines`, structure.longFunctions],
    ['terms in the glossary', structure.glossaryTerms],
    ['room-to-room imports', structure.roomImports],
    ['circles of rooms', roomCircles.length],
    ...roomCircles.map(circle => ['', circle.join(' ↔ ')] as const),
    ['lines of src/reconciler', structure.reconcilerLines],
    [`files of plan/`, structure.planFiles],
    [`imports inside plan/`, structure.planImports],
  ]
  const width = Math.max(...rows.map(([label]) => label.length))
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`).join('')
}

interface MeasuredFunction {
  readonly name: string
  readonly lines: number
}

/** Every function with a body of statements, and the lines from its first to its last that hold code. */
export function functionsOf({
  path,
  text,
}: {
  readonly path: string
  readonly text: string
}): readonly MeasuredFunction[] {
  const { program, comments } = parseSync(path, text)
  const code = comments.reduceRight((rest, { start, end }) => blankOut(rest, start, end), text)
  const found: MeasuredFunction[] = []
  const measure = (node: { readonly start: number; readonly end: number }, name: string): void => {
    const lines = code.slice(node.start, node.end).split('\n')
    const { length: line } = text.slice(0, node.start).split('\n')
    found.push({ name: `${name}, ${path}:${line}`, lines: lines.filter(one => one.trim() !== '').length })
  }
  new Visitor({
    FunctionDeclaration: node => measure(node, node.id?.name ?? 'function'),
    FunctionExpression: node => measure(node, node.id?.name ?? 'function'),
    ArrowFunctionExpression: node =>
      node.body.type === 'BlockStatement' ? measure(node, 'arrow') : undefined,
  }).visit(program)
  return found
}

function blankOut(text: string, start: number, end: number): string {
  return text.slice(0, start) + text.slice(start, end).replaceAll(/[^\n]/g, ' ') + text.slice(end)
}

function lineCount(text: string): number {
  return text.split('\n').length - 1
}

type RoomGraph = ReadonlyMap<string, ReadonlySet<string>>

export function roomGraph(sources: readonly Source[]): RoomGraph {
  const graph = new Map<string, Set<string>>()
  for (const { path, imports } of sources) {
    const room = roomOf(path)
    if (room === null) continue
    const targets = graph.get(room) ?? new Set()
    graph.set(room, targets)
    for (const { target } of imports) {
      const other = target === null ? null : roomOf(target)
      if (other !== null && other !== room) targets.add(other)
    }
  }
  return graph
}

/** Rooms that can be reached from each other belong to one circle. */
export function circlesIn(graph: RoomGraph): readonly (readonly string[])[] {
  const reach = new Map([...graph.keys()].map(room => [room, reachableFrom(graph, room)]))
  const circles = [...graph.keys()]
    .sort()
    .map(room =>
      [...graph.keys()].sort().filter(other => reach.get(room)?.has(other) && reach.get(other)?.has(room)),
    )
  return circles.filter((circle, index) => circle.length > 0 && isFirst(circles, circle, index))
}

function isFirst(circles: readonly (readonly string[])[], circle: readonly string[], index: number): boolean {
  return circles.findIndex(([first]) => first === circle[0]) === index
}

function reachableFrom(graph: RoomGraph, room: string): ReadonlySet<string> {
  const reached = new Set<string>()
  const queue = [...(graph.get(room) ?? [])]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    if (reached.has(next)) continue
    reached.add(next)
    queue.push(...(graph.get(next) ?? []))
  }
  return reached
}

/** The words in bold type of the glossary. */
function glossaryTerms(): number {
  return [...readFileSync('src/reconciler/README.md', 'utf8').matchAll(/\*\*[^*]+\*\*/g)].length
}
