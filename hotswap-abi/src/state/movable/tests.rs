//! Descriptions, and what is mended.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    marker::PhantomData,
};

use super::{Described, Description, Movable, Traps};

/// A node of a tree: its description would refer to itself.
struct Node {
    kids: Vec<Self>,
    seen: HashMap<u64, u64>,
}

// SAFETY: its fields can move, and are named.
unsafe impl Movable for Node {
    fn describe(description: &mut Description) {
        description.field::<Vec<Self>>("kids", std::mem::offset_of!(Self, kids));
        description.field::<HashMap<u64, u64>>("seen", std::mem::offset_of!(Self, seen));
    }
    fn mend(&mut self) {
        self.kids.mend();
        self.seen.mend();
    }
}

fn traps<T: Movable>() -> Traps {
    Description::of::<T>().traps
}

#[test]
fn traps_are_found_where_they_are() {
    assert_eq!(traps::<(u8, Vec<String>, VecDeque<Option<u32>>)>(), Traps::None);
    assert_eq!(traps::<PhantomData<HashMap<u8, u8>>>(), Traps::None);
    assert_eq!(traps::<HashMap<String, Vec<u8>>>(), Traps::Fixed);
    assert_eq!(traps::<(u8, [Option<HashSet<u8>>; 2])>(), Traps::Fixed);
    assert_eq!(traps::<Vec<HashMap<u8, u8>>>(), Traps::Deep);
    assert_eq!(traps::<HashMap<u8, HashSet<u8>>>(), Traps::Deep);
    assert_eq!(traps::<BTreeMap<u8, Box<HashSet<u8>>>>(), Traps::Deep);
    // The same type at a fixed place first, and then inside of a collection.
    assert_eq!(traps::<(HashSet<u8>, Vec<HashSet<u8>>)>(), Traps::Deep);
    assert_eq!(traps::<Node>(), Traps::Deep);
}

#[test]
fn a_description_names_each_type_once() {
    let Described { text, .. } = Description::of::<Node>();
    for part in
        ["Node of 72 bytes, aligned to 8\n", "  kids at ", "  T behind it: #0\n", "#3 u64 of 8"]
    {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(text.matches("HashMap").count(), 1, "{text}");
    assert!(text.starts_with(&crate::manifest::RUSTC[..10]), "{text}");
}

#[test]
fn the_first_difference_is_told() {
    let (left, right) = (Description::of::<(u8, u16)>(), Description::of::<(u8, i16)>());
    assert_eq!(left.difference(&left), None);
    let (left, right) = left.difference(&right).unwrap();
    assert_eq!(
        (left, right),
        ("#0 (u8, u16) of 4 bytes, aligned to 2", "#0 (u8, i16) of 4 bytes, aligned to 2")
    );
    let (left, right) = (Description::of::<u8>(), Description::of::<Option<u8>>());
    assert!(left.difference(&right).is_some());
}

#[test]
fn empty_maps_are_replaced_and_others_are_left() {
    let mut map: HashMap<u64, String> = HashMap::new();
    let hasher = format!("{:?}", map.hasher());
    map.mend();
    map.insert(1, "one".to_owned());
    let place = std::ptr::from_ref(&map[&1]);
    map.mend();
    assert_eq!((map.len(), std::ptr::from_ref(&map[&1])), (1, place));
    assert_eq!(format!("{:?}", map.hasher()), hasher);

    // Emptied, it has what it had allocated.
    map.clear();
    let capacity = map.capacity();
    map.mend();
    assert_eq!(map.capacity(), capacity);

    let mut nested = (HashSet::<u8>::new(), Some([HashMap::<u8, u8>::new(), HashMap::new()]));
    nested.mend();
    assert!(nested.0.insert(7));
    assert!(nested.1.is_some_and(|[mut first, _]| first.insert(1, 2).is_none()));

    let mut node = Node { kids: Vec::new(), seen: HashMap::new() };
    node.mend();
    assert_eq!((node.kids.len(), node.seen.insert(1, 1)), (0, None));
}
