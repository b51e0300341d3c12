//! A library as the system's loader has it in memory: where it lies, what its constructors are, and
//! which places in it hold the address of what.
//!
//! # Safety
//! The loader has checked and used all of these tables a moment before, and `elf.rs` has
//! examined the file they come from.

use std::{
    ffi::{CStr, OsStr, c_char},
    io, iter,
    ops::Range,
    os::unix::ffi::OsStrExt as _,
    ptr, slice,
};

use libc::c_void;
use object::{
    LittleEndian as LE,
    elf::{self, Dyn64, DynamicTag, Rela64, Sym64},
};

use super::sys::protect;

/// The kinds of relocations whose whole place is an address.
pub(super) const ADDRESSES: [u32; 3] =
    [elf::R_X86_64_64.0, elf::R_X86_64_GLOB_DAT.0, elf::R_X86_64_JUMP_SLOT.0];

/// A loaded library.
#[derive(Debug, Default)]
pub(super) struct Object {
    name: Vec<u8>,
    base: usize,
    /// Its pages.
    pages: Vec<Range<usize>>,
    /// What the loader makes read-only after it has carried out the relocations.
    relro: Range<usize>,
}

/// What its tables say. They are long, and needed once.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// The libraries that it needs.
    pub(super) needed: Vec<String>,
    /// The number of its constructors.
    pub(super) constructors: usize,
    /// Whether the loader has asked code of it which function to use (`STT_GNU_IFUNC`).
    pub(super) chooses: bool,
    /// The first bytes of what runs before these, if there is something.
    pub(super) first: Option<[u8; 8]>,
    /// Places with the address of something that has a name.
    pub(super) relocations: Vec<Relocation>,
}

/// A place with the address of something that has a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Relocation {
    pub(super) name: String,
    pub(super) kind: u32,
    pub(super) addend: i64,
    /// It is another library's, and not its own.
    pub(super) is_import: bool,
    pub(super) place: usize,
    /// What stands there.
    pub(super) bound: usize,
}

impl Relocation {
    /// Whether it is a weak reference to what no library has: there is nothing to call.
    pub(super) fn is_unresolved(&self) -> bool {
        let is_address = self.place.is_multiple_of(align_of::<usize>());
        ADDRESSES.contains(&self.kind) && is_address && self.bound == 0
    }
}

/// The beginning of the loader's own description (`struct link_map`).
#[repr(C)]
struct LinkMap {
    base: usize,
    name: *const c_char,
    dynamic: *const Dyn64<LE>,
}

impl Object {
    /// Finds a library, and reads its tables.
    ///
    /// # Errors
    /// When the loader does not know it.
    ///
    /// # Safety
    /// `handle` must be what `dlopen` has returned.
    pub(super) unsafe fn read(handle: *mut c_void) -> Result<(Self, Tables), String> {
        let mut map: *const LinkMap = ptr::null();
        // SAFETY: the handle is one (caller), and the answer to this question is such a pointer.
        let known = unsafe { libc::dlinfo(handle, libc::RTLD_DI_LINKMAP, (&raw mut map).cast()) };
        if known != 0 || map.is_null() {
            return Err("the system's loader does not say where it lies".to_owned());
        }
        // SAFETY: the loader keeps it for as long as the library is open.
        let LinkMap { base, name, dynamic } = unsafe { map.read() };
        // SAFETY: as above.
        let name = unsafe { CStr::from_ptr(name) }.to_bytes().to_vec();
        let mut object = Self { name, base, ..Self::default() };
        if !object.find_pages() {
            return Err("the system's loader does not list it".to_owned());
        }
        let next = |entry: &*const Dyn64<LE>| Some(entry.wrapping_add(1));
        let entries = iter::successors(Some(dynamic), next)
            // SAFETY: the section ends with a zero (`elf/dynamic.rs`).
            .map(|entry| unsafe { entry.read() })
            .take_while(|entry| entry.d_tag.get(LE) != elf::DT_NULL);
        let entries: Vec<_> = entries.collect();
        // SAFETY: the section of the library.
        let tables = unsafe { object.tables(&entries) };
        Ok((object, tables))
    }

    /// Whether an address lies in it.
    pub(super) fn holds(&self, address: usize) -> bool {
        self.pages.iter().any(|pages| pages.contains(&address))
    }

    /// Whether the loader still has it. Its name is that of a private copy, which no other file
    /// ever has.
    pub(super) fn is_mapped(&self) -> bool {
        Self { name: self.name.clone(), base: self.base, ..Self::default() }.find_pages()
    }

    /// Writes an address to one of its places, and looks whether it stands there.
    pub(super) fn write(&self, place: usize, address: usize) -> io::Result<()> {
        const PAGE: usize = 4096;
        let page = place & !(PAGE - 1);
        let is_protected = self.relro.contains(&page);
        let at: *mut usize = ptr::with_exposed_provenance_mut(place);
        if is_protected {
            protect(page, PAGE, libc::PROT_READ | libc::PROT_WRITE)?;
        }
        // SAFETY: a place of the library's that holds an address, aligned; nobody uses it yet.
        unsafe { at.write_volatile(address) };
        if is_protected {
            protect(page, PAGE, libc::PROT_READ)?;
        }
        // SAFETY: as above.
        let found = unsafe { at.read_volatile() };
        if found == address { Ok(()) } else { Err(io::Error::other("it does not stay")) }
    }

    /// Looks it up among the libraries that are loaded.
    fn find_pages(&mut self) -> bool {
        unsafe extern "C" fn look(
            info: *mut libc::dl_phdr_info,
            _: usize,
            object: *mut c_void,
        ) -> i32 {
            // SAFETY: what `find_pages` gives.
            let object = unsafe { &mut *object.cast::<Object>() };
            // SAFETY: the loader lends it for the call.
            let info = unsafe { info.read() };
            // SAFETY: as above.
            let name = unsafe { CStr::from_ptr(info.dlpi_name) }.to_bytes();
            if info.dlpi_addr as usize != object.base || name != object.name {
                return 0;
            }
            let count = usize::from(info.dlpi_phnum);
            // SAFETY: as above.
            object.take_segments(unsafe { slice::from_raw_parts(info.dlpi_phdr, count) });
            1
        }
        let own: *mut Self = self;
        // SAFETY: `look` gets what it takes.
        unsafe { libc::dl_iterate_phdr(Some(look), own.cast()) != 0 }
    }

    fn take_segments(&mut self, segments: &[libc::Elf64_Phdr]) {
        let extent = |segment: &libc::Elf64_Phdr| {
            let start = self.base + segment.p_vaddr as usize;
            start..start + segment.p_memsz as usize
        };
        let of = |kind| segments.iter().filter(move |segment| segment.p_type == kind).map(extent);
        let pages = of(libc::PT_LOAD).collect();
        // The loader protects whole pages: those that begin in it.
        let relro = of(libc::PT_GNU_RELRO).next().unwrap_or_default();
        (self.pages, self.relro) = (pages, relro.start & !4095..relro.end & !4095);
    }

    /// # Safety
    /// `entries` must be the library's dynamic section.
    pub(super) unsafe fn tables(&self, entries: &[Dyn64<LE>]) -> Tables {
        let mut tables = Tables::default();
        // Of a tag that is there twice the loader has used the last, and `elf/tables.rs` examined that.
        let value = |wanted: DynamicTag| {
            let found = entries.iter().rev().find(|entry| entry.d_tag.get(LE) == wanted);
            found.map_or(0, |entry| entry.d_val.get(LE) as usize)
        };
        // The loader has made most of them absolute.
        let address = |wanted| match value(wanted) {
            0 => 0,
            value if value < self.base => value + self.base,
            value => value,
        };
        let strings = address(elf::DT_STRTAB);
        // SAFETY: the offset of a name in the library's string table.
        let name = |offset: usize| unsafe { text(strings + offset) };
        let needed = entries.iter().filter(|entry| entry.d_tag.get(LE) == elf::DT_NEEDED);
        tables.needed = needed.map(|entry| name(entry.d_val.get(LE) as usize)).collect();
        tables.constructors = (value(elf::DT_INIT_ARRAYSZ) + value(elf::DT_PREINIT_ARRAYSZ)) / 8;
        let first: *const [u8; 8] = ptr::with_exposed_provenance(address(elf::DT_INIT));
        // SAFETY: code of the library, which is longer than that.
        tables.first = (!first.is_null()).then(|| unsafe { first.read_unaligned() });
        let symbols = address(elf::DT_SYMTAB);
        for (table, size) in [(elf::DT_RELA, elf::DT_RELASZ), (elf::DT_JMPREL, elf::DT_PLTRELSZ)] {
            let (start, size) = (address(table), value(size));
            for entry in (start..start + size).step_by(size_of::<Rela64<LE>>()) {
                // SAFETY: an entry of the library's table.
                let rela = unsafe { ptr::with_exposed_provenance::<Rela64<LE>>(entry).read() };
                let (symbol, kind) = (rela.r_sym(LE, false) as usize, rela.r_type(LE, false));
                tables.chooses |= kind == elf::R_X86_64_IRELATIVE;
                if symbol == 0 {
                    continue;
                }
                let symbol = symbols + symbol * size_of::<Sym64<LE>>();
                // SAFETY: a symbol of the library's table.
                let symbol = unsafe { ptr::with_exposed_provenance::<Sym64<LE>>(symbol).read() };
                let is_import = symbol.st_shndx.get(LE) == elf::SHN_UNDEF;
                tables.chooses |= !is_import && symbol.st_type() == elf::STT_GNU_IFUNC;
                let (kind, place) = (kind.0, self.base + rela.r_offset.get(LE) as usize);
                // Only these are known to be a whole address, and aligned.
                let bound = ADDRESSES.contains(&kind) && place.is_multiple_of(align_of::<usize>());
                let at: *const usize = ptr::with_exposed_provenance(place);
                tables.relocations.push(Relocation {
                    name: name(symbol.st_name.get(LE) as usize),
                    kind,
                    addend: rela.r_addend.get(LE),
                    is_import,
                    place,
                    // SAFETY: a place of the library's, see above.
                    bound: if bound { unsafe { at.read_volatile() } } else { 0 },
                });
            }
        }
        tables
    }
}

/// # Safety
/// `address` must be that of a text which ends with a zero.
unsafe fn text(address: usize) -> String {
    // SAFETY: the caller's.
    let text = unsafe { CStr::from_ptr(ptr::with_exposed_provenance(address)) };
    OsStr::from_bytes(text.to_bytes()).to_string_lossy().into_owned()
}
