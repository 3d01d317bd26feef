/**
 * The least contrast of the visible text of a locator against what is behind it, as WCAG 2 counts it: 1 to 21.
 * Resolves to the ratio and the text that has it; null when there is no text.
 */
export async function leastContrast(locator) {
  const found = await locator.evaluateAll((elements) => {
    const parse = (colour) => {
      const [r = 0, g = 0, b = 0, a = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number);
      // color(srgb r g b / a) has parts of one.
      return colour.startsWith('color(') ? [r * 255, g * 255, b * 255, a] : [r, g, b, a];
    };
    const over = ([r, g, b, a], [r2, g2, b2]) => [
      r * a + r2 * (1 - a),
      g * a + g2 * (1 - a),
      b * a + b2 * (1 - a),
    ];
    const behind = (element) => {
      const layers = [];
      for (let each = element; each !== null; each = each.parentElement) {
        const colour = parse(getComputedStyle(each).backgroundColor);
        layers.push(colour);
        if (colour[3] === 1) break;
      }
      // Behind the page of a webview is the editor.
      const editor = getComputedStyle(document.documentElement).getPropertyValue(
        '--vscode-editor-background',
      );
      const canvas = document.createElement('canvas').getContext('2d');
      canvas.fillStyle = editor.trim() === '' ? '#ffffff' : editor.trim();
      const [r, g, b] = [1, 3, 5].map((at) => parseInt(canvas.fillStyle.slice(at, at + 2), 16));
      return layers.reverse().reduce((below, layer) => over(layer, below), [r, g, b]);
    };
    const opacity = (element) => {
      let product = 1;
      for (let each = element; each !== null; each = each.parentElement)
        product *= Number(getComputedStyle(each).opacity);
      return product;
    };
    const luminance = (colour) => {
      const [r, g, b] = colour.map((part) => {
        const c = part / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (element) => {
      const background = behind(element);
      const [r, g, b, a] = parse(getComputedStyle(element).color);
      const text = over([r, g, b, a * opacity(element)], background);
      const [light, dark] = [luminance(text), luminance(background)].sort((one, other) => other - one);
      return (light + 0.05) / (dark + 0.05);
    };
    const hasOwnText = (element) =>
      [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    const all = elements
      .flatMap((element) => [element, ...element.querySelectorAll('*')])
      .filter((element) => hasOwnText(element) && element.getClientRects().length > 0)
      .map((element) => ({ ratio: ratio(element), text: element.textContent.trim().slice(0, 60) }));
    return all.sort((one, other) => one.ratio - other.ratio)[0];
  });
  return found ?? null;
}
