import { type FoundNetworks, type NetworkQuery, type NetworkSort, SORTS } from '../../../explorer/search-networks.ts'
import { toQueryText } from '../network-query.ts'
import { type Html, html } from './html.ts'
import type { Page } from './layout.ts'
import { type CardInit, networkCard } from './network-card.ts'
import { count } from './words.ts'

const SORT_WORDS: Readonly<Record<NetworkSort, string>> = {
  clusters: 'Most clusters',
  nodes: 'Most nodes',
  workers: 'Most workers',
  models: 'Most models',
  uptime: 'Best uptime',
  name: 'Name',
  added: 'Newest entry',
  seen: 'Seen last',
}

export interface Listing {
  readonly query: NetworkQuery
  readonly found: FoundNetworks
}

export function dashboard(listing: Listing, init: CardInit): Page {
  const { query } = listing
  const { base } = init
  return {
    title: 'Network Explorer',
    body: html`<h1>Networks that share their machines</h1>
<p class="warning" role="note"><strong>Use at your own risk.</strong> These networks are run by people whom nobody has checked. Whoever joins one sees what is asked there. Whoever shares a token lets everybody use their machines.</p>
<details class="panel" id="add" data-key="add">
<summary>Add a network</summary>
${addForm(base)}
</details>
<form class="search" role="search" action="${base}" method="get" data-search>
<label>Search <input type="search" name="q" value="${query.words ?? ''}" maxlength="200" placeholder="name, description, model"></label>
<label>Order <select name="sort">${SORTS.map((sort) => html`<option value="${sort}"${query.sort === sort && html` selected`}>${SORT_WORDS[sort]}</option>`)}</select></label>
<button class="button" type="submit">Show</button>
</form>
<section aria-label="Networks" data-live="${base}fragments/networks${toQueryText(query, query.page)}">${networkList(listing, init)}</section>`,
  }
}

/** The part of the page that changes by itself. */
export function networkList({ query, found }: Listing, init: CardInit): Html {
  const { networks, total, page, pages } = found
  if (total === 0) {
    return html`<h2 class="total">No networks</h2>
<p class="empty">${query.words === undefined ? 'No networks available with online workers.' : 'No network with online workers fits this search.'}</p>`
  }
  const to = (target: number): string => `${init.base}${toQueryText(query, target)}`
  return html`<h2 class="total">${count(total, 'network')}</h2>
<div class="cards">${networks.map((network) => networkCard(network, init))}</div>
${
  pages > 1 &&
  html`<nav class="pages" aria-label="More networks">
${page > 1 && html`<a class="button" href="${to(page - 1)}" rel="prev">Back</a>`}
<span>Page ${page} of ${pages}</span>
${page < pages && html`<a class="button" href="${to(page + 1)}" rel="next">Next</a>`}
</nav>`
}`
}

function addForm(base: string): Html {
  return html`<form data-add action="${base}network/add" method="post" autocomplete="off">
<p>Give a <strong>view token</strong> (<code>local-ai p2p view-token</code>, from a node that runs with <code>--p2p-public-summary</code>): it lets this explorer count nodes and models, and nobody can join with it. The token of a network is taken too, but whoever has that one is a member.</p>
<label>Name <input name="name" required maxlength="100"></label>
<label>Description <textarea name="description" required maxlength="1000" rows="3"></textarea></label>
<label>View token or token <textarea name="token" required rows="3" spellcheck="false" class="mono"></textarea></label>
<label>Where members can be reached <span class="hint">(when the token does not say it)</span> <input name="addresses" class="mono" placeholder="my.example.org:7946"></label>
<label class="check"><input type="checkbox" name="open"> Show the token to everybody, so that anybody may join</label>
<p><button class="button primary" type="submit">Add</button></p>
<div class="result" role="status" data-result></div>
<noscript><p>Without scripts: send <code>{"name","description","token"}</code> as JSON to <code>POST ${base}network/add</code>.</p></noscript>
</form>`
}
