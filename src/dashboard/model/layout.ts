/**
 * Where the nodes of a flotilla stand in its picture, and how the links between them run. Pure; in CSS
 * pixels.
 */
export interface TopologyLayout {
  readonly kind: 'fan' | 'grid' | 'ladder'
  readonly width: number
  readonly height: number
  readonly master: Box
  readonly replicas: readonly (Box & { readonly ordinal: number })[]
  readonly links: readonly LinkLine[]
}

export interface Box {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** From the master to one replica. `label` is where the line has room for words; null where it has none. */
export interface LinkLine {
  readonly ordinal: number
  readonly path: string
  readonly label: { readonly x: number; readonly y: number } | null
}

const phoneWidth = 560
/** As many replicas fit beside a master without a second column. */
const fanReplicasMax = 6
const gap = 14

/**
 * Few replicas fan out from their master; many stand in a grid, reached by lanes between its rows; on a phone
 * all hang on one rope below the master.
 * @param replicas ordinals, in the order in which they are to be drawn
 */
export function layoutTopology(width: number, replicas: readonly number[]): TopologyLayout {
  if (width < phoneWidth) return ladder(width, replicas)
  return replicas.length <= fanReplicasMax ? fan(width, replicas) : grid(width, replicas)
}

function fan(width: number, replicas: readonly number[]): TopologyLayout {
  const box = { width: clamp(width * 0.34, 208, 300), height: 74 }
  const masterBox = { width: box.width, height: 104 }
  const height = Math.max(masterBox.height + 24, replicas.length * (box.height + gap) - gap)
  const top = (height - (replicas.length * (box.height + gap) - gap)) / 2
  const master = { ...masterBox, x: 0, y: (height - masterBox.height) / 2 }
  const placed = replicas.map((ordinal, index) => ({
    ordinal,
    ...box,
    x: width - box.width,
    y: top + index * (box.height + gap),
  }))
  const from = { x: master.x + master.width, y: master.y + master.height / 2 }
  const links = placed.map(one => {
    const to = { x: one.x, y: one.y + one.height / 2 }
    const bend = (to.x - from.x) * 0.5
    return {
      ordinal: one.ordinal,
      path: `M${at(from)}C${at({ x: from.x + bend, y: from.y })} ${at({ x: to.x - bend, y: to.y })} ${at(to)}`,
      label: { x: from.x + (to.x - from.x) * 0.66, y: from.y + (to.y - from.y) * 0.82 },
    }
  })
  return { kind: 'fan', width, height, master, replicas: placed, links }
}

function grid(width: number, replicas: readonly number[]): TopologyLayout {
  const master = { width: 208, height: 104, x: 0, y: 0 }
  const left = master.width + 48
  const columns = Math.max(1, Math.floor((width - left + gap) / (180 + gap)))
  const box = { width: (width - left + gap) / columns - gap, height: 62 }
  const laneHeight = 22
  const placed = replicas.map((ordinal, index) => ({
    ordinal,
    ...box,
    x: left + (index % columns) * (box.width + gap),
    y: laneHeight + Math.floor(index / columns) * (box.height + laneHeight),
  }))
  const height = Math.max(master.height, (placed.at(-1)?.y ?? 0) + box.height)
  const trunk = { x: master.width + 22, y: master.height / 2 }
  const links = placed.map(one => {
    const lane = one.y - laneHeight / 2
    const end = { x: one.x + one.width / 2, y: one.y }
    const turn = Math.sign(lane - trunk.y) * Math.min(8, Math.abs(lane - trunk.y))
    return {
      ordinal: one.ordinal,
      path:
        `M${at({ x: master.width, y: trunk.y })}H${round(trunk.x - Math.abs(turn))}` +
        `Q${at(trunk)} ${at({ x: trunk.x, y: trunk.y + turn })}V${round(lane - turn)}` +
        `Q${at({ x: trunk.x, y: lane })} ${at({ x: trunk.x + Math.abs(turn), y: lane })}` +
        `H${round(end.x - 8)}Q${at({ x: end.x, y: lane })} ${at({ x: end.x, y: lane + 8 })}V${round(end.y)}`,
      label: null,
    }
  })
  return { kind: 'grid', width, height, master, replicas: placed, links }
}

function ladder(width: number, replicas: readonly number[]): TopologyLayout {
  const indent = 30
  const master = { width, height: 104, x: 0, y: 0 }
  const box = { width: width - indent, height: replicas.length > fanReplicasMax ? 58 : 74 }
  const placed = replicas.map((ordinal, index) => ({
    ordinal,
    ...box,
    x: indent,
    y: master.height + gap + index * (box.height + gap),
  }))
  const trunk = 13
  const links = placed.map(one => {
    const middle = one.y + one.height / 2
    return {
      ordinal: one.ordinal,
      path: `M${trunk} ${master.height}V${round(middle - 9)}Q${trunk} ${round(middle)} ${trunk + 9} ${round(middle)}H${indent}`,
      label: null,
    }
  })
  const height = (placed.at(-1)?.y ?? 0) + (placed.length === 0 ? master.height : box.height)
  return { kind: 'ladder', width, height, master, replicas: placed, links }
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value))
}

function at({ x, y }: { readonly x: number; readonly y: number }): string {
  return `${round(x)} ${round(y)}`
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
