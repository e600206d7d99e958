// Runs before anything is drawn, as a script of its own: no flash of the wrong colours, and no inline script.
import { applyTheme, storedTheme } from './theme-choice.ts'

applyTheme(storedTheme())
