#!/usr/bin/env node
// tiny-gguf.mjs - writes tiny GGUF files that llama.cpp (v0.5.0, GGUF v3) loads. Node >= 18, no dependencies.
//
//   node tiny-gguf.mjs --kind llama   --out m.gguf [--layers 4] [--dim 64] [--heads 4] [--kv-heads 2] [--ff 128]
//                      [--ctx 4096] [--type f32|f16|q8_0] [--seed 1] [--mode random|bigram|trainable] [--merges 1] [--corpus FILE] [--weights FILE]
//   node tiny-gguf.mjs --kind bert    --out e.gguf      embedding model (mean pooling)
//   node tiny-gguf.mjs --kind rerank  --out r.gguf      cross-encoder (rank pooling, cls.output)
//   node tiny-gguf.mjs --kind lora    --out l.gguf      LoRA adapter that fits a --kind llama file of the same shape
//   node tiny-gguf.mjs --kind mmproj  --out p.gguf      vision projector (clip, projector_type mlp) for llama-server --mmproj
//
// random: seeded gaussian weights; greedy output is gibberish but the same on every run and machine, so it is good for
//         'split over N workers == not split' checks.
// bigram: one-hot embeddings, zero attention/ffn, output = log P(next|prev) counted from the corpus: the text that comes
//         out looks like the corpus, but the layers do nothing (do not use it to check a split).
// trainable: small weights, a start for llama.cpp's examples/training/finetune.cpp (F32 only).
import { readFileSync, writeFileSync } from 'node:fs'
import { argv } from 'node:process'

// ---------- arguments: --name value
const opt = {}
for (let i = 2; i + 1 < argv.length; i += 2) opt[argv[i].slice(2)] = argv[i + 1]
const I = (k, d) => (opt[k] === undefined ? d : Number(opt[k]))
const S = (k, d) => opt[k] ?? d
const kind = S('kind', 'llama'),
  out = S('out', 'tiny.gguf'),
  mode = S('mode', 'random')
const TYPE = { f32: 0, f16: 1, q8_0: 8 }[S('type', 'f32')]

// ---------- seeded random numbers (mulberry32 + Box-Muller)
let seed = I('seed', 1) >>> 0
const rnd = () => {
  seed = (seed + 0x6d2b79f5) >>> 0
  let t = seed
  t = Math.imul(t ^ (t >>> 15), t | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296
}
const gauss = () => Math.sqrt(-2 * Math.log(1 - rnd())) * Math.cos(2 * Math.PI * rnd())
const randn = (n, std) => Float32Array.from({ length: n }, () => gauss() * std)
const fill = (n, v) => new Float32Array(n).fill(v)

// ---------- GGUF writer
const T = { U8: 0, I8: 1, U16: 2, I16: 3, U32: 4, I32: 5, F32: 6, BOOL: 7, STR: 8, ARR: 9, U64: 10, I64: 11, F64: 12 }
const kv = []
const u32 = (n) => {
  const b = Buffer.alloc(4)
  b.writeUInt32LE(n >>> 0)
  return b
}
const i32 = (n) => {
  const b = Buffer.alloc(4)
  b.writeInt32LE(n)
  return b
}
const u64 = (n) => {
  const b = Buffer.alloc(8)
  b.writeBigUInt64LE(BigInt(n))
  return b
}
const f32 = (n) => {
  const b = Buffer.alloc(4)
  b.writeFloatLE(n)
  return b
}
const str = (s) => {
  const b = Buffer.from(s, 'utf8')
  return Buffer.concat([u64(b.length), b])
}
const enc = {
  [T.U32]: u32,
  [T.I32]: i32,
  [T.F32]: f32,
  [T.STR]: str,
  [T.BOOL]: (b) => Buffer.from([b ? 1 : 0]),
  [T.U64]: u64,
}
const put = (key, type, val) => kv.push(Buffer.concat([str(key), u32(type), enc[type](val)]))
const arr = (key, type, vals) =>
  kv.push(Buffer.concat([str(key), u32(T.ARR), u32(type), u64(vals.length), ...vals.map(enc[type])]))
const f1 = new Float32Array(1),
  u1 = new Uint32Array(f1.buffer)
const f16bits = (v) => {
  // float32 -> float16, round to nearest even
  f1[0] = v
  const x = u1[0],
    s = (x >>> 16) & 0x8000
  let e = ((x >>> 23) & 255) - 112,
    m = x & 0x7fffff
  if (e >= 31) return s | 0x7c00
  if (e <= 0) {
    if (e < -10) return s
    m |= 0x800000
    const sh = 14 - e,
      r = m >>> sh
    return s | (r + ((m >>> (sh - 1)) & 1 && (m & ((1 << (sh - 1)) - 1) || r & 1) ? 1 : 0))
  }
  const h = s | (e << 10) | (m >>> 13)
  return h + ((m >>> 12) & 1 && (m & 0xfff || h & 1) ? 1 : 0)
}
const encode = (data, type) => {
  if (type === 0) return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  if (type === 1) {
    const o = new Uint16Array(data.length)
    data.forEach((v, i) => {
      o[i] = f16bits(v)
    })
    return Buffer.from(o.buffer)
  }
  const o = Buffer.alloc((data.length / 32) * 34) // q8_0: f16 scale + 32 x int8
  for (let b = 0; b < data.length / 32; b++) {
    let max = 0
    for (let j = 0; j < 32; j++) max = Math.max(max, Math.abs(data[b * 32 + j]))
    const d = max / 127
    o.writeUInt16LE(f16bits(d), b * 34)
    for (let j = 0; j < 32; j++)
      o.writeInt8(d ? Math.max(-127, Math.min(127, Math.round(data[b * 32 + j] / d))) : 0, b * 34 + 2 + j)
  }
  return o
}
// --weights FILE: take the llama tensors from what tiny-train.cpp wrote (f32, in the order of this list) instead of drawing them
const trained = opt.weights
  ? (() => {
      const b = readFileSync(opt.weights)
      return new Float32Array(b.buffer.slice(b.byteOffset, b.byteOffset + b.length))
    })()
  : null
const tensors = []
// shape is ggml order: shape[0] is the contiguous one. 1-D tensors (norms, biases) stay F32.
const tensor = (name, shape, drawn, type = shape.length === 1 ? 0 : TYPE) => {
  const n = shape.reduce((a, b) => a * b, 1)
  const data = trained && kind === 'llama' ? trained.subarray(offsets[name], offsets[name] + n) : drawn
  if (data.length !== n) throw new Error(`${name}: ${data.length} values for shape ${shape}`)
  tensors.push({ name, shape, type, bytes: encode(data, type) })
}
const write = () => {
  const ALIGN = 32,
    pad = (n) => (ALIGN - (n % ALIGN)) % ALIGN
  let off = 0
  const infos = []
  for (const t of tensors) {
    infos.push(Buffer.concat([str(t.name), u32(t.shape.length), ...t.shape.map(u64), u32(t.type), u64(off)]))
    off += t.bytes.length + pad(t.bytes.length)
  }
  const head = Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(kv.length), ...kv, ...infos])
  writeFileSync(
    out,
    Buffer.concat([
      head,
      Buffer.alloc(pad(head.length)),
      ...tensors.flatMap((t) => [t.bytes, Buffer.alloc(pad(t.bytes.length))]),
    ]),
  )
}

// ---------- tokenizer: GPT-2 byte-level BPE, 256 byte tokens + learned merges + special tokens
const DEFAULT_CORPUS =
  `The quick brown fox jumps over the lazy dog. The node joins the swarm and asks its peers for the list of models. ` +
  `Each worker holds some layers of the model and sends the activations to the next worker. The balancer picks the peer with the fewest requests in flight. ` +
  `When a peer leaves the swarm the node removes it from the table and sends the request to another peer. A token is a small piece of text. `
const corpus = opt.corpus ? readFileSync(opt.corpus, 'utf8') : DEFAULT_CORPUS.repeat(4)
const b2u = (() => {
  // GPT-2 byte -> printable code point
  const bs = []
  for (let i = 33; i <= 126; i++) bs.push(i)
  for (let i = 161; i <= 172; i++) bs.push(i)
  for (let i = 174; i <= 255; i++) bs.push(i)
  const cs = [...bs]
  let n = 0
  for (let b = 0; b < 256; b++)
    if (!bs.includes(b)) {
      bs.push(b)
      cs.push(256 + n++)
    }
  const m = []
  bs.forEach((b, i) => {
    m[b] = String.fromCodePoint(cs[i])
  })
  return m
})()
const PRE = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu // the 'gpt-2' pre-tokenizer
const words = (corpus.match(PRE) ?? []).map((w) => [...Buffer.from(w)].map((b) => b2u[b]))
const merges = []
for (let k = 0; k < Math.max(1, I('merges', 1)); k++) {
  // llama.cpp wants the merges key, and drops text when a merge has no token, so there is at least one real merge
  const cnt = new Map()
  for (const w of words)
    for (let i = 0; i + 1 < w.length; i++) {
      const p = `${w[i]} ${w[i + 1]}`
      cnt.set(p, (cnt.get(p) ?? 0) + 1)
    }
  const best = [...cnt].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0]
  if (!best || best[1] < 2) break
  merges.push(best[0])
  const [x, y] = best[0].split(' ')
  for (let wi = 0; wi < words.length; wi++) {
    const w = words[wi],
      o = []
    for (let i = 0; i < w.length; i++) {
      if (w[i] === x && w[i + 1] === y) {
        o.push(x + y)
        i++
      } else o.push(w[i])
    }
    words[wi] = o
  }
}
const SPECIAL = [
  '<|endoftext|>',
  '<|im_start|>',
  '<|im_end|>',
  '<|fim_prefix|>',
  '<|fim_suffix|>',
  '<|fim_middle|>',
  '<image>',
  '<|pad|>',
]
const tokens = [...SPECIAL, ...Array.from({ length: 256 }, (_, b) => b2u[b]), ...merges.map((m) => m.replace(' ', ''))]
while (tokens.length % 32) tokens.push(`<|unused${tokens.length}|>`)
const V = tokens.length,
  ID = new Map(tokens.map((t, i) => [t, i]))
const CHATML = `{%- for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{%- endfor %}{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}`
const CHATML_TOOLS = `{%- if tools %}{{ '<|im_start|>system\\n' }}{%- if messages[0].role == 'system' %}{{ messages[0].content + '\\n\\n' }}{%- endif %}{{ '# Tools\\n\\nYou may call one or more functions to assist with the user query.\\n\\nYou are provided with function signatures within <tools></tools> XML tags:\\n<tools>' }}{%- for tool in tools %}{{ '\\n' }}{{ tool | tojson }}{%- endfor %}{{ '\\n</tools>\\n\\nFor each function call, return a json object with function name and arguments within <tool_call></tool_call> XML tags:\\n<tool_call>\\n{"name": <function-name>, "arguments": <args-json-object>}\\n</tool_call><|im_end|>\\n' }}{%- elif messages[0].role == 'system' %}{{ '<|im_start|>system\\n' + messages[0].content + '<|im_end|>\\n' }}{%- endif %}{%- for m in messages %}{%- if m.role == 'user' or (m.role == 'system' and not loop.first) or (m.role == 'assistant' and not m.tool_calls) %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{%- elif m.role == 'assistant' %}{{ '<|im_start|>assistant' }}{%- if m.content %}{{ '\\n' + m.content }}{%- endif %}{%- for tc in m.tool_calls %}{%- set f = tc.function if tc.function else tc %}{{ '\\n<tool_call>\\n{"name": "' + f.name + '", "arguments": ' }}{{ f.arguments | tojson }}{{ '}\\n</tool_call>' }}{%- endfor %}{{ '<|im_end|>\\n' }}{%- elif m.role == 'tool' %}{{ '<|im_start|>user\\n<tool_response>\\n' + m.content + '\\n</tool_response><|im_end|>\\n' }}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{%- endif %}`
// 1 normal, 3 control, 5 unused
const tokenType = (token, index) => {
  if (index < SPECIAL.length) return 3
  return token.startsWith('<|unused') ? 5 : 1
}
const putTokenizer = ({ addBos = false, addEos = false, chat = S('template', 'tools') } = {}) => {
  put('tokenizer.ggml.model', T.STR, 'gpt2')
  put('tokenizer.ggml.pre', T.STR, 'gpt-2')
  arr('tokenizer.ggml.tokens', T.STR, tokens)
  arr('tokenizer.ggml.token_type', T.I32, tokens.map(tokenType))
  arr('tokenizer.ggml.merges', T.STR, merges)
  put('tokenizer.ggml.bos_token_id', T.U32, 0)
  put('tokenizer.ggml.eos_token_id', T.U32, 2)
  put('tokenizer.ggml.padding_token_id', T.U32, 7)
  put('tokenizer.ggml.add_bos_token', T.BOOL, addBos)
  put('tokenizer.ggml.add_eos_token', T.BOOL, addEos)
  put('tokenizer.ggml.fim_pre_token_id', T.U32, 3)
  put('tokenizer.ggml.fim_suf_token_id', T.U32, 4)
  put('tokenizer.ggml.fim_mid_token_id', T.U32, 5)
  if (chat && chat !== 'none') put('tokenizer.chat_template', T.STR, chat === 'chatml' ? CHATML : CHATML_TOOLS)
}
const L = I('layers', 4),
  D = mode === 'bigram' && kind === 'llama' ? V : I('dim', 64),
  H = I('heads', 4),
  KV = I('kv-heads', 2),
  FF = I('ff', 128),
  CTX = I('ctx', 4096),
  HD = D / H
const offsets = {} // where each llama tensor starts in --weights
if (trained) {
  let o = 0
  const at = (name, n) => {
    offsets[name] = o
    o += n
  }
  at('token_embd.weight', D * V)
  for (let l = 0; l < L; l++)
    for (const [n, k] of [
      ['attn_norm', D],
      ['attn_q', D * H * HD],
      ['attn_k', D * KV * HD],
      ['attn_v', D * KV * HD],
      ['attn_output', D * H * HD],
      ['ffn_norm', D],
      ['ffn_gate', D * FF],
      ['ffn_up', D * FF],
      ['ffn_down', D * FF],
    ])
      at(`blk.${l}.${n}.weight`, k)
  at('output_norm.weight', D)
  at('output.weight', D * V)
  if (o !== trained.length) throw new Error(`--weights has ${trained.length} values, this shape needs ${o}`)
}
const general = (arch, extra = '') => {
  put('general.architecture', T.STR, arch)
  put('general.type', T.STR, 'model')
  put('general.name', T.STR, S('name', `tiny-${kind}${extra}`))
  put('general.file_type', T.U32, { 0: 0, 1: 1, 8: 7 }[TYPE])
  put('general.quantization_version', T.U32, 2)
  put('general.license', T.STR, 'mit')
}

if (kind === 'llama') {
  general('llama', mode === 'bigram' ? '-bigram' : '')
  put('llama.block_count', T.U32, L)
  put('llama.context_length', T.U32, CTX)
  put('llama.embedding_length', T.U32, D)
  put('llama.feed_forward_length', T.U32, FF)
  put('llama.attention.head_count', T.U32, H)
  put('llama.attention.head_count_kv', T.U32, KV)
  put('llama.attention.layer_norm_rms_epsilon', T.F32, 1e-5)
  put('llama.rope.dimension_count', T.U32, HD)
  put('llama.rope.freq_base', T.F32, 10000)
  put('llama.vocab_size', T.U32, V)
  putTokenizer()
  const big = mode === 'bigram',
    w = (n, std) => (big ? fill(n, 0) : randn(n, mode === 'trainable' ? 0.4 * std : std))
  if (big) {
    const E = fill(V * V, 0)
    for (let i = 0; i < V; i++) E[i * V + i] = 1
    const c = fill(V * V, 0.001),
      W = fill(V * V, 0)
    let p = 0 // p: previous token, starts at <|endoftext|>
    for (const t of words.flat()) {
      const i = ID.get(t)
      c[p * V + i] += 1
      p = i
    }
    for (const j of [0, 1, 3, 4, 5, 6, 7]) for (let i = 0; i < V; i++) c[i * V + j] = 1e-9
    c[p * V + 2] += 1
    for (let i = 0; i < V; i++) c[i * V + 2] += 1e-4
    for (let i = 0; i < V; i++) {
      let s = 0
      for (let j = 0; j < V; j++) s += c[i * V + j]
      for (let j = 0; j < V; j++) W[j * V + i] = Math.log(c[i * V + j] / s) / Math.sqrt(V)
    }
    tensor('token_embd.weight', [D, V], E)
    tensor('output_norm.weight', [D], fill(D, 1))
    tensor('output.weight', [D, V], W)
  } else {
    tensor('token_embd.weight', [D, V], randn(D * V, 1))
    tensor('output_norm.weight', [D], fill(D, 1))
    const W = randn(D * V, (mode === 'trainable' ? 0.1 : I('logit-std', 3)) / Math.sqrt(D)) // printable ASCII (and <|im_end|>) get wide logits, the rest narrow ones, so greedy text is valid UTF-8
    if (mode !== 'trainable')
      for (let t = 0; t < V; t++)
        if (t !== 2 && !/^[\x21-\x7e\u0120]+$/.test(tokens[t].startsWith('<|') ? '\0' : tokens[t]))
          for (let i = 0; i < D; i++) W[t * D + i] *= 0.02
    tensor('output.weight', [D, V], W)
  }
  for (let l = 0; l < L; l++) {
    const b = `blk.${l}.`,
      s = 1 / Math.sqrt(D)
    tensor(`${b}attn_norm.weight`, [D], fill(D, 1))
    tensor(`${b}attn_q.weight`, [D, H * HD], w(D * H * HD, 2 * s))
    tensor(`${b}attn_k.weight`, [D, KV * HD], w(D * KV * HD, 2 * s))
    tensor(`${b}attn_v.weight`, [D, KV * HD], w(D * KV * HD, s))
    tensor(`${b}attn_output.weight`, [H * HD, D], w(D * H * HD, s))
    tensor(`${b}ffn_norm.weight`, [D], fill(D, 1))
    tensor(`${b}ffn_gate.weight`, [D, FF], w(D * FF, s))
    tensor(`${b}ffn_up.weight`, [D, FF], w(D * FF, s))
    tensor(`${b}ffn_down.weight`, [FF, D], w(D * FF, 1 / Math.sqrt(FF)))
  }
} else if (kind === 'lora') {
  put('general.type', T.STR, 'adapter')
  put('general.architecture', T.STR, 'llama')
  put('general.name', T.STR, 'tiny-lora')
  put('adapter.type', T.STR, 'lora')
  const R = I('rank', 4)
  put('adapter.lora.alpha', T.F32, I('alpha', 8))
  for (let l = 0; l < L; l++)
    for (const [n, o] of [
      ['attn_q', H * HD],
      ['attn_v', KV * HD],
    ]) {
      tensor(`blk.${l}.${n}.weight.lora_a`, [D, R], randn(D * R, 0.3), 0)
      tensor(`blk.${l}.${n}.weight.lora_b`, [R, o], randn(R * o, 0.3), 0)
    }
} else if (kind === 'bert' || kind === 'rerank') {
  general('bert')
  const C = Math.min(CTX, 512)
  put('bert.block_count', T.U32, L)
  put('bert.context_length', T.U32, C)
  put('bert.embedding_length', T.U32, D)
  put('bert.feed_forward_length', T.U32, FF)
  put('bert.attention.head_count', T.U32, H)
  put('bert.attention.layer_norm_epsilon', T.F32, 1e-12)
  put('bert.attention.causal', T.BOOL, false)
  put('bert.pooling_type', T.U32, kind === 'rerank' ? 4 : 1) // 0 none, 1 mean, 2 cls, 3 last, 4 rank
  put('tokenizer.ggml.token_type_count', T.U32, 1)
  putTokenizer({ addBos: kind === 'rerank', addEos: kind === 'rerank', chat: 'none' })
  put('tokenizer.ggml.seperator_token_id', T.U32, 2)
  put('tokenizer.ggml.cls_token_id', T.U32, 0) // llama.cpp's own spelling: seperator
  const s = 1 / Math.sqrt(D)
  tensor('token_embd.weight', [D, V], randn(D * V, 1))
  tensor('token_types.weight', [D, 1], fill(D, 0), 0)
  tensor('position_embd.weight', [D, C], randn(D * C, 0.02), 0)
  tensor('token_embd_norm.weight', [D], fill(D, 1))
  tensor('token_embd_norm.bias', [D], fill(D, 0))
  for (let l = 0; l < L; l++) {
    const b = `blk.${l}.`
    for (const n of ['attn_q', 'attn_k', 'attn_v', 'attn_output']) {
      tensor(`${b}${n}.weight`, [D, D], randn(D * D, s))
      tensor(`${b}${n}.bias`, [D], fill(D, 0))
    }
    tensor(`${b}attn_output_norm.weight`, [D], fill(D, 1))
    tensor(`${b}attn_output_norm.bias`, [D], fill(D, 0))
    tensor(`${b}ffn_up.weight`, [D, FF], randn(D * FF, s))
    tensor(`${b}ffn_up.bias`, [FF], fill(FF, 0))
    tensor(`${b}ffn_down.weight`, [FF, D], randn(D * FF, 1 / Math.sqrt(FF)))
    tensor(`${b}ffn_down.bias`, [D], fill(D, 0))
    tensor(`${b}layer_output_norm.weight`, [D], fill(D, 1))
    tensor(`${b}layer_output_norm.bias`, [D], fill(D, 0))
  }
  if (kind === 'rerank') {
    arr('bert.classifier.output_labels', T.STR, ['score'])
    tensor('cls.weight', [D, D], randn(D * D, s))
    tensor('cls.bias', [D], fill(D, 0))
    tensor('cls.output.weight', [D, 1], randn(D, s), 0)
    tensor('cls.output.bias', [1], fill(1, 0))
  }
} else if (kind === 'mmproj') {
  const VD = 32,
    VFF = 64,
    VL = 2,
    IMG = 28,
    P = 14,
    NP = (IMG / P) ** 2,
    s = 1 / Math.sqrt(VD)
  put('general.architecture', T.STR, 'clip')
  put('general.type', T.STR, 'mmproj')
  put('general.name', T.STR, 'tiny-mmproj')
  put('general.file_type', T.U32, 0)
  put('clip.has_vision_encoder', T.BOOL, true)
  put('clip.projector_type', T.STR, 'mlp')
  put('clip.use_gelu', T.BOOL, true)
  put('clip.vision.image_size', T.U32, IMG)
  put('clip.vision.patch_size', T.U32, P)
  put('clip.vision.embedding_length', T.U32, VD)
  put('clip.vision.feed_forward_length', T.U32, VFF)
  put('clip.vision.block_count', T.U32, VL)
  put('clip.vision.attention.head_count', T.U32, 4)
  put('clip.vision.attention.layer_norm_epsilon', T.F32, 1e-5)
  put('clip.vision.projection_dim', T.U32, D)
  arr('clip.vision.image_mean', T.F32, [0.48, 0.46, 0.41])
  arr('clip.vision.image_std', T.F32, [0.27, 0.26, 0.28])
  tensor('v.patch_embd.weight', [P, P, 3, VD], randn(P * P * 3 * VD, 0.05), 0)
  tensor('v.class_embd', [VD], randn(VD, 1))
  tensor('v.position_embd.weight', [VD, NP + 1], randn(VD * (NP + 1), 0.1), 0)
  tensor('v.pre_ln.weight', [VD], fill(VD, 1))
  tensor('v.pre_ln.bias', [VD], fill(VD, 0))
  for (let l = 0; l < VL; l++) {
    const b = `v.blk.${l}.`
    for (const n of ['attn_q', 'attn_k', 'attn_v', 'attn_out']) {
      tensor(`${b}${n}.weight`, [VD, VD], randn(VD * VD, s), 0)
      tensor(`${b}${n}.bias`, [VD], fill(VD, 0))
    }
    for (const n of ['ln1', 'ln2']) {
      tensor(`${b}${n}.weight`, [VD], fill(VD, 1))
      tensor(`${b}${n}.bias`, [VD], fill(VD, 0))
    }
    tensor(`${b}ffn_up.weight`, [VD, VFF], randn(VD * VFF, s), 0)
    tensor(`${b}ffn_up.bias`, [VFF], fill(VFF, 0))
    tensor(`${b}ffn_down.weight`, [VFF, VD], randn(VD * VFF, 1 / Math.sqrt(VFF)), 0)
    tensor(`${b}ffn_down.bias`, [VD], fill(VD, 0))
  }
  tensor('mm.0.weight', [VD, D], randn(VD * D, s), 0)
  tensor('mm.0.bias', [D], fill(D, 0))
  tensor('mm.2.weight', [D, D], randn(D * D, 1 / Math.sqrt(D)), 0)
  tensor('mm.2.bias', [D], fill(D, 0))
} else throw new Error(`unknown --kind ${kind}`)
write()
