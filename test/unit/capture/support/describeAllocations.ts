import assert from 'node:assert/strict';
import type { AllocationTable } from '../../../../src/capture/allocationTable';
import { ABSENT, NONE, PageFlag, type Capture } from '../../../../src/capture/eventTable';
import { stackText } from './describeCapture';

function allocationsOf(capture: Capture): AllocationTable {
  assert.ok(capture.allocations);
  return capture.allocations;
}

/** One allocation as a line, its stack apart; only what is there. */
export function allocationLine(capture: Capture, row: number): string {
  const { symbols } = capture;
  const table = allocationsOf(capture);
  const parts = [
    table.pfn[row] === NONE ? 'no-pfn' : `0x${table.pfn[row]!.toString(16)}`,
    `order=${table.order[row]!}`,
    `${symbols.taskComm(table.task[row]!)}-${symbols.taskPid(table.task[row]!)}`,
  ];
  const text = (name: string, id: number): void => {
    if (id !== NONE) parts.push(`${name}=${symbols.string(id)}`);
  };
  if (table.tgid[row] !== ABSENT) parts.push(`tgid=${table.tgid[row]!}`);
  if (!Number.isNaN(table.time[row]!)) parts.push(`time=${table.time[row]!}`);
  if (!Number.isNaN(table.freeTime[row]!)) parts.push(`free=${table.freeTime[row]!}`);
  text('gfp', table.gfpMask[row]!);
  text('type', table.migratetype[row]!);
  text('block', table.blockType[row]!);
  const flags = Object.entries(PageFlag).filter(([, bit]) => (table.flags[row]! & bit) !== 0);
  parts.push(`flags=${flags.map(([name]) => name).join('|') || 'none'}`);
  text('migrated', table.migrateReason[row]!);
  text('charged', table.memcg[row]!);
  if (table.handle[row] !== 0) parts.push(`handle=${table.handle[row]!}`);
  if (table.isFreed[row] === 1) parts.push('freed');
  return parts.join(' ');
}

/** All that a capture says of allocations, as text: equal captures have equal texts. */
export function allocationText(capture: Capture): string {
  const table = allocationsOf(capture);
  const lines: string[] = [];
  for (let row = 0; row < table.length; row++) {
    lines.push(`${table.offset[row]!} ${allocationLine(capture, row)}`);
    lines.push(`  ${stackText(capture, table.stack[row]!)}`);
    if (table.freeStack[row] !== NONE) lines.push(`  freed in ${stackText(capture, table.freeStack[row]!)}`);
  }
  const { totals } = table;
  for (let row = 0; row < totals.length; row++) {
    lines.push(
      `${totals.offset[row]!} total allocations=${totals.allocations[row]!} pages=${totals.pages[row]!}` +
        ` handle=${totals.handle[row]!}`,
    );
    lines.push(`  ${stackText(capture, totals.stack[row]!)}`);
  }
  return lines.join('\n');
}

/** Holds for every table whatever was read: ids in range, rows in order. */
export function assertConsistentAllocations(capture: Capture): void {
  const { symbols } = capture;
  const table = allocationsOf(capture);
  for (let row = 0; row < table.length; row++) {
    assert.ok(table.pfn[row]! >= NONE && table.pfn[row]! < 2 ** 53);
    assert.ok(table.order[row]! <= 30);
    assert.ok(table.task[row]! >= 0 && table.task[row]! < symbols.taskCount);
    for (const column of [
      table.gfpMask,
      table.migratetype,
      table.blockType,
      table.migrateReason,
      table.memcg,
    ]) {
      assert.ok(column[row]! >= NONE && column[row]! < symbols.stringCount);
    }
    for (const column of [table.stack, table.freeStack]) {
      assert.ok(column[row]! >= NONE && column[row]! < symbols.stackCount);
    }
    if (row === 0) continue;
    assert.ok(table.pfn[row - 1]! <= table.pfn[row]!);
    if (table.pfn[row - 1] === table.pfn[row]) assert.ok(!(table.time[row - 1]! > table.time[row]!));
  }
  const { totals } = table;
  for (let row = 0; row < totals.length; row++) {
    assert.ok(totals.stack[row]! >= NONE && totals.stack[row]! < symbols.stackCount);
  }
}
