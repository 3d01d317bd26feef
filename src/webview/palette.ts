/** The colours of the theme, for what is drawn: a canvas knows no variables of a style sheet. */
import { signColour } from './signColour';
import type { Palette } from './timelinePaint';

export function themePalette(): Palette {
  const style = getComputedStyle(document.body);
  const colour = (...names: readonly string[]): string => {
    for (const name of names) {
      const value = style.getPropertyValue(`--vscode-${name}`).trim();
      if (value !== '') return value;
    }
    return style.color;
  };
  const foreground = colour('foreground');
  const background = colour('editor-background');
  const sign = (...names: readonly string[]): string => signColour(colour(...names), background, foreground);
  const marks = {
    red: sign('charts-red'),
    orange: sign('charts-orange'),
    yellow: sign('charts-yellow'),
    green: sign('charts-green'),
    blue: sign('charts-blue'),
    purple: sign('charts-purple'),
  };
  return {
    foreground,
    dim: colour('descriptionForeground', 'foreground'),
    line: colour('contrastBorder', 'editorIndentGuide-background1', 'widget-border'),
    all: colour('scrollbarSlider-background', 'charts-lines'),
    matching: marks.blue,
    gap: sign('editorWarning-foreground', 'charts-orange'),
    held: marks.yellow,
    stillHeld: marks.red,
    get: marks.green,
    put: marks.purple,
    expected: marks.orange,
    selection: colour('editorCursor-foreground', 'foreground'),
    focus: colour('focusBorder'),
    font: `11px ${style.getPropertyValue('--vscode-font-family') || 'sans-serif'}`,
    marks,
  };
}

/** Calls `act` whenever the theme is another one. */
export function onThemeChange(act: () => void): void {
  new MutationObserver(act).observe(document.body, { attributes: true, attributeFilter: ['class'] });
  new MutationObserver(act).observe(document.documentElement, {
    attributes: true,
    attributeFilter: ['style'],
  });
}
