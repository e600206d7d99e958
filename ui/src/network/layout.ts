export interface Point {
  readonly x: number
  readonly y: number
}

export interface Layout {
  readonly centre: Point
  /** One for each other node, in their order. */
  readonly points: readonly Point[]
  /** Of a node, in pixels. */
  readonly radius: number
  /** Whether there is room for the names of the others. */
  readonly names: boolean
  /** Whether there is room for times on the links. */
  readonly times: boolean
  /** Of the whole drawing, in pixels. */
  readonly height: number
}

export interface LayoutInit {
  /** In pixels. */
  readonly width: number
  /** The names of the other nodes, as they are drawn. */
  readonly names: readonly string[]
  /** The name of this node. */
  readonly self: string
}

const HEIGHT = 400
const MARGIN_X = 74
const MARGIN_Y = 46
/** Of a node with its name, of one without, and of this node. */
export const RADII = { named: 16, bare: 7, self: 22 } as const
/** How far below a node's rim its name stands. */
export const NAME_BELOW = 19

/** Below this, names stand in two columns: around a ring they would lie over each other. */
const NARROW = 560
const LEAST_HEIGHT = 240
const ROW_HEIGHT = 72
const MOST_ROWS = 9
/** Half of the longest name that is drawn there, and a little. */
const COLUMN_MARGIN = 58

const MOST_NAMED_RINGS = 2
const MOST_RINGS = 6
const BARE_SPACING = 24

/** How much of a name is drawn. */
export function lettersFor(width: number): number {
  return width < NARROW ? 11 : 16
}

/** This node in the middle, the others around it. Names are left out where they would cover each other. Pure. */
export function layOut(init: LayoutInit): Layout {
  const { width, names } = init
  const count = names.length
  if (width < NARROW && Math.ceil(count / 2) <= MOST_ROWS) return inColumns(count, width)
  const frame = frameOf(width)
  for (let rings = 1; rings <= MOST_NAMED_RINGS; rings += 1) {
    const points = ringsOf(shared(count, rings), frame)
    if (haveRoom(points, frame.centre, init)) {
      return { centre: frame.centre, points, radius: RADII.named, names: true, times: true, height: HEIGHT }
    }
  }
  const points = ringsOf(shared(count, bareRings(count, frame)), frame)
  return { centre: frame.centre, points, radius: RADII.bare, names: false, times: false, height: HEIGHT }
}

/** Left and right of this node, alternately; the times of links would lie over names. */
function inColumns(count: number, width: number): Layout {
  const perColumn = Math.ceil(count / 2)
  const height = Math.max(LEAST_HEIGHT, (perColumn - 1) * ROW_HEIGHT + 2 * MARGIN_Y + NAME_BELOW)
  const centre = { x: width / 2, y: (height - NAME_BELOW) / 2 }
  const points = Array.from({ length: count }, (_, index) => {
    const isLeft = index % 2 === 0
    // The shorter column stands in the middle of the longer one.
    const last = (isLeft ? perColumn : Math.floor(count / 2)) - 1
    return {
      x: isLeft ? COLUMN_MARGIN : width - COLUMN_MARGIN,
      y: centre.y + (Math.floor(index / 2) - last / 2) * ROW_HEIGHT,
    }
  })
  return { centre, points, radius: RADII.named, names: true, times: false, height }
}

interface Frame {
  readonly centre: Point
  readonly reach: Point
}

function frameOf(width: number): Frame {
  return {
    centre: { x: width / 2, y: HEIGHT / 2 },
    reach: { x: Math.max(40, width / 2 - MARGIN_X), y: HEIGHT / 2 - MARGIN_Y },
  }
}

/** How many go on each ring, the innermost first: the outer ones have more room, and get more. */
function shared(count: number, rings: number): readonly number[] {
  const whole = Array.from({ length: rings }, (_, ring) => shareOf(ring, rings)).reduce((sum, one) => sum + one, 0)
  let left = count
  return Array.from({ length: rings }, (_, ring) => {
    const mine = ring === rings - 1 ? left : Math.floor((count * shareOf(ring, rings)) / whole)
    left -= mine
    return mine
  })
}

/** How far out a ring is, of 1. */
function shareOf(ring: number, rings: number): number {
  return rings === 1 ? 1 : 0.45 + (0.55 * ring) / (rings - 1)
}

function ringsOf(counts: readonly number[], { centre, reach }: Frame): readonly Point[] {
  return counts.flatMap((count, ring) => {
    const share = shareOf(ring, counts.length)
    const here = { x: reach.x * share, y: reach.y * share }
    return pointsOn(count, { centre, reach: here, turn: ring % 2 === 0 ? 0 : 0.5 })
  })
}

/** As few as have room for nodes without names. */
function bareRings(count: number, { reach }: Frame): number {
  for (let rings = 1; rings < MOST_RINGS; rings += 1) {
    const fits = shared(count, rings).every((inRing, ring) => {
      const share = shareOf(ring, rings)
      return inRing * BARE_SPACING <= circumference(reach.x * share, reach.y * share)
    })
    if (fits) return rings
  }
  return MOST_RINGS
}

/** Ramanujan's approximation. */
function circumference(a: number, b: number): number {
  return Math.PI * (3 * (a + b) - Math.sqrt((3 * a + b) * (a + 3 * b)))
}

interface RingPlace extends Frame {
  /** Of the way to the next one. */
  readonly turn: number
}

function pointsOn(count: number, { centre, reach, turn }: RingPlace): readonly Point[] {
  // The first one goes where there is most room.
  const start = reach.x > reach.y ? 0 : Math.PI / 2
  return Array.from({ length: count }, (_, index) => {
    const angle = ((index + turn) / count) * 2 * Math.PI - start
    return { x: centre.x + reach.x * Math.cos(angle), y: centre.y + reach.y * Math.sin(angle) }
  })
}

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Of a letter of a name, at most on average. */
const LETTER_WIDTH = 8.2

/** What a node takes with its ring of load and its name. */
export function boxOf({ x, y }: Point, name: string, radius: number): Box {
  const half = Math.max(radius + 6, (name.length * LETTER_WIDTH) / 2)
  return { left: x - half, right: x + half, top: y - radius - 6, bottom: y + radius + NAME_BELOW + 5 }
}

export function overlap(one: Box, other: Box): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom
}

function haveRoom(points: readonly Point[], centre: Point, { names, self }: LayoutInit): boolean {
  // Nobody could read more, and all pairs are compared.
  if (points.length > 60) return false
  const boxes = points.map((point, index) => boxOf(point, names[index] ?? '', RADII.named))
  boxes.push(boxOf(centre, self, RADII.self))
  return boxes.every((box, index) => !boxes.slice(index + 1).some((other) => overlap(box, other)))
}
