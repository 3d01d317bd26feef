/** Numbers of DWARF 5 (chapter 7) and of GNU's extensions to DWARF 4, as far as they are looked at. */

export const enum Tag {
  LexicalBlock = 0x0b,
  StructureType = 0x13,
  UnionType = 0x17,
  InlinedSubroutine = 0x1d,
  Module = 0x1e,
  ClassType = 0x02,
  Subprogram = 0x2e,
  Namespace = 0x39,
  CallSite = 0x48,
  GnuCallSite = 0x4109,
}

export const enum UnitType {
  Compile = 1,
  Type = 2,
  Skeleton = 4,
  SplitCompile = 5,
  SplitType = 6,
}

export const enum Form {
  Addr = 0x01,
  Block2 = 0x03,
  Block4 = 0x04,
  Data2 = 0x05,
  Data4 = 0x06,
  Data8 = 0x07,
  String = 0x08,
  Block = 0x09,
  Block1 = 0x0a,
  Data1 = 0x0b,
  Flag = 0x0c,
  Sdata = 0x0d,
  Strp = 0x0e,
  Udata = 0x0f,
  RefAddr = 0x10,
  Ref1 = 0x11,
  Ref2 = 0x12,
  Ref4 = 0x13,
  Ref8 = 0x14,
  RefUdata = 0x15,
  Indirect = 0x16,
  SecOffset = 0x17,
  Exprloc = 0x18,
  FlagPresent = 0x19,
  Strx = 0x1a,
  Addrx = 0x1b,
  RefSup4 = 0x1c,
  StrpSup = 0x1d,
  Data16 = 0x1e,
  LineStrp = 0x1f,
  RefSig8 = 0x20,
  ImplicitConst = 0x21,
  Loclistx = 0x22,
  Rnglistx = 0x23,
  RefSup8 = 0x24,
  Strx1 = 0x25,
  Strx2 = 0x26,
  Strx3 = 0x27,
  Strx4 = 0x28,
  Addrx1 = 0x29,
  Addrx2 = 0x2a,
  Addrx3 = 0x2b,
  Addrx4 = 0x2c,
  GnuAddrIndex = 0x1f01,
  GnuStrIndex = 0x1f02,
  GnuRefAlt = 0x1f20,
  GnuStrpAlt = 0x1f21,
}

/** The attributes that are looked at, numbered without gaps; 0 is all others. */
export const enum Slot {
  None,
  Sibling,
  Name,
  LowPc,
  HighPc,
  Ranges,
  AbstractOrigin,
  Specification,
  CallFile,
  CallLine,
  CallColumn,
  DeclFile,
  DeclLine,
  CallReturnPc,
  CallPc,
  CallOrigin,
  TailCall,
  StmtList,
  CompDir,
  StrOffsetsBase,
  AddrBase,
  RnglistsBase,
  DwoName,
  Language,
  Count,
}

/** By number of the attribute, the slot that its value goes to. */
export const SLOT_OF_ATTRIBUTE: ReadonlyMap<number, Slot> = new Map<number, Slot>([
  [0x01, Slot.Sibling],
  [0x03, Slot.Name],
  [0x10, Slot.StmtList],
  [0x11, Slot.LowPc],
  [0x12, Slot.HighPc],
  [0x13, Slot.Language],
  [0x1b, Slot.CompDir],
  [0x31, Slot.AbstractOrigin],
  [0x3a, Slot.DeclFile],
  [0x3b, Slot.DeclLine],
  [0x47, Slot.Specification],
  [0x55, Slot.Ranges],
  [0x57, Slot.CallColumn],
  [0x58, Slot.CallFile],
  [0x59, Slot.CallLine],
  [0x72, Slot.StrOffsetsBase],
  [0x73, Slot.AddrBase],
  [0x74, Slot.RnglistsBase],
  [0x76, Slot.DwoName],
  [0x7d, Slot.CallReturnPc],
  [0x7f, Slot.CallOrigin],
  [0x81, Slot.CallPc],
  [0x82, Slot.TailCall],
  // DW_AT_GNU_tail_call, _dwo_name, _addr_base
  [0x2115, Slot.TailCall],
  [0x2130, Slot.DwoName],
  [0x2133, Slot.AddrBase],
]);

/** DW_RLE_*: entries of .debug_rnglists. */
export const enum RangeEntry {
  EndOfList = 0,
  BaseAddressx = 1,
  StartxEndx = 2,
  StartxLength = 3,
  OffsetPair = 4,
  BaseAddress = 5,
  StartEnd = 6,
  StartLength = 7,
}

/** DW_LNS_* and DW_LNE_*: opcodes of a line number program. */
export const enum LineOpcode {
  Extended = 0,
  Copy = 1,
  AdvancePc = 2,
  AdvanceLine = 3,
  SetFile = 4,
  SetColumn = 5,
  NegateStatement = 6,
  SetBasicBlock = 7,
  ConstAddPc = 8,
  FixedAdvancePc = 9,
}

export const enum ExtendedLineOpcode {
  EndSequence = 1,
  SetAddress = 2,
}

/** DW_LNCT_*: what a field of a file entry is. */
export const enum LineContent {
  Path = 1,
  DirectoryIndex = 2,
}

/** Languages in which functions stand only at the top of a unit: DW_LANG_C89, C, C99, C11, C17, Mips_Assembler. */
export const FLAT_LANGUAGES: ReadonlySet<number> = new Set([0x01, 0x02, 0x0c, 0x1d, 0x2c, 0x8001]);
