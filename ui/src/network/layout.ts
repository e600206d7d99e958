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
  /** Whether there is room for names and times. */
  readonly labels: boolean
}

const MARGIN_X = 74
const MARGIN_Y = 46
/** Pixels along a ring that a node with its name needs. */
const NAMED_SPACING = 88
/** How far from the middle an inner ring has room for names, at its widest. */
const NAMED_REACH = 200
const BARE_SPACING = 24
const MAX_RINGS = 6

/** This node in the middle, the others on as few rings around it as have room for them. Pure. */
export function layOut(count: number, { width, height }: { readonly width: number; readonly height: number }): Layout {
  const centre = { x: width / 2, y: height / 2 }
  const reach = { x: Math.max(40, width / 2 - MARGIN_X), y: Math.max(40, height / 2 - MARGIN_Y) }
  const most = Math.max(reach.x, reach.y) < NAMED_REACH ? 1 : 2
  const named = ringsFor(count, { reach, spacing: NAMED_SPACING, most })
  const rings = named ?? ringsFor(count, { reach, spacing: BARE_SPACING, most: MAX_RINGS }) ?? evenRings(count)
  const points = rings.flatMap((ring, index) => {
    const share = rings.length === 1 ? 1 : 0.45 + (0.55 * index) / (rings.length - 1)
    return pointsOn(ring, {
      centre,
      reach: { x: reach.x * share, y: reach.y * share },
      turn: index % 2 === 0 ? 0 : 0.5,
    })
  })
  return { centre, points, radius: named === undefined ? 7 : 16, labels: named !== undefined }
}

interface RingWish {
  readonly reach: Point
  readonly spacing: number
  readonly most: number
}

/** How many go on each ring, the innermost first; undefined: they have no room. */
function ringsFor(count: number, { reach, spacing, most }: RingWish): readonly number[] | undefined {
  for (let rings = 1; rings <= most; rings += 1) {
    const room = Array.from({ length: rings }, (_, index) => {
      const share = rings === 1 ? 1 : 0.45 + (0.55 * index) / (rings - 1)
      return Math.floor(circumference(reach.x * share, reach.y * share) / spacing)
    })
    const all = room.reduce((sum, one) => sum + one, 0)
    if (all >= count) return share(count, room, all)
  }
  return undefined
}

/** The outer rings have more room, and get more. */
function share(count: number, room: readonly number[], all: number): readonly number[] {
  const rings = room.map((one) => Math.floor((count * one) / all))
  let left = count - rings.reduce((sum, one) => sum + one, 0)
  for (let index = rings.length - 1; left > 0; index = index === 0 ? rings.length - 1 : index - 1) {
    rings[index] = (rings[index] ?? 0) + 1
    left -= 1
  }
  return rings
}

function evenRings(count: number): readonly number[] {
  return share(count, Array(MAX_RINGS).fill(1), MAX_RINGS)
}

/** Ramanujan's approximation. */
function circumference(a: number, b: number): number {
  return Math.PI * (3 * (a + b) - Math.sqrt((3 * a + b) * (a + 3 * b)))
}

function pointsOn(
  count: number,
  { centre, reach, turn }: { readonly centre: Point; readonly reach: Point; readonly turn: number },
): readonly Point[] {
  // The first one goes where there is most room.
  const start = reach.x > reach.y ? 0 : Math.PI / 2
  return Array.from({ length: count }, (_, index) => {
    const angle = ((index + turn) / count) * 2 * Math.PI - start
    return { x: centre.x + reach.x * Math.cos(angle), y: centre.y + reach.y * Math.sin(angle) }
  })
}
