import { signal } from '@preact/signals'
import { storedTheme, storeTheme, type Theme } from './theme-choice.ts'

export const theme = signal<Theme>(storedTheme())

const NEXT: Readonly<Record<Theme, Theme>> = { auto: 'light', light: 'dark', dark: 'auto' }

export function switchTheme(): void {
  theme.value = NEXT[theme.value]
  storeTheme(theme.value)
}
