import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { AppError } from '../../../src/base/errors.ts'
import { clockSkew, otherVersion, refused } from '../../../src/p2p/admission/refusal.ts'
import { createFindings, diagnose } from '../../../src/p2p/findings.ts'

const PLACE = '/ip4/192.0.2.1/tcp/4001'

function systemError(code: string): Error {
  return Object.assign(new Error(`connect ${code} 192.0.2.1:4001`), { code })
}

function libraryError(name: string, message = 'odd'): Error {
  return Object.assign(new Error(message), { name })
}

describe('diagnose', () => {
  const cases: readonly (readonly [unknown, string | undefined])[] = [
    [systemError('ECONNREFUSED'), 'refused'],
    [systemError('EHOSTUNREACH'), 'unreachable'],
    [systemError('ENETUNREACH'), 'unreachable'],
    [systemError('ENOTFOUND'), 'unreachable'],
    [systemError('EADDRINUSE'), 'port-in-use'],
    [systemError('ECONNRESET'), 'not-local-ai'],
    [libraryError('TimeoutError'), 'unreachable'],
    [libraryError('AbortError'), 'unreachable'],
    [libraryError('EncryptionFailedError', 'Protocol selection failed'), 'not-local-ai'],
    [libraryError('UnsupportedProtocolError'), 'version-differs'],
    [libraryError('NoValidAddressesError'), 'no-address'],
    [libraryError('InvalidMessageError', 'failed to connect via relay with status NO_RESERVATION'), 'relay-needed'],
    [libraryError('UnsupportedListenAddressesError', 'listen EADDRINUSE: 0.0.0.0:4001'), 'port-in-use'],
    [refused('token'), 'token-differs'],
    [refused('malformed'), 'not-local-ai'],
    [refused('identity'), undefined],
    [otherVersion(7), 'version-differs'],
    [clockSkew({ skewSeconds: 40, otherClock: 'ahead' }), 'clock-differs'],
    [new AppError('model.busy', 'x'), undefined],
    [libraryError('InvalidPeerIdError', 'Can not dial self'), undefined],
    [new Error('another address of the peer was faster'), undefined],
    ['a string', undefined],
  ]
  for (const [error, problem] of cases) {
    it(`${String(error)} is ${problem ?? 'nothing'}`, () => {
      const diagnosis = diagnose(error, PLACE)
      assert.equal(diagnosis?.problem, problem)
      if (diagnosis === undefined) return
      assert.ok(diagnosis.message.startsWith(PLACE) || diagnosis.message.includes(` ${PLACE}`), diagnosis.message)
      assert.match(diagnosis.message, /: |;/, 'says what to do')
      assert.equal(diagnosis.address, PLACE)
    })
  }

  it('keeps what only the error knows', () => {
    assert.match(diagnose(clockSkew({ skewSeconds: 40, otherClock: 'ahead' }), PLACE)?.message ?? '', /40 s ahead/)
    assert.match(diagnose(systemError('ENOTFOUND'), '/dns/nod/tcp/1')?.message ?? '', /spelling/)
  })
})

describe('findings', () => {
  it('show the newest first, each kind of problem of an address once, and no more than the limit', () => {
    let now = 0
    const findings = createFindings({ now: () => now++ }, { limit: 3 })
    findings.report(systemError('ECONNREFUSED'), 'a')
    findings.report(systemError('ECONNREFUSED'), 'b')
    findings.report(systemError('EHOSTUNREACH'), 'a')
    findings.report(systemError('ECONNREFUSED'), 'a')
    findings.report('a string', 'c')
    const seen = findings.list().map(({ problem, address }) => `${address} ${problem}`)
    assert.deepEqual(seen, ['a refused', 'a unreachable', 'b refused'])
    findings.report(systemError('ECONNREFUSED'), 'd')
    assert.equal(findings.list().length, 3)
    assert.equal(findings.list().at(-1)?.address, 'a')
  })

  it('let no vague failure of the same dial hide the reason', () => {
    let now = 0
    const findings = createFindings({ now: () => now })
    findings.report(refused('token'), 'a')
    findings.report(libraryError('EncryptionFailedError'), 'a')
    findings.report(libraryError('EncryptionFailedError'), 'b')
    assert.deepEqual(
      findings.list().map(({ problem, address }) => [problem, address]),
      [
        ['not-local-ai', 'b'],
        ['token-differs', 'a'],
      ],
    )
    now = 60_000
    findings.report(libraryError('EncryptionFailedError'), 'a')
    assert.equal(findings.list()[0]?.address, 'a')
  })

  it('are settled by a connection', () => {
    const findings = createFindings({})
    findings.report(systemError('ECONNREFUSED'), 'a')
    findings.report(systemError('ECONNREFUSED'), 'b')
    findings.settle('a')
    assert.deepEqual(
      findings.list().map((one) => one.address),
      ['b'],
    )
  })
})

describe('findings on those who dial this node', () => {
  it('name the connection, whole', () => {
    const found = diagnose(libraryError('UnexpectedEOFError'), '/ip4/192.0.2.1')
    assert.match(found?.message ?? '', /^a connection from 192\.0\.2\.1 came from no local-ai node.*: check/)
    assert.match(diagnose(refused('token'), '/ip6/2001:db8::1')?.message ?? '', /^a connection from 2001:db8::1 came/)
    const skewed = diagnose(clockSkew({ skewSeconds: 40, otherClock: 'ahead' }), '/ip4/192.0.2.1')
    assert.match(skewed?.message ?? '', /^a connection from 192\.0\.2\.1: .*40 s ahead/)
  })

  it('are settled by host, and leave what was found by dialling it', () => {
    const findings = createFindings({})
    findings.report(refused('token'), '/ip4/192.0.2.1')
    findings.report(refused('malformed'), '/ip4/192.0.2.1')
    findings.report(refused('token'), PLACE)
    findings.settle('/ip4/192.0.2.1')
    assert.deepEqual(
      findings.list().map((one) => one.address),
      [PLACE],
    )
  })

  it('are at most four of one machine', () => {
    const findings = createFindings({})
    findings.report(systemError('ECONNREFUSED'), PLACE)
    for (let index = 0; index < 10; index += 1) findings.report(refused('token'), `/ip6/2001:db8::${index}`)
    assert.deepEqual(
      findings.list().map((one) => one.address),
      ['/ip6/2001:db8::9', '/ip6/2001:db8::8', '/ip6/2001:db8::7', '/ip6/2001:db8::6', PLACE],
    )
  })

  it('expire after ten minutes, as all do', () => {
    let now = 0
    const findings = createFindings({ now: () => now })
    findings.report(refused('token'), '/ip4/192.0.2.1')
    now = 1
    findings.report(systemError('ECONNREFUSED'), PLACE)
    now = 10 * 60_000 - 1
    assert.equal(findings.list().length, 2)
    now += 1
    assert.equal(findings.list().length, 1)
    now += 1
    assert.equal(findings.list().length, 0)
  })

  it('expire too when the clock was ahead and is put right', () => {
    let now = 365 * 24 * 60 * 60_000
    const findings = createFindings({ now: () => now })
    findings.report(clockSkew({ skewSeconds: 3e7, otherClock: 'behind' }), PLACE)
    assert.equal(findings.list().length, 1)
    now = 60_000
    assert.deepEqual(findings.list(), [])
    findings.report(refused('token'), PLACE)
    assert.equal(findings.list().length, 1)
  })
})
