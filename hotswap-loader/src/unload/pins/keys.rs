//! A library's keys for values of threads: numbers of the host's own.

use libc::c_void;

use crate::unload::tables::List;

/// A function that destroys what it is given.
pub(crate) type Destructor = unsafe extern "C" fn(*mut c_void);

/// A key of the library's: its number is its place in the list.
#[derive(Debug, Clone, Copy)]
struct Key {
    destructor: Option<Destructor>,
    /// How often this place was given out. A value of an earlier time is none. A library gives keys
    /// back and takes them as often as it likes: one a nanosecond is 584 years to the last number.
    serial: u64,
    is_used: bool,
}

/// As many as the C library has for a whole process.
const MOST_KEYS: usize = 1024;

/// The keys of a library: the number of each is its place.
#[derive(Debug, Default)]
pub(super) struct Keys(List<Key>);

impl Keys {
    /// A new key, or `None` when there are too many.
    pub(super) fn add(&mut self, destructor: Option<Destructor>) -> Option<usize> {
        let Self(keys) = self;
        if let Some((index, key)) = keys.iter_mut().enumerate().find(|(_, key)| !key.is_used) {
            *key = Key { destructor, serial: key.serial + 1, is_used: true };
            return Some(index);
        }
        (keys.len() < MOST_KEYS).then(|| {
            keys.push(Key { destructor, serial: 1, is_used: true });
            keys.len() - 1
        })
    }

    /// Gives a key back; whether it was one.
    pub(super) fn remove(&mut self, index: usize) -> bool {
        let key = self.0.get_mut(index).filter(|key| key.is_used);
        key.map(|key| key.is_used = false).is_some()
    }

    /// A key's serial number and destructor, if it is one.
    pub(super) fn get(&self, index: usize) -> Option<(u64, Option<Destructor>)> {
        let key = self.0.get(index).filter(|key| key.is_used)?;
        Some((key.serial, key.destructor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_was_given_back_is_another_one() {
        unsafe extern "C" fn destroy(_: *mut c_void) {}
        let mut keys = Keys::default();
        assert_eq!(keys.add(Some(destroy)), Some(0));
        assert_eq!(keys.add(None), Some(1));
        assert!(keys.remove(0) && !keys.remove(0) && !keys.remove(7));
        assert!(keys.get(0).is_none());
        assert_eq!(keys.add(None), Some(0));
        assert_eq!(keys.get(0), Some((2, None)));
        for _ in 2..MOST_KEYS {
            assert!(keys.add(None).is_some());
        }
        assert_eq!(keys.add(None), None);
    }
}
