/** The menus of the page of the capture editor: those of an event, of a frame and of what the timeline has of a page. */
import * as vscode from 'vscode';
import type { CaptureEditor } from './captureEditor';
import type { CaptureEditorPanel } from './captureEditorPanel';
import { menuTarget, type MenuTarget } from './menuTarget';
import type { OpenFrame } from './openFrame';

type Act = (panel: CaptureEditorPanel, target: MenuTarget) => unknown;

export class CaptureEditorMenu implements vscode.Disposable {
  private readonly commands: vscode.Disposable;

  constructor(
    private readonly editor: CaptureEditor,
    frames: OpenFrame,
  ) {
    this.commands = vscode.Disposable.from(
      this.command('showHoldersOfPage', (panel, { pfn }) => pfn !== null && panel.showHolders(pfn)),
      this.command('showOnlyEventsOfPage', (panel, { pfn }) => {
        if (pfn !== null) panel.narrow({ type: 'page', pfn });
      }),
      this.command('showOnlyEventsOfTask', narrowedBy('task')),
      this.command('showOnlyEventsOfName', narrowedBy('events')),
      this.command('leaveOutEventsOfName', narrowedBy('other-events')),
      this.command('copyEvent', (panel, { row }) => row !== null && panel.copyEvent(row)),
      this.command('openEventFrame', (panel, { frame }) =>
        panel.openFrame(frame, (place) => frames.openNext(place, false)),
      ),
      this.command('openEventFrameToSide', (panel, { frame }) =>
        panel.openFrame(frame, (place) => frames.openToSide(place)),
      ),
      this.command('showOnlyEventsWithFunction', (panel, { frame }) => {
        panel.narrowToFunction(frame);
      }),
      this.command('copyFrame', (panel, { frame }) => panel.copyFrame(frame)),
    );
  }

  dispose(): void {
    this.commands.dispose();
  }

  private command(name: string, act: Act): vscode.Disposable {
    return vscode.commands.registerCommand(`pageHolders.${name}`, async (given: unknown) => {
      const target = menuTarget(given);
      const panel = target === null ? undefined : this.editor.panel(target.panel);
      if (target !== null && panel !== undefined) await act(panel, target);
    });
  }
}

/** Narrows the filter by what the event is or has. */
function narrowedBy(type: 'task' | 'events' | 'other-events'): Act {
  return (panel, { row }) => {
    if (row !== null) panel.narrow({ type, row });
  };
}
