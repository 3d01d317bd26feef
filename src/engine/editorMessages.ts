/** What the page of the capture editor and the extension say to each other. */
import type { EventRequests, FilterWish } from './eventProtocol';

export type EditorMethod = keyof EventRequests;

/** The page knows one capture, and never names it. */
export type EditorRequest<M extends EditorMethod> = Omit<EventRequests[M]['request'], 'capture'>;
export type EditorAnswer<M extends EditorMethod> = EventRequests[M]['answer'];

/** How far the capture is. */
type CapturePhase = 'reading' | 'open' | 'failed' | 'closed';

export interface CaptureState {
  readonly name: string;
  readonly phase: CapturePhase;
  /** What is being done, or what went wrong; empty when there is nothing to say. */
  readonly message: string;
  /** Part of the file that was read, from 0 to 1; null where it is not known. */
  readonly progress: number | null;
  /** Another number whenever what can be asked for became something else; null as long as nothing can. */
  readonly generation: number | null;
}

/** What an element of the page says of itself to VS Code, which gives it to the commands of its menu. */
export interface MenuContext {
  /**
   * What the menus of the manifest ask for: `event`, with `.page` and `.task` where it has one, `page` for what the
   * timeline has of one, `frame`, with `.recorded` where the stack has it itself, or `none`.
   */
  readonly webviewSection: string;
  readonly row?: number;
  readonly pfn?: number;
  /** Id of a row of the last details that were asked for. */
  readonly frame?: string;
}

export type FromEditor =
  /** The page is there and listens. */
  | { readonly type: 'ready' }
  | {
      readonly type: 'ask';
      readonly id: number;
      readonly method: EditorMethod;
      readonly request: Readonly<Record<string, unknown>>;
    }
  | { readonly type: 'cancel'; readonly id: number }
  /** Opens the place of a frame beside; `frame` is the id of a row of the last details that were asked for. */
  | { readonly type: 'openFrame'; readonly frame: string; readonly takesFocus: boolean }
  | { readonly type: 'showHolders'; readonly pfn: number }
  /** An event was selected in the page. */
  | { readonly type: 'selected'; readonly row: number }
  | { readonly type: 'copy'; readonly row: number }
  /** The Holders view has what the list of a capture of allocations alone has not. */
  | { readonly type: 'showAllocations' }
  /** Who held the pages that failed to move. */
  | { readonly type: 'showPages' }
  | { readonly type: 'openAgain' | 'stopReading' };

export type ToEditor =
  | { readonly type: 'state'; readonly state: CaptureState }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly id: number; readonly message: string }
  /** Something that was selected elsewhere: an event, a page, or both. */
  | { readonly type: 'reveal'; readonly row: number | null; readonly pfn: number | null }
  /** Only such events are wanted. */
  | { readonly type: 'narrow'; readonly wish: FilterWish }
  /** Frames may lead to other places now. */
  | { readonly type: 'placesChanged' };
