// What the explorer's pages do beyond links and forms: parts that change by themselves, adding, editing, copying.
// Nothing here makes markup of data: the server's own escaped markup is shown, and everything else is text.

const POLL_MS = 3000
const TYPING_MS = 250
const base = document.body.dataset.base ?? '/'

/** Replaces a part of the page, and leaves the person where he was in it. */
function show(region, markup) {
  if (region.lastMarkup === markup) return
  region.lastMarkup = markup
  const focused = region.contains(document.activeElement) ? document.activeElement : undefined
  const address = focused?.getAttribute('href')
  const scrolled = [...region.querySelectorAll('.scroll')].map(({ scrollLeft }) => scrollLeft)
  region.innerHTML = markup
  for (const [index, box] of [...region.querySelectorAll('.scroll')].entries()) box.scrollLeft = scrolled[index] ?? 0
  if (address) [...region.querySelectorAll('a')].find((link) => link.getAttribute('href') === address)?.focus()
}

async function refresh(region) {
  const url = region.dataset.live
  const answer = await fetch(url, { headers: { Accept: 'text/html' } })
  // The question may have changed while the answer was under way.
  if (url !== region.dataset.live) return
  if (answer.ok) show(region, await answer.text())
  else if (answer.status === 404)
    show(region, '<p class="warning" role="status">This network is not on the list any more.</p>')
}

const regions = [...document.querySelectorAll('[data-live]')]

async function poll() {
  if (!document.hidden) await Promise.allSettled(regions.map(refresh))
  setTimeout(poll, POLL_MS)
}
if (regions.length > 0) setTimeout(poll, POLL_MS)
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void Promise.allSettled(regions.map(refresh))
})

function listen(selector, name, listener) {
  for (const element of document.querySelectorAll(selector)) element.addEventListener(name, listener)
}

listen('[data-search]', 'input', ({ currentTarget }) => {
  clearTimeout(currentTarget.timer)
  currentTarget.timer = setTimeout(() => {
    const pairs = [...new FormData(currentTarget)].filter(([, value]) => value !== '')
    const query = pairs.length > 0 ? `?${new URLSearchParams(pairs)}` : ''
    history.replaceState(undefined, '', `${base}${query}`)
    for (const region of regions) {
      region.dataset.live = `${base}fragments/networks${query}`
      void refresh(region)
    }
  }, TYPING_MS)
})

/** Says what became of a form, as text. `parts`: texts, or elements. */
function tell(form, kind, ...parts) {
  const result = form.querySelector('[data-result]')
  result.className = `result ${kind}`
  result.replaceChildren(...parts)
}

function element(name, properties, ...children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

async function send(form, path, init) {
  const button = form.querySelectorAll('button[type=submit]')
  for (const one of button) one.disabled = true
  try {
    const answer = await fetch(`${base}${path}`, init)
    const body = await answer.json().catch(() => ({}))
    if (answer.ok) return body
    const wait = answer.headers.get('Retry-After')
    const message =
      typeof body.error === 'string' ? body.error : (body.error?.message ?? `The answer was ${answer.status}`)
    tell(form, 'problem', answer.status === 429 && wait ? `${message} (${wait} s)` : message)
  } catch {
    tell(form, 'problem', 'The explorer cannot be reached.')
  } finally {
    for (const one of button) one.disabled = false
  }
  return undefined
}

const JSON_HEADERS = { 'Content-Type': 'application/json', Accept: 'application/json' }

listen('[data-add]', 'submit', async (event) => {
  event.preventDefault()
  const form = event.currentTarget
  const fields = Object.fromEntries(new FormData(form))
  const addresses = fields.addresses.split(/[\s,]+/).filter(Boolean)
  const body = JSON.stringify({ ...fields, addresses, open: form.elements.open.checked })
  const added = await send(form, 'network/add', { method: 'POST', headers: JSON_HEADERS, body })
  if (added === undefined) return
  form.reset()
  const keyBox = element('input', { id: 'new-key', className: 'mono', readOnly: true, value: added.key })
  const copy = element('button', { type: 'button', className: 'button', textContent: 'Copy' })
  copy.addEventListener('click', () => copyFrom(keyBox, copy))
  tell(
    form,
    added.warning === undefined ? 'good' : 'good warned',
    element(
      'p',
      {},
      'Added. It is shown in the list after the first visit. ',
      element('a', { href: `${base}network/${added.id}` }, 'Its page'),
    ),
    element('label', { htmlFor: 'new-key' }, 'Key to edit or remove this entry. It is shown only now:'),
    element('div', { className: 'copyable' }, keyBox, copy),
    ...(added.warning === undefined ? [] : [element('p', { className: 'warning' }, added.warning)]),
  )
})

listen('[data-manage]', 'submit', async (event) => {
  event.preventDefault()
  const form = event.currentTarget
  const { key, name, description } = Object.fromEntries(new FormData(form))
  const headers = { ...JSON_HEADERS, Authorization: `Bearer ${key.trim()}` }
  const path = `network/${form.dataset.manage}`
  if (event.submitter?.value === 'remove') {
    if (!confirm('Take this network off the list?')) return
    if ((await send(form, path, { method: 'DELETE', headers: { Authorization: headers.Authorization } })) === undefined)
      return
    location.href = base
    return
  }
  const changed = await send(form, path, { method: 'PUT', headers, body: JSON.stringify({ name, description }) })
  if (changed === undefined) return
  document.querySelector('h1').textContent = changed.name
  document.querySelector('.description.whole').textContent = changed.description
  tell(form, 'good', 'Saved.')
})

async function copyFrom(field, button) {
  try {
    await navigator.clipboard.writeText(field.value)
  } catch {
    // Without https there is no clipboard; a selected text can be copied by hand.
    field.focus()
    field.select()
    return
  }
  const before = button.textContent
  button.textContent = 'Copied'
  setTimeout(() => {
    button.textContent = before
  }, 1500)
}

listen('[data-copy]', 'click', ({ currentTarget }) => {
  void copyFrom(document.getElementById(currentTarget.dataset.copy), currentTarget)
})

// A link to the form opens it.
if (location.hash === '#add') document.getElementById('add')?.setAttribute('open', '')
