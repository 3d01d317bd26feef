/** The colours of the theme, for what is drawn: a canvas knows no variables of a style sheet. */
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
  const marks = {
    red: colour('charts-red'),
    orange: colour('charts-orange'),
    yellow: colour('charts-yellow'),
    green: colour('charts-green'),
    blue: colour('charts-blue'),
    purple: colour('charts-purple'),
  };
  return {
    foreground,
    dim: colour('descriptionForeground', 'foreground'),
    line: colour('contrastBorder', 'editorIndentGuide-background1', 'widget-border'),
    all: colour('scrollbarSlider-background', 'charts-lines'),
    matching: marks.blue,
    gap: colour('editorWarning-foreground', 'charts-orange'),
    held: colour('charts-yellow'),
    stillHeld: colour('charts-red'),
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
