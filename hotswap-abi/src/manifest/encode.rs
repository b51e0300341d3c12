//! Writes the manifest, in constants.

use super::{ABI, ABI_STABLE, FORMAT, MAGIC, RUSTC, SCHEMA_MAGIC, TARGET};
use crate::{
    shape::{Kind, Node, Nodes, Outline, Outlines, Whole},
    state::Lineage,
};

/// What a manifest is made from.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::exhaustive_structs, reason = "written out by the derive in users' crates")]
pub struct Source {
    /// The symbol under which the root is exported.
    pub export: &'static str,
    /// The module's crate.
    pub module: &'static str,
    /// Its version.
    pub version: &'static str,
    /// The interface's version.
    pub interface_version: &'static str,
    /// Whether panics unwind.
    pub unwinds: bool,
    /// Services that the host must offer.
    pub requires: &'static [&'static str],
    /// The packages that the module is built from, as
    /// [`Packages`](crate::same_build::Packages) reads them.
    pub packages: &'static str,
    /// Whether the state is handed over as memory, where that can be done.
    pub moves: bool,
    /// The interface.
    pub interface: &'static Whole,
    /// The state and its earlier versions.
    pub state: Lineage,
}

/// Bytes that are counted, and written as far as there is room: `N` is 0 in the first pass.
struct Output<const N: usize> {
    bytes: [u8; N],
    len: usize,
    /// The table that types are looked up in, and the number of its first one.
    table: Outlines,
    base: usize,
}

impl<const N: usize> Output<N> {
    const fn new() -> Self {
        Self { bytes: [0; N], len: 0, table: Outlines::NONE, base: 0 }
    }

    const fn byte(&mut self, byte: u8) {
        self.bytes(&[byte]);
    }

    const fn number(&mut self, number: u64, width: usize) {
        assert!(width == 8 || number >> (8 * width) == 0, "a number is too large for the manifest");
        self.bytes(number.to_le_bytes().split_at(width).0);
    }

    const fn text(&mut self, text: &str) {
        self.number(text.len() as u64, 2);
        self.bytes(text.as_bytes());
    }

    const fn long_text(&mut self, text: &str) {
        self.number(text.len() as u64, 4);
        self.bytes(text.as_bytes());
    }

    /// A loop is less work for the compiler here than a copy, which it checks thoroughly.
    const fn bytes(&mut self, bytes: &[u8]) {
        if self.len + bytes.len() <= N {
            let mut i = 0;
            while i < bytes.len() {
                self.bytes[self.len + i] = bytes[i];
                i += 1;
            }
        }
        self.len += bytes.len();
    }

    const fn header(&mut self, magic: [u8; 8], len: usize) {
        self.bytes(&magic);
        self.number(FORMAT as u64, 2);
        self.number(len as u64, 4);
    }

    const fn manifest(&mut self, source: &Source) {
        self.text(source.export);
        self.text(source.module);
        self.text(source.version);
        self.text(source.interface_version);
        self.byte(source.unwinds as u8);
        self.text(TARGET);
        self.text(RUSTC);
        self.text(ABI);
        self.text(ABI_STABLE);
        self.number(source.requires.len() as u64, 2);
        let mut i = 0;
        while i < source.requires.len() {
            self.text(source.requires[i]);
            i += 1;
        }
        self.byte(source.moves as u8);
        // Nobody else needs them.
        self.long_text(if lends_rust_types(source.interface) { source.packages } else { "" });
        self.table(*source.interface.outlines);
        self.node(source.interface.node);
        self.states(&source.state);
    }

    const fn schema(&mut self, version: &str, interface: &'static Whole) {
        self.text(version);
        self.text(TARGET);
        self.text(RUSTC);
        self.text(ABI);
        self.text(ABI_STABLE);
        self.table(*interface.outlines);
        self.node(interface.node);
    }

    const fn states(&mut self, state: &Lineage) {
        let mut count = 0;
        let mut all = Outlines::NONE;
        let mut step = if state.name.is_empty() { None } else { Some(state) };
        while let Some(version) = step {
            count += 1;
            all = all.union(version.shape.outlines);
            step = version.previous;
        }
        self.table(all);
        self.number(count, 2);
        let mut step = if state.name.is_empty() { None } else { Some(state) };
        while let Some(version) = step {
            self.text(version.name);
            self.number(version.version as u64, 4);
            self.node(version.shape.node);
            step = version.previous;
        }
    }

    /// The users' types that the types behind it refer to by their numbers.
    const fn table(&mut self, table: Outlines) {
        self.base += self.table.len();
        self.table = table;
        self.number(table.len() as u64, 2);
        let mut i = 0;
        while i < table.len() {
            self.outline(table.get(i));
            i += 1;
        }
    }

    const fn outline(&mut self, outline: &'static Outline) {
        let info = outline.node.info;
        self.byte(info.kind as u8);
        self.text(info.name);
        self.text(info.path);
        self.text(info.attrs);
        match info.layout {
            None => self.byte(0),
            Some((size, align)) => {
                self.byte(1);
                self.number(size as u64, 8);
                self.number(align as u64, 8);
            }
        }
        self.number(info.args as u64, 2);
        self.nodes(&mut Nodes::new(Some(outline.node.args)), info.args);
        if matches!(info.kind, Kind::Interface) {
            self.long_text(info.build);
        }
        let mut parts = Nodes::new(Some(outline.parts));
        self.number(info.members.len() as u64, 2);
        let mut i = 0;
        while i < info.members.len() {
            let member = &info.members[i];
            self.text(member.name);
            self.text(member.attrs);
            self.number(member.offset, 8);
            self.number(member.labels.len() as u64, 2);
            let mut j = 0;
            while j < member.labels.len() {
                self.text(member.labels[j]);
                j += 1;
            }
            self.number(member.parts as u64, 2);
            self.nodes(&mut parts, member.parts);
            i += 1;
        }
    }

    /// A type: a user's one by its number.
    const fn node(&mut self, node: &Node) {
        if node.is_defined() {
            self.byte(0xff);
            self.number((self.base + self.table.find(node.id)) as u64, 2);
            return;
        }
        self.byte(node.info.kind as u8);
        self.text(node.info.name);
        self.number(
            match node.info.layout {
                Some((len, _)) => len as u64 + 1,
                None => 0,
            },
            8,
        );
        self.number(node.info.args as u64, 2);
        self.nodes(&mut Nodes::new(Some(node.args)), node.info.args);
    }

    /// Writes the next `count` types of a list.
    const fn nodes(&mut self, list: &mut Nodes, count: usize) {
        let mut i = 0;
        while i < count {
            let Some(node) = list.next() else { return };
            self.node(node);
            i += 1;
        }
    }
}

/// Whether an interface, or one that it lends, has `#[same_build]` arguments.
const fn lends_rust_types(interface: &'static Whole) -> bool {
    let mut i = 0;
    while i < interface.outlines.len() {
        if !interface.outlines.get(i).node.info.build.is_empty() {
            return true;
        }
        i += 1;
    }
    false
}

/// The length of what stands before the first field.
pub(super) const HEADER: usize = 14;

/// The length of a manifest in bytes.
#[must_use]
pub const fn encoded_len(source: &Source) -> usize {
    let mut output = Output::<0>::new();
    output.manifest(source);
    HEADER + output.len
}

/// A manifest; `N` is its [`encoded_len`].
#[must_use]
pub const fn encode<const N: usize>(source: &Source) -> [u8; N] {
    let mut output = Output::<N>::new();
    output.header(MAGIC, N - HEADER);
    output.manifest(source);
    output.bytes
}

/// The length of an interface's description in bytes.
#[must_use]
pub const fn schema_len(version: &str, interface: &'static Whole) -> usize {
    let mut output = Output::<0>::new();
    output.schema(version, interface);
    HEADER + output.len
}

/// An interface's description; `N` is its [`schema_len`].
#[must_use]
pub const fn encode_schema<const N: usize>(version: &str, interface: &'static Whole) -> [u8; N] {
    let mut output = Output::<N>::new();
    output.header(SCHEMA_MAGIC, N - HEADER);
    output.schema(version, interface);
    output.bytes
}
