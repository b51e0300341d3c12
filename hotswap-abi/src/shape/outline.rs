//! The user's types that a description refers to, as a set that is computed by the compiler.
//!
//! The compiler hashes the value of every constant with all that it refers to, again for each
//! constant that refers to it. A tree of nodes would be hashed as often as there are ways through
//! it, which for a type with three recursive fields is exponential in its depth. So an [`Outline`]
//! refers to other types by their [`Node`]s, which end at the user's types, and constants hold flat
//! sets of outlines.

use super::node::{List, Node, Nodes, hash, mixed};

/// How many different types one description may hold.
const MOST: usize = 512;

/// A user's type, written out as far as its own parts: those that are users' types are named.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Outline {
    /// The type.
    pub node: &'static Node,
    /// The types of its members' parts.
    pub parts: &'static List,
    /// A hash of what the type is made of: its members, and their types' identities.
    form: u64,
}

impl Outline {
    pub(crate) const fn new(node: &'static Node, parts: &'static List) -> Self {
        let info = node.info;
        let mut form = hash(node.id, info.attrs.as_bytes());
        form = hash(form, info.build.as_bytes());
        if let Some((size, align)) = info.layout {
            form = mixed(mixed(form, size as u64), align as u64);
        }
        let mut i = 0;
        while i < info.members.len() {
            let member = &info.members[i];
            form = hash(form, member.name.as_bytes());
            form = hash(form, member.attrs.as_bytes());
            form = mixed(mixed(form, member.offset), member.parts as u64);
            let mut j = 0;
            while j < member.labels.len() {
                form = hash(form, member.labels[j].as_bytes());
                j += 1;
            }
            i += 1;
        }
        let mut nodes = Nodes::new(Some(parts));
        while let Some(part) = nodes.next() {
            form = mixed(form, part.id);
        }
        Self { node, parts, form }
    }
}

/// A set of outlines, sorted by the types' identities.
#[derive(Debug, Clone, Copy)]
pub struct Outlines {
    items: [Option<&'static Outline>; MOST],
    len: usize,
    /// The last step has found no more than the one before, so no step will.
    complete: bool,
}

/// A type, and the outlines of all users' types that it is made of.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Whole {
    /// The type.
    pub node: &'static Node,
    /// The outlines.
    pub outlines: &'static Outlines,
}

impl Outlines {
    /// No type.
    pub(crate) const NONE: Self = Self { items: [None; MOST], len: 0, complete: false };

    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn get(&self, index: usize) -> &'static Outline {
        match self.items[index] {
            Some(outline) => outline,
            None => panic!("no such outline"),
        }
    }

    /// The place of the type with this identity.
    pub(crate) const fn find(&self, id: u64) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low.midpoint(high);
            let found = self.get(middle).node.id;
            if found == id {
                return middle;
            }
            if found < id {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        panic!("a type that is referred to has its outline")
    }

    /// Whether a step more finds no more. What is found in n steps is found from something that was
    /// found in n - 1, so that a step that has found nothing new is the last.
    pub(crate) const fn is_complete(&self) -> bool {
        self.complete
    }

    /// The next step: what this one has found, and what the type's parts and arguments have.
    pub(crate) const fn grown(&self, parts: &Self, args: &Self, own: &'static Outline) -> Self {
        let mut all = self.union(parts).union(args).with(own);
        all.complete = all.len == self.len;
        all
    }

    /// Both sets in one.
    pub(crate) const fn union(&self, other: &Self) -> Self {
        let mut all = Self::NONE;
        let (mut i, mut j) = (0, 0);
        while i < self.len || j < other.len {
            let ours = if i < self.len { self.items[i] } else { None };
            let theirs = if j < other.len { other.items[j] } else { None };
            let next = match (ours, theirs) {
                (Some(ours), Some(theirs)) => {
                    // A type's identity is its name and place, and two functions of a module may
                    // each have a type of one name. Described as one, calls would take one for the
                    // other. Where they differ only in their parts, these are found here.
                    assert!(
                        ours.node.id != theirs.node.id || ours.form == theirs.form,
                        "two different types have one name and one module, in two functions or \
                         blocks of it: give one of them another name"
                    );
                    i += (ours.node.id <= theirs.node.id) as usize;
                    j += (theirs.node.id <= ours.node.id) as usize;
                    if ours.node.id <= theirs.node.id { ours } else { theirs }
                }
                (Some(ours), None) => {
                    i += 1;
                    ours
                }
                (None, Some(theirs)) => {
                    j += 1;
                    theirs
                }
                (None, None) => break,
            };
            assert!(all.len < MOST, "more than 512 different types in one description");
            all.items[all.len] = Some(next);
            all.len += 1;
        }
        all
    }

    /// One more, if it is the outline of a user's type.
    pub(crate) const fn with(&self, outline: &'static Outline) -> Self {
        if !outline.node.is_defined() {
            return *self;
        }
        let mut one = Self::NONE;
        one.items[0] = Some(outline);
        one.len = 1;
        self.union(&one)
    }
}

impl Whole {
    /// `nearly` are the outlines that are found with one step less.
    ///
    /// # Panics
    /// While the constant is computed, where a step more might find more.
    pub(crate) const fn new(
        node: &'static Node,
        outlines: &'static Outlines,
        nearly: &Outlines,
    ) -> Self {
        assert!(
            outlines.len == nearly.len,
            "types are nested more than 15 deep in one another: too deep for a description"
        );
        Self { node, outlines }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::{Info, Kind};

    /// An interface of this build.
    fn interface(build: &'static str) -> Outlines {
        let info = Info { kind: Kind::Interface, path: "api", build, ..Info::scalar("Stage") };
        let node = Box::leak(Box::new(Node::new(Box::leak(Box::new(info)), &List::End)));
        Outlines::NONE.with(Box::leak(Box::new(Outline::new(node, &List::End))))
    }

    #[test]
    fn one_interface_is_described_once() {
        assert_eq!(interface("one").union(&interface("one")).len(), 1);
    }

    #[test]
    #[should_panic(expected = "two different types have one name")]
    fn interfaces_of_two_builds_are_not_described_as_one() {
        let _ = interface("one").union(&interface("other"));
    }
}
