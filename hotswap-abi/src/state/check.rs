//! What the codec cannot carry faithfully, found while the module is compiled.

use crate::shape::{Kind, Node, Nodes, Outlines, Whole, equal};

/// Fails to compile where a state holds what would come back as something else.
///
/// # Panics
/// While the constant is computed, with the reason.
pub const fn assert_faithful(shape: &'static Whole) {
    let mut walk = Walk { outlines: shape.outlines, seen: [0; 512] };
    walk.node(shape.node, false);
}

struct Walk {
    outlines: &'static Outlines,
    /// Of each outline: 1 if it was looked at, 2 if it was looked at as part of something flattened.
    seen: [u8; 512],
}

impl Walk {
    const fn node(&mut self, node: &'static Node, flattened: bool) {
        if node.is_defined() {
            return self.outline(self.outlines.find(node.id), flattened);
        }
        let mut args = Nodes::new(Some(node.args));
        while let Some(arg) = args.next() {
            assert!(
                !(is(node, "Option") && (is(arg, "Option") || is(arg, "()"))),
                "the state holds an Option of an Option or of (): the codec reads Some(None) back \
                 as None; use an enum of your own"
            );
            assert!(
                !(is(node, "Option") && is(arg, "serde_json::Value")),
                "the state holds an Option of a serde_json::Value: the codec reads Some(Value::Null) \
                 back as None; use Value::Null, or an enum of your own"
            );
            self.node(arg, flattened);
        }
        assert!(
            !(flattened && (is(node, "u128") || is(node, "i128"))),
            "the state holds a 128-bit number below serde's flatten, tag or untagged: the codec \
             cannot carry it; store it as a string or as two u64"
        );
    }

    const fn outline(&mut self, index: usize, flattened: bool) {
        let outline = self.outlines.get(index);
        let info = outline.node.info;
        let mut flattened = flattened || is_flattened(info.attrs);
        let mut i = 0;
        while i < info.members.len() {
            flattened |= is_flattened(info.members[i].attrs);
            i += 1;
        }
        let mark = 1 + flattened as u8;
        if self.seen[index] >= mark {
            return;
        }
        self.seen[index] = mark;
        let mut parts = Nodes::new(Some(outline.parts));
        while let Some(part) = parts.next() {
            self.node(part, flattened);
        }
    }
}

const fn is(node: &Node, name: &str) -> bool {
    matches!(node.info.kind, Kind::Container | Kind::Scalar) && equal(node.info.name, name)
}

const fn is_flattened(attrs: &str) -> bool {
    contains(attrs, "flatten") || contains(attrs, "tag =") || contains(attrs, "untagged")
}

const fn contains(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let mut start = 0;
    while start + word.len() <= text.len() {
        let mut i = 0;
        while i < word.len() && text[start + i] == word[i] {
            i += 1;
        }
        if i == word.len() {
            return true;
        }
        start += 1;
    }
    false
}
