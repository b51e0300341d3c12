//! Lists that change while a lock is held that a call may need. Their memory is the system's, and what is
//! taken out of them is dropped when the lock is free: the program's allocator may be code that calls a
//! slot.

use std::alloc::System;

use allocator_api2::vec::Vec;

/// A list in memory of the system's.
pub type List<T> = Vec<T, System>;

/// An empty one.
pub const fn list<T>() -> List<T> {
    List::new_in(System)
}

/// One of so many.
pub(crate) fn collect<T>(items: impl IntoIterator<Item = T>) -> List<T> {
    let mut list = list();
    list.extend(items);
    list
}

/// Takes out what is wanted, in its order.
pub(crate) fn take<T>(list: &mut List<T>, is_wanted: impl Fn(&T) -> bool) -> List<T> {
    let mut taken = self::list();
    let mut at = 0;
    while at < list.len() {
        if is_wanted(&list[at]) {
            taken.push(list.remove(at));
        } else {
            at += 1;
        }
    }
    taken
}
