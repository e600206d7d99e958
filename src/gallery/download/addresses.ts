import { BlockList, isIP } from 'node:net'

/** Everything that is not a public unicast address: local, shared, reserved, documentation, multicast, metadata. */
const IPV4_RANGES = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
]
const IPV6_RANGES = [
  '::/128',
  '::1/128',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/32',
  '2001:10::/28',
  '2001:db8::/32',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]

const notPublic = new BlockList()
for (const range of IPV4_RANGES) addRange(range, 'ipv4')
for (const range of IPV6_RANGES) addRange(range, 'ipv6')
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** True for an IP address that only means something on this machine or in its network. */
export function isPrivateAddress(address: string): boolean {
  const bare = withoutZone(address)
  const family = isIP(bare)
  if (family === 0) return true
  if (family === 4) return notPublic.check(bare, 'ipv4')
  return notPublic.check(bare, 'ipv6') || embeddedIPv4(bare).some((inner) => notPublic.check(inner, 'ipv4'))
}

export function isLoopbackAddress(address: string): boolean {
  const bare = withoutZone(address)
  const family = isIP(bare)
  return family !== 0 && loopback.check(bare, family === 4 ? 'ipv4' : 'ipv6')
}

/** The host of a URL as an IP address, without brackets; undefined when it is a name. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.replace(/^\[|\]$/g, '')
  return isIP(withoutZone(bare)) === 0 ? undefined : bare
}

/** The IPv4 address inside an IPv6 one: compatible and mapped (::/96), NAT64 (64:ff9b::/96) and 6to4 (2002::/16). */
function embeddedIPv4(address: string): readonly string[] {
  const groups = expand(address)
  const quad = (high: number, low: number): string => {
    const [a = 0, b = 0] = [groups[high], groups[low]]
    return `${a >> 8}.${a & 255}.${b >> 8}.${b & 255}`
  }
  if (groups[0] === 0x2002) return [quad(1, 2)]
  const zeros = (from: number, to: number): boolean => groups.slice(from, to).every((group) => group === 0)
  const nat64 = groups[0] === 0x64 && groups[1] === 0xff9b && zeros(2, 6)
  const mapped = zeros(0, 5) && (groups[5] === 0xffff || groups[5] === 0)
  return nat64 || mapped ? [quad(6, 7)] : []
}

function expand(address: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const hex = (high: string | undefined, low: string | undefined): string =>
    ((Number(high) << 8) | Number(low)).toString(16)
  const text = dotted === null ? address : `${dotted[1]}${hex(dotted[2], dotted[3])}:${hex(dotted[4], dotted[5])}`
  const [head = '', tail] = text.split('::')
  const parse = (part: string): number[] => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)))
  const [left, right] = [parse(head), parse(tail ?? '')]
  return tail === undefined ? left : [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
}

function withoutZone(address: string): string {
  return address.replace(/%.*$/, '')
}

function addRange(range: string, family: 'ipv4' | 'ipv6'): void {
  const [network = '', bits] = range.split('/')
  notPublic.addSubnet(network, Number(bits), family)
}
