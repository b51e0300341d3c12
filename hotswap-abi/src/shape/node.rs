//! Types by their names, without what they are made of; lists of them.

use super::info::{Info, Kind};

/// A type and its arguments.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Node {
    /// The names of the type.
    pub info: &'static Info,
    /// Its type arguments.
    pub args: &'static List,
    /// A hash of the type's name, place and arguments.
    pub id: u64,
}

impl Node {
    pub(crate) const fn new(info: &'static Info, args: &'static List) -> Self {
        let mut id = 0xcbf2_9ce4_8422_2325;
        id = hash(id, info.path.as_bytes());
        id = hash(id, info.name.as_bytes());
        let len = match info.layout {
            Some((len, _)) => len as u64,
            None => 0,
        };
        id = mixed(id, info.kind as u64);
        id = mixed(id, len);
        let mut nodes = Nodes::new(Some(args));
        while let Some(arg) = nodes.next() {
            id = mixed(id, arg.id);
        }
        Self { info, args, id }
    }

    /// Whether the type is the user's: written out once, and referred to.
    pub(crate) const fn is_defined(&self) -> bool {
        matches!(self.info.kind, Kind::Struct | Kind::Enum | Kind::Interface)
    }
}

/// One more text in a hash, with its length. Eight bytes at a time, since the compiler interprets
/// it; folded after each, so that the upper bits of one word reach the lower ones of the hash.
pub(super) const fn hash(mut hash: u64, bytes: &[u8]) -> u64 {
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk() {
        hash = mixed(hash, u64::from_le_bytes(*word));
        rest = after;
    }
    let mut last = bytes.len() as u64;
    while let [byte, after @ ..] = rest {
        last = last << 8 | *byte as u64;
        rest = after;
    }
    mixed(hash, last)
}

pub(super) const fn mixed(hash: u64, word: u64) -> u64 {
    let hash = (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    hash ^ hash >> 32
}

/// The descriptions of a list of types.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum List {
    /// No more.
    End,
    /// One type, and the rest.
    Cons(&'static Node, &'static Self),
    /// Both, one after the other.
    Join(&'static Self, &'static Self),
}

/// A walk over a list, in constants.
#[derive(Clone, Copy)]
pub(crate) struct Nodes {
    /// What is still to come, the next one last. A tree of `u32::MAX` types fits.
    stack: [Option<&'static List>; 34],
    len: usize,
}

impl Nodes {
    pub(crate) const fn new(list: Option<&'static List>) -> Self {
        let mut stack = [None; 34];
        stack[0] = list;
        Self { stack, len: 1 }
    }

    pub(crate) const fn next(&mut self) -> Option<&'static Node> {
        while self.len > 0 {
            self.len -= 1;
            match self.stack[self.len] {
                None | Some(List::End) => {}
                Some(List::Cons(node, rest)) => {
                    self.push(rest);
                    return Some(node);
                }
                Some(List::Join(first, second)) => {
                    self.push(second);
                    self.push(first);
                }
            }
        }
        None
    }

    const fn push(&mut self, list: &'static List) {
        self.stack[self.len] = Some(list);
        self.len += 1;
    }
}
