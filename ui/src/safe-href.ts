/** An address that others wrote, when it leads to a web page. */
export function safeHref(text: string): string | undefined {
  return /^https?:\/\//i.test(text) && URL.canParse(text) ? text : undefined
}
