import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { isProcessAlive } from '../../src/base/process-alive.ts'
import { makeSoundOnce, speakOnce, transcribeOnce } from '../../src/compose/compose-one-call.ts'
import { printedTranscript } from '../../src/compose/printed-transcript.ts'
import { resolveSettings } from '../../src/config/resolve-settings.ts'
import type { Table, Values } from '../../src/config/setting.ts'
import { soundSettings, speechSettings, transcriptSettings } from '../../src/config/tool-settings.ts'
import { createLogger } from '../../src/telemetry/logger.ts'

const BACKEND = fileURLToPath(new URL('../support/media-backend/main.ts', import.meta.url))

describe('a backend for one call', () => {
  const context = { log: createLogger({ level: 'silent', format: 'json' }), environment: process.env }
  let folder: string
  let journal: string
  let shared: Record<string, readonly string[]>

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'local-ai-one-call-'))
    journal = join(folder, 'journal')
    const program = join(folder, 'backend.sh')
    // The backend ends with its standard input, which a program that is not ours has none of: it gets a pipe without an end.
    execFileSync('mkfifo', [join(folder, 'idle')])
    writeFileSync(
      program,
      `#!/bin/sh\necho $$ >> '${folder}/pids'\nexec 0<>'${folder}/idle'\nexec '${process.execPath}' '${BACKEND}' --journal '${journal}' "$@"\n`,
    )
    chmodSync(program, 0o755)
    const models = join(folder, 'models')
    mkdirSync(models)
    writeFileSync(join(models, 'ears.yaml'), 'name: ears\nbackend: whisper\nparameters:\n  model: ears.bin\n')
    writeFileSync(join(folder, 'talk.wav'), 'one two')
    shared = {
      modelsPath: [models],
      backendsPath: [join(folder, 'backends')],
      backendsSystemPath: [join(folder, 'none')],
      externalGrpcBackends: ['piper', 'musician', 'whisper'].map((name) => `${name}:${program}`),
    }
  })
  after(() => rmSync(folder, { recursive: true, force: true }))

  const settingsOf = <T extends Table>(table: T, given: Record<string, readonly string[]>): Values<T> =>
    resolveSettings(table, { ...shared, ...given }, {})
  const lastAsked = (): { call: string; request: Record<string, unknown>; contents: Record<string, string> } =>
    JSON.parse(readFileSync(journal, 'utf8').trim().split('\n').at(-1) ?? '')

  function noProcessIsLeft(): void {
    const pids = readFileSync(join(folder, 'pids'), 'utf8').trim().split('\n').map(Number)
    assert.ok(pids.length > 0 && pids.every((pid) => !isProcessAlive(pid)), 'a backend still runs')
  }

  it('[CLI-TTS] speaks into the file that is wanted, with the backend that is wanted', async () => {
    const output = join(folder, 'out.wav')
    const settings = settingsOf(speechSettings, { model: ['amy.onnx'], voice: ['amy'], outputFile: [output] })
    assert.equal(await speakOnce({ text: 'Good morning', settings }, context), output)
    assert.equal(readFileSync(output).subarray(0, 4).toString(), 'RIFF')
    const { call, request } = lastAsked()
    assert.deepEqual(
      [call, request['text'], request['voice'], request['model']],
      ['TTS', 'Good morning', 'amy', 'amy.onnx'],
    )
    noProcessIsLeft()
  })

  it('[CLI-TTS] without a file, speaks into one of the temporary folder; a failure leaves what was there', async () => {
    const settings = settingsOf(speechSettings, { model: ['amy.onnx'] })
    const path = await speakOnce({ text: 'hello', settings }, context)
    assert.ok(path.startsWith(tmpdir()) && path.endsWith('.wav'))
    rmSync(path)
    const kept = join(folder, 'kept.wav')
    writeFileSync(kept, 'before')
    const failing = settingsOf(speechSettings, { model: ['amy.onnx'], outputFile: [kept] })
    await assert.rejects(speakOnce({ text: 'FAIL', settings: failing }, context), /told to fail/)
    assert.equal(readFileSync(kept, 'utf8'), 'before')
    noProcessIsLeft()
  })

  it('[CLI-SOUND-GENERATION] hands on every value, and the sound to go on from', async () => {
    const output = join(folder, 'sound.wav')
    const input = join(folder, 'talk.wav')
    const given = { backend: ['musician'], model: ['m'], outputFile: [output], inputFile: [input] }
    const numbers = { seconds: ['1.5'], temperature: ['0.5'], inputFileSampleDivisor: ['2'], doSample: ['false'] }
    await makeSoundOnce({ text: 'Soft rain', settings: settingsOf(soundSettings, { ...given, ...numbers }) }, context)
    const { call, request, contents } = lastAsked()
    assert.equal(call, 'SoundGeneration')
    assert.equal(contents['src'], 'one two')
    const { text, duration, temperature, src_divisor, sample } = request
    assert.deepEqual([text, duration, temperature, src_divisor, sample], ['Soft rain', 1.5, 0.5, 2, false])
  })

  it('[CLI-TRANSCRIPT] writes down what is said, in every format', async () => {
    const settings = settingsOf(transcriptSettings, { model: ['ears'], diarize: ['true'] })
    const transcript = await transcribeOnce({ file: join(folder, 'talk.wav'), settings }, context)
    const { request } = lastAsked()
    assert.deepEqual([request['diarize'], request['threads'], request['translate']], [true, 1, false])
    const printed = (responseFormat: (typeof settings)['responseFormat'], prettyPrint = false): string =>
      printedTranscript(transcript, { responseFormat, prettyPrint })
    assert.equal(printed(undefined), '0s -  one\n1s -  two\n')
    assert.equal(printed('txt'), 'one\ntwo\n')
    assert.match(printed('srt'), /^1\n00:00:00,000 --> 00:00:01,000\none\n/)
    assert.match(printed('vtt'), /^WEBVTT\n/)
    assert.match(printed('lrc'), /\[00:01\.00\] two\n$/)
    assert.deepEqual(JSON.parse(printed('json')), { text: 'one two', language: 'en', duration: 2 })
    assert.equal(JSON.parse(printed('verbose_json', true)).segments.length, 2)
    assert.match(printed('verbose_json', true), /\n {4}"text": "one two"/)
    noProcessIsLeft()
  })

  it('[CLI-TRANSCRIPT] wants a model that is configured, and a file that is there', async () => {
    const unknown = settingsOf(transcriptSettings, { model: ['nobody'] })
    await assert.rejects(
      transcribeOnce({ file: join(folder, 'talk.wav'), settings: unknown }, context),
      /model not found/,
    )
    const settings = settingsOf(transcriptSettings, { model: ['ears'] })
    await assert.rejects(transcribeOnce({ file: join(folder, 'silence.wav'), settings }, context), /there is no file/)
  })
})
