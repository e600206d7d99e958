import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { JsonValue } from '../../../src/base/json.ts'
import { compileTemplate } from '../../../src/templates/template.ts'
import { fromJson, struct, type Value } from '../../../src/templates/value.ts'

function render(source: string, data: JsonValue = {}): string {
  return compileTemplate('t', source).render(fromJson(data), { now: () => new Date('2024-07-04T09:05:03Z') })
}

function refused(source: string, message: RegExp, data: JsonValue = {}): void {
  assert.throws(() => render(source, data), { code: 'model.config-invalid', message })
}

/** Source, data, and what Go's documentation says of it. */
type Row = readonly [source: string, data: JsonValue, expected: string]

function rows(name: string, all: readonly Row[]): void {
  describe(name, () => {
    for (const [source, data, expected] of all) {
      it(`${JSON.stringify(source)} of ${JSON.stringify(data)}`, () => assert.equal(render(source, data), expected))
    }
  })
}

rows('text and white space', [
  ['plain } } { text', {}, 'plain } } { text'],
  ['{{23 -}} < {{- 45}}', {}, '23<45'],
  ['a  {{- " b " -}}  c', {}, 'a b c'],
  ['a\n\t {{- 1 }} \n b', {}, 'a1 \n b'],
  ['{{-3}}', {}, '-3'],
  ['x {{/* a }} comment */}} y', {}, 'x  y'],
  ['x {{- /* gone */ -}} y', {}, 'xy'],
  ['{{"}}"}}{{`{{raw\n`}}', {}, '}}{{raw\n'],
  ['{{\n  .a\n  | upper\n}}', { a: 'x' }, 'X'],
])

rows('values', [
  ['{{.a}} {{.b.c}} {{.b}}', { a: 'x', b: { c: 1 } }, 'x 1 map[c:1]'],
  ['{{.missing}}', {}, '<no value>'],
  ['{{.a}}', { a: null }, '<no value>'],
  ['{{.constructor}}{{.__proto__}}', {}, '<no value><no value>'],
  ['{{.l}} {{.m}}', { l: [1, 'b', null, true], m: { z: 1, a: [2] } }, '[1 b <nil> true] map[a:[2] z:1]'],
  ['{{"q\\t\\"\\u00e9\\x41"}}', {}, 'q\t"éA'],
  ["{{'A'}} {{0x1F}} {{017}} {{0b11}} {{1_000}} {{1.5e3}} {{-2}} {{.5}}", {}, '65 31 15 3 1000 1500 -2 0.5'],
  ['{{.a}} {{.b}} {{.c}}', { a: 1e21, b: 0.00001, c: 3.0 }, '1e+21 1e-05 3'],
  ['{{true}} {{false}}', {}, 'true false'],
])

rows('if, else if, else: the truth of Go', [
  ...(
    [
      [0, false],
      [1, true],
      ['', false],
      ['x', true],
      [null, false],
      [[], false],
      [[0], true],
      [{}, false],
      [{ a: 0 }, true],
      [false, false],
    ] as const
  ).map(([value, truth]): Row => ['{{if .v}}yes{{else}}no{{end}}', { v: value as JsonValue }, truth ? 'yes' : 'no']),
  ['{{if eq .a 1}}1{{else if eq .a 2}}2{{else if eq .a 3}}3{{else}}more{{end}}', { a: 3 }, '3'],
  ['{{if .a}}{{if .b}}ab{{else}}a{{end}}{{end}}', { a: 1 }, 'a'],
])

rows('with and range', [
  ['{{with .a}}{{.b}}{{else}}none{{end}}', { a: { b: 'x' } }, 'x'],
  ['{{with .a}}{{.b}}{{else}}none{{end}}', {}, 'none'],
  ['{{with $x := .a}}{{$x}}{{$.b}}{{end}}', { a: 1, b: 2 }, '12'],
  ['{{with .a}}a{{else with .b}}{{.}}{{end}}', { b: 'B' }, 'B'],
  ['{{range .l}}<{{.}}>{{end}}', { l: [1, 2] }, '<1><2>'],
  ['{{range $i, $e := .l}}{{$i}}={{$e}};{{end}}', { l: ['a', 'b'] }, '0=a;1=b;'],
  ['{{range $e := .l}}{{$e}}{{.}}{{end}}', { l: ['a', 'b'] }, 'aabb'],
  ['{{range $k, $v := .m}}{{$k}}:{{$v}} {{end}}', { m: { b: 2, a: 1 } }, 'a:1 b:2 '],
  ['{{range .l}}x{{else}}empty{{end}}', { l: [] }, 'empty'],
  ['{{range .l}}x{{else}}empty{{end}}', {}, 'empty'],
  ['{{range 3}}{{.}}{{end}}', {}, '012'],
  [
    '{{range .l}}{{if eq . 2}}{{continue}}{{end}}{{if eq . 4}}{{break}}{{end}}{{.}}{{end}}',
    { l: [1, 2, 3, 4, 5] },
    '13',
  ],
])

rows('variables', [
  ['{{$x := 1}}{{$x}}{{$x = 2}}{{$x}}', {}, '12'],
  [
    '{{$first := true}}{{range .l}}{{if $first}}{{$first = false}}{{else}}, {{end}}{{.}}{{end}}',
    { l: [1, 2, 3] },
    '1, 2, 3',
  ],
  ['{{$x := 1}}{{if true}}{{$x := 2}}{{$x}}{{end}}{{$x}}', {}, '21'],
  ['{{$x := .a}}{{$x.b.c}} {{($x).b}}', { a: { b: { c: 1 } } }, '1 map[c:1]'],
])

rows('pipelines and comparison', [
  ['{{"put" | printf "%s%s" "out" | printf "%q"}}', {}, '"output"'],
  ['{{len .l}} {{len .s}} {{len .m}}', { l: [1], s: 'é', m: { a: 1 } }, '1 2 1'],
  ['{{index .l 1}} {{index .m "k" 0}} {{index .m "none"}}', { l: [1, 2], m: { k: ['x'] } }, '2 x <no value>'],
  ['{{slice .s 1 3}} {{slice .l 1}}', { s: 'abcd', l: [1, 2, 3] }, 'bc [2 3]'],
  ['{{eq .a "x" "y"}} {{eq .a "z"}} {{ne .a "z"}} {{eq .none "y"}}', { a: 'y' }, 'true false true false'],
  ['{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge "b" "a"}}', {}, 'true true false true'],
  ['{{and 1 0 (fail "never")}} {{or 0 "x" (fail "never")}} {{not 0}}', {}, '0 x true'],
  ['{{and true .a}} {{or .b .a}}', { a: 'x' }, 'x x'],
  ['{{print "a" 1 2 "b"}} {{print 1 2}} {{println "a" 1}}', {}, 'a1 2b 1 2 a 1\n'],
  ['{{html "<a>"}} {{js "it\'s"}} {{urlquery "a b&"}}', {}, "&lt;a&gt; it\\'s a+b%26"],
  [
    '{{printf "%5d|%-5s|%05.1f|%x|%v|%t|%%" 42 "ab" 3.14159 255 .l true}}',
    { l: [1] },
    '   42|ab   |003.1|ff|[1]|true|%',
  ],
  ['{{printf "%d %s" "x"}} {{printf "a" 1}}', {}, '%!d(string=x) %!s(MISSING) a%!(EXTRA int=1)'],
])

rows('define, template, block', [
  ['{{define "t"}}<{{.}}>{{end}}{{template "t" .a}}{{template "t"}}', { a: 1 }, '<1><<no value>>'],
  ['{{template "late" .}}{{define "late"}}{{.a}}{{end}}', { a: 1 }, '1'],
  ['{{block "b" .a}}[{{.}}]{{end}}', { a: 1 }, '[1]'],
  ['{{define "b"}}mine{{end}}{{block "b" .}}default{{end}}', {}, 'mine'],
  [
    '{{define "l"}}{{if .}}{{first .}}{{template "l" (rest .)}}{{end}}{{end}}{{template "l" .l}}',
    { l: [1, 2, 3] },
    '123',
  ],
])

rows("Sprig's functions", [
  ['{{trim " a "}}|{{trimSuffix "b" "ab"}}|{{trimPrefix "a" "ab"}}|{{trimAll "$" "$5$"}}', {}, 'a|a|b|5'],
  ['{{upper "a"}}{{lower "B"}}{{title "ab cd"}}', {}, 'AbAb Cd'],
  [
    '{{replace "a" "o" "banana"}} {{repeat 3 "ab"}} {{substr 1 3 "abcd"}} {{trunc 2 "abc"}} {{trunc -2 "abc"}}',
    {},
    'bonono ababab bc ab bc',
  ],
  ['{{contains "b" "abc"}} {{hasPrefix "a" "abc"}} {{hasSuffix "a" "abc"}}', {}, 'true true false'],
  ['{{quote "a\\"b" nil 1}} {{squote "x"}} {{cat "a" 1 "b"}}', {}, '"a\\"b" "1" \'x\' a 1 b'],
  ['{{indent 2 "a\\nb"}}|{{nindent 1 "a"}}', {}, '  a\n  b|\n a'],
  ['{{join "," (list 1 "b" 2)}} {{splitList "," "a,b"}} {{(split "," "a,b")._1}}', {}, '1,b,2 [a b] b'],
  [
    '{{first .l}} {{last .l}} {{rest .l}} {{initial .l}} {{append .l 4}} {{prepend .l 0}}',
    { l: [1, 2, 3] },
    '1 3 [2 3] [1 2] [1 2 3 4] [0 1 2 3]',
  ],
  [
    '{{has 2 .l}} {{without .l 2}} {{uniq (list 1 1 2)}} {{reverse .l}} {{concat .l (list 9)}}',
    { l: [1, 2] },
    'true [1] [1 2] [2 1] [1 2 9]',
  ],
  [
    '{{$d := dict "a" 1 "b" 2}}{{$_ := set $d "c" 3}}{{$d}} {{get $d "a"}} {{hasKey $d "z"}} {{keys $d}}',
    {},
    'map[a:1 b:2 c:3] 1 false [a b c]',
  ],
  ['{{dig "a" "b" "no" .}} {{dig "a" "z" "no" .}}', { a: { b: 'yes' } }, 'yes no'],
  [
    '{{default "x" .a}} {{.b | default "y"}} {{coalesce 0 "" "z"}} {{empty .a}} {{ternary 1 2 true}}',
    { b: 'B' },
    'x B z true 1',
  ],
  [
    '{{add 1 2 3}} {{sub 5 2}} {{mul 2 3}} {{div 7 2}} {{mod 7 2}} {{add1 1}} {{max 1 3 2}} {{int "7"}} {{float64 "1.5"}}',
    {},
    '6 3 6 3 1 2 3 7 1.5',
  ],
  ['{{until 3}} {{untilStep 0 6 2}}', {}, '[0 1 2] [0 2 4]'],
  [
    '{{toJson .}} {{toRawJson .}}',
    { b: '<a>', a: [1, null] },
    '{"a":[1,null],"b":"\\u003ca\\u003e"} {"a":[1,null],"b":"<a>"}',
  ],
  ['{{toPrettyJson .}}', { a: 1 }, '{\n  "a": 1\n}'],
  ['{{(fromJson .j).a}} {{fromJson "no"}}', { j: '{"a":[1]}' }, '[1] <no value>'],
  ['{{dateInZone "Mon, 02 Jan 2006 15:04:05 -0700" now "UTC"}}', {}, 'Thu, 04 Jul 2024 09:05:03 +0000'],
  ['{{dateInZone "2 January 06, 3:04 PM" 86400 "UTC"}}', {}, '2 January 70, 12:00 AM'],
  [
    '{{kindOf 1}} {{kindOf "a"}} {{kindOf .l}} {{kindIs "map" .}} {{toString 1.5}}',
    { l: [] },
    'int string slice true 1.5',
  ],
  [
    '{{regexMatch "^a+$" "aaa"}} {{regexReplaceAll "(a)(b)" "abab" "${2}$1"}} {{regexFind "[0-9]+" "a12b"}} {{regexSplit "," "a,b" -1}}',
    {},
    'true baba 12 [a b]',
  ],
  ['{{b64enc "hi"}} {{b64dec "aGk="}}', {}, 'aGk= hi'],
])

describe('structs', () => {
  const data: Value = struct({ Name: 'get', Tags: ['a'] }, { name: 'get' })

  it('have their fields under their names and their JSON under its own', () => {
    assert.equal(compileTemplate('t', '{{.Name}} {{toJson .}} {{.}}').render(data), 'get {"name":"get"} {get [a]}')
  })

  it('have no other fields, and say which they have', () => {
    const template = compileTemplate('chat', 'a\n  {{.Nmae}}')
    assert.throws(() => template.render(data), {
      code: 'model.config-invalid',
      message: 'template chat:2:5: there is no field Nmae here (there are Name, Tags)',
    })
  })
})

describe('what is wrong is said with its place', () => {
  const faults: readonly (readonly [source: string, message: RegExp])[] = [
    ['ab{{if .x}}', /^template t:1:5: unclosed \{\{if\}\}$/],
    ['a\nb{{end}}', /^template t:2:4: unexpected \{\{end\}\}$/],
    ['{{nope 1}}', /^template t:1:3: function "nope" not defined$/],
    ['{{env "HOME"}}', /function "env" not defined/],
    ['{{$x}}', /undefined variable \$x/],
    ['{{define "a"}}{{$x}}{{end}}{{$x := 1}}', /undefined variable \$x/],
    ['{{.a', /unclosed action/],
    ['{{/* a', /unclosed comment/],
    ['{{"a}}', /unterminated quoted string/],
    ['{{(1}}', /unclosed left paren/],
    ['{{1 2}}', /can't give an argument/],
    ['{{}}', /missing value for command/],
    ['{{break}}', /outside \{\{range\}\}/],
    ['{{3a}}', /bad number syntax/],
    ['{{len 3}}', /error calling len: len of a int/],
    ['{{index .l 9}}', /error calling index: index out of range: 9/],
    ['{{eq 1 "a"}}', /incompatible types for comparison/],
    ['{{.a.b}}', /nil has no field b/],
    ['{{template "x"}}', /template "x" not defined/],
    ['{{upper 1}}', /expected string; found int/],
    ['{{upper}}', /wrong number of args for upper: want 1 got 0/],
    ['{{fail "no"}}', /error calling fail: no/],
    ['{{div 1 0}}', /division by zero/],
  ]
  for (const [source, message] of faults) {
    it(source, () => refused(source, message, { l: [1] }))
  }
})

describe('what a rendering may cost is bounded', () => {
  const bombs: readonly (readonly [name: string, source: string, message: RegExp])[] = [
    ['rounds', '{{range 100000000}}{{end}}', /more than 1000000 steps/],
    ['output', '{{range 10000}}{{repeat 10000 "a"}}{{end}}', /a text of more than \d+ characters/],
    ['a text', '{{repeat 2000000000 "ab"}}', /a text of more than/],
    ['a text that doubles', '{{$s := "aaaaaaaa"}}{{range 40}}{{$s = print $s $s}}{{end}}', /a text of more than/],
    ['a list', '{{until 2000000000}}', /more than 100000 entries/],
    [
      'a value that doubles inside',
      '{{$l := list 1}}{{range 40}}{{$l = list $l $l}}{{end}}{{$l}}',
      /more than 1000000 steps/,
    ],
    ['JSON that doubles inside', '{{$l := list 1}}{{range 40}}{{$l = list $l $l}}{{end}}{{toJson $l}}', /steps/],
    [
      'templates that call themselves',
      '{{define "a"}}{{template "a"}}{{end}}{{template "a"}}',
      /call each other more than 100 deep/,
    ],
    ['values in values', '{{$l := list 1}}{{range 90000}}{{$l = list $l}}{{end}}{{$l}}', /values nest too deeply/],
    ['parentheses', `{{${'('.repeat(1000)}1${')'.repeat(1000)}}}`, /more than 50 parentheses/],
    ['blocks', `${'{{if 1}}'.repeat(1000)}${'{{end}}'.repeat(1000)}`, /more than 100 blocks/],
    ['indentation', '{{indent 2000000000 "a"}}', /a text of more than/],
    ['width', '{{len (printf "%2000000000d" 1)}}', /^10000$/],
  ]
  for (const [name, source, message] of bombs) {
    it(name, () => {
      if (name === 'width') assert.match(render(source), message)
      else refused(source, message)
    })
  }
})
